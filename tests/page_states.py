"""Every state of the page, each reached as a reader reaches it, for what must hold in all of them."""

from collections.abc import Callable
from threading import Semaphore
from typing import Literal

from playwright.sync_api import Page, expect

from assistant.web import script_texts, texts
from tests.page_site import Site, ask, ask_and_wait, marked, open_page

SAYS = {name: str(said) for name, said in script_texts.SCRIPT.items()}
State = Callable[[Page, Site], None]


def welcome(page: Page, site: Site) -> None:
    del site
    expect(page.locator("#welcome")).to_be_visible()


def titles(page: Page, site: Site) -> None:
    del site
    page.locator("#q textarea").press_sequentially("[[publ")
    expect(page.locator("#cim-titles [role=option]")).to_have_count(2)


def searching(page: Page, site: Site) -> None:
    site.chain.gate = Semaphore(0)
    ask(page, "Pourquoi ?")
    expect(page.locator("#chat .cim-phases .now")).to_have_text(texts.searching(26))


def writing(page: Page, site: Site) -> None:
    site.chain.gate = Semaphore(2)
    ask(page, "Pourquoi ?")
    expect(page.locator("#chat .cim-claim")).to_have_count(1)
    expect(page.locator("#stop")).to_be_visible()


def stopped(page: Page, site: Site) -> None:
    writing(page, site)
    page.locator("#stop").click()
    expect(page.locator("#chat .cim-notice")).to_have_text(texts.STOPPED)


def answered(page: Page, site: Site) -> None:
    del site
    ask_and_wait(page, "Pourquoi ?")


def doubted(page: Page, site: Site) -> None:
    del site
    ask_and_wait(page, "Un doute ?")
    expect(page.locator("#chat .is-unsupported")).to_have_count(1)


def reviewing(page: Page, site: Site) -> None:
    answered(page, site)
    page.get_by_role("button", name=texts.ACTS[3][1]).click()
    expect(page.locator("#chat .cim-choices")).to_be_visible()


def nearest(page: Page, site: Site) -> None:
    del site
    ask_and_wait(page, "Quel budget ?")
    page.get_by_text(texts.STUB).click()
    expect(page.locator("#chat .cim-stub pre")).to_be_visible()


def silent(page: Page, site: Site) -> None:
    del site
    ask_and_wait(page, "Rien ?")
    expect(page.locator("#chat .cim-p")).to_be_visible()


def model_down(page: Page, site: Site) -> None:
    site.chain.mode = "model"
    ask_and_wait(page, "Le modèle ?")
    expect(page.locator("#chat .cim-notice").get_by_role("button", name=texts.AGAIN)).to_be_visible()


def failed(page: Page, site: Site) -> None:
    del site
    ask_and_wait(page, "panne ?")
    expect(page.locator("#chat .cim-notice")).to_contain_text(texts.FAILED)


def about(page: Page, site: Site) -> None:
    del site
    page.get_by_role("button", name=texts.ABOUT).click()
    expect(page.locator("#chat .cim-answer")).to_contain_text(texts.ABOUT_LIMITS)


def editing(page: Page, site: Site) -> None:
    answered(page, site)
    page.get_by_role("button", name=texts.EDIT).click()
    expect(page.locator("#cim-editing")).to_be_visible()


def scoped(page: Page, site: Site) -> None:
    page.locator("#cim-side label", has_text="Questions").click()
    nearest(page, site)
    expect(page.locator("#chat .cim-answer .cim-notice")).to_contain_text(texts.nothing_in(["Questions"]))


def reading(page: Page, site: Site) -> None:
    answered(page, site)
    page.locator("#evidence h3 a").first.click()
    marked(page)


def busy(page: Page, site: Site) -> None:
    writing(page, site)
    page.fill("#q textarea", "Et après ?")
    page.press("#q textarea", "Enter")
    expect(page.locator("#cim-live")).to_have_text(SAYS["busy"])


def reopened(page: Page, site: Site) -> None:
    answered(page, site)
    open_page(page, site.url)
    expect(page.locator("#status .md")).to_have_text(texts.reopened(1))
    expect(page.locator("#chat .cim-claim")).to_have_count(3)


def sheet(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    answered(page, site)
    page.locator("#chat .cim-cite").nth(1).click()
    expect(page.get_by_role("dialog", name="Passage 2 sur 2")).to_be_visible()


def menu(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    answered(page, site)
    page.get_by_role("button", name=SAYS["menu"], exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()


STATES: dict[str, State] = {
    state.__name__: state
    for state in (
        welcome, titles, searching, writing, busy, stopped, answered, doubted, reviewing, nearest, silent,
        model_down, failed, about, editing, scoped, reading, reopened, sheet, menu,
    )
}  # fmt: skip
SIZES = {"desktop": (1440, 900), "phone": (390, 844), "narrow": (320, 640)}
ONLY_SMALL = frozenset({"sheet", "menu"})  # states that a desktop has not
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
