"""The page in Chromium: it answers, a citation opens its passage, and nothing hostile or foreign happens."""

import re
import threading
import time

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from assistant.answering import INSTEAD
from assistant.verdict import NEAREST
from assistant.web import script_texts, texts
from tests.page_site import (
    GUIDE,
    HOSTILE,
    LINKED,
    MARKS,
    STEP,
    WHOLE,
    Site,
    ask,
    ask_and_wait,
    focused_citation,
    marked,
    open_page,
)

pytestmark = MARKS


def test_welcome_says_who_answers_from_what_and_offers_questions(page: Page) -> None:
    welcome = page.locator("#welcome")
    expect(welcome).to_contain_text("les 26 notes de «\u00a0notes\u00a0»")
    expect(welcome).to_contain_text(texts.mode_line("extracts", None))
    expect(welcome).to_contain_text(texts.DOOR_PROGRAM)
    expect(page.locator(".cim-starter")).to_have_text(["Par quelles étapes passer\u202f?", texts.ABOUT])
    expect(page).to_have_title(texts.PAGE_TITLE)


def test_evidence_comes_before_the_first_sentence_and_sentences_one_by_one(page: Page, site: Site) -> None:
    site.chain.gate = threading.Semaphore(0)
    ask(page, "Pourquoi une stratégie ?")
    expect(page.locator("#status .md")).to_have_text(texts.searching(26))
    site.chain.gate.release()
    expect(page.locator("#evidence .cim-ev")).to_have_count(3)
    expect(page.locator("#status .md")).to_have_text(texts.writing(3))
    expect(page.locator("#chat .cim-claim")).to_have_count(0)
    for shown in (1, 2, 3):
        site.chain.gate.release()
        expect(page.locator("#chat .cim-claim")).to_have_count(shown)
        expect(page.locator("#stop")).to_be_visible()
    site.chain.gate.release()
    expect(page.locator("#status .md")).to_have_text(texts.finished(2, 0, "answered"))
    expect(page.locator("#evidence h2")).to_have_text(texts.EVIDENCE_TITLE)
    expect(page.locator("#chat .cim-label").first).to_have_text("mot à mot")


def test_starter_asks_its_question(page: Page, site: Site) -> None:
    page.locator(".cim-starter").first.click()
    expect(page.locator("#chat .cim-q")).to_have_text("Par quelles étapes passer\u202f?")
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator("#welcome")).to_be_hidden()
    assert site.chain.asked[0].text == "Par quelles étapes passer\u202f?"


def test_clicking_a_citation_opens_its_note_at_the_marked_passage(page: Page) -> None:
    ask_and_wait(page, "Pourquoi ?")
    expect(page.get_by_role("link", name="passage 2")).to_have_count(1)
    page.get_by_role("link", name="passage 2").click()
    assert marked(page) == WHOLE
    expect(page.locator("#cim-reader .cim-note-title")).to_have_text("Le guide 𝒳")
    expect(page.locator("#chat .cim-cite").nth(1)).to_have_accessible_name("passage 2 (ouvert)")
    expect(page.locator("#cim-reader mark").first).to_be_in_viewport()
    page.locator("#chat .cim-cite").nth(2).click()
    expect(page.locator("#cim-reader mark")).to_contain_text("calendrier")
    assert marked(page) == LINKED


def test_keyboard_opens_a_citation_and_escape_returns_to_it(page: Page) -> None:
    ask_and_wait(page, "Pourquoi ?")
    page.locator("#chat .cim-cite").nth(2).focus()
    page.keyboard.press("Enter")
    assert marked(page) == LINKED
    assert page.evaluate("document.activeElement.className") == "cim-note-title"
    page.keyboard.press("Escape")
    expect(page.locator("#cim-reader")).to_be_hidden()
    assert focused_citation(page) == 2


def test_return_button_goes_back_to_the_citation(page: Page) -> None:
    ask_and_wait(page, "Pourquoi ?")
    page.locator("#chat .cim-cite").first.click()
    page.get_by_role("button", name="← Revenir à la citation 1").click()
    assert focused_citation(page) == 0


def test_passage_of_the_evidence_column_opens_its_note(page: Page) -> None:
    ask_and_wait(page, "Pourquoi ?")
    page.locator("#evidence h3 a").nth(1).click()
    assert marked(page) == WHOLE


def test_citation_stays_reachable_while_the_answer_goes_on(page: Page, site: Site) -> None:
    site.chain.gate = threading.Semaphore(2)
    ask(page, "Pourquoi ?")
    page.locator("#chat .cim-cite").first.focus()
    page.keyboard.press("Enter")
    assert marked(page) == STEP
    site.chain.gate.release(100)
    expect(page.locator("#send")).to_be_visible()
    page.keyboard.press("Escape")
    assert focused_citation(page) == 0


def test_follow_up_carries_the_conversation_and_keeps_earlier_citations(page: Page, site: Site) -> None:
    ask_and_wait(page, "Première ?")
    ask_and_wait(page, "Et ensuite ?")
    assert [turn.role for turn in site.chain.asked[1].history] == ["user", "assistant"]
    assert site.chain.asked[1].history[0].content == "Première ?"
    expect(page.locator("#chat .cim-q").last).to_be_in_viewport()
    page.locator("#chat .cim-cite").first.click()
    assert marked(page) == STEP


def test_stop_keeps_what_was_checked_and_closes_the_chain(page: Page, site: Site) -> None:
    site.chain.gate = threading.Semaphore(2)
    closed = site.chain.closed
    ask(page, "Pourquoi ?")
    expect(page.locator("#chat .cim-claim")).to_have_count(1)
    page.click("#stop")
    expect(page.locator("#status .md")).to_have_text(texts.STOPPED)
    expect(page.locator("#chat .cim-claim")).to_have_count(1)
    deadline = time.monotonic() + 5
    while site.chain.closed == closed and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    assert site.chain.closed == closed + 1
    site.chain.gate.release(100)
    ask_and_wait(page, "Et ensuite ?")
    expect(page.locator("#chat .cim-claim")).to_have_count(4)
    assert len(site.chain.asked[1].history) == 2


def test_refusal_says_so_and_offers_the_note_to_write(page: Page) -> None:
    ask_and_wait(page, "Quel budget ?")
    expect(page.locator("#chat .cim-refusal")).to_have_text(NEAREST)
    page.get_by_text(texts.STUB).click()
    expect(page.locator("#chat .cim-stub pre")).to_have_text("# Budget\nVoir [[Le guide]]")
    expect(page.locator("#evidence h2")).to_have_text(texts.READ_TITLE)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [("panne", texts.FAILED), ("trop", "La question est trop longue."), ("modèle", INSTEAD)],
)
def test_fault_is_one_calm_sentence_and_the_page_goes_on(page: Page, question: str, sentence: str) -> None:
    ask_and_wait(page, question)
    expect(page.locator("#chat .cim-notice")).to_contain_text(sentence)
    ask_and_wait(page, "Pourquoi ?")
    expect(page.locator("#chat .cim-claim").last).to_be_visible()


def test_empty_question_is_refused_without_a_turn(page: Page) -> None:
    ask(page, "   ")
    expect(page.locator("#status .md")).to_have_text(texts.EMPTY_QUESTION)
    expect(page.locator("#chat .cim-q")).to_have_count(0)


def test_hostile_notes_and_questions_show_as_text_and_do_nothing(page: Page) -> None:
    ask_and_wait(page, f"hostile {HOSTILE}")
    expect(page.locator("#chat .cim-q")).to_have_text(f"hostile {HOSTILE}")
    expect(page.locator("#chat .cim-claim-text")).to_contain_text(
        "<script>window.pwned=1</script> [clic](javascript:"
    )
    page.locator("#chat .cim-cite").click()
    assert marked(page) == HOSTILE
    assert page.locator("#cim-shell :is(.md, #cim-reader) :is(img, script, iframe, form, style)").count() == 0
    assert page.locator("#cim-shell a:not([href^='/note/'], .cim-act, .cim-obsidian)").count() == 0
    expect(page.locator(".cim-obsidian")).to_have_attribute(
        "href", re.compile(r"^obsidian://open\?path=[^:/?#]*$")
    )
    page.wait_for_timeout(200)


def test_page_announces_just_the_files_that_gradio_asks_for(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    announced: set[str] = set()

    def silence(route: Route) -> None:
        html = route.fetch().text()
        links = re.compile(r'<link rel="(?:module)?preload"[^>]*href="([^"]+)">')
        announced.update(links.findall(html))
        route.fulfill(body=links.sub("", html), content_type="text/html")

    page.route(lambda url: url.removesuffix("/") == site.url.removesuffix("/"), silence)
    open_page(page, site.url)
    loaded = page.evaluate("performance.getEntriesByType('resource').map(file => file.name)")
    context.close()
    paths = {url.removeprefix(site.url) for url in loaded}
    assert announced == {path for path in paths if path.startswith(("/assets/", "/theme.css"))}


@pytest.mark.parametrize(("width", "height"), [(320, 640), (720, 450)])
def test_nothing_scrolls_sideways_on_a_narrow_screen(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})

    def wide() -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))

    assert not wide()
    ask_and_wait(page, f"hostile {'m' * 90} {HOSTILE}")
    assert not wide()
    ask_and_wait(page, "Quel budget ?")
    assert not wide()
    page.locator("#chat .cim-cite").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert not wide()
    page.get_by_role("link", name=str(script_texts.SCRIPT["read_note"])).click()
    marked(page)
    expect(page.locator("#composer")).to_be_hidden()
    assert not wide()
    page.keyboard.press("Escape")
    assert focused_citation(page) == 0


def test_dark_scheme_follows_the_system(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 22, 20)"
    expect(page.locator("#send")).to_have_css("background-color", "rgb(142, 205, 176)")


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_page_is_in_french_whatever_the_browser_speaks(site: Site, browser: Browser, locale: str) -> None:
    foreign = browser.new_context(locale=locale)
    page = foreign.new_page()
    open_page(page, site.url)
    ask_and_wait(page, "Pourquoi ?")
    assert page.evaluate("document.documentElement.lang") == "fr"
    said = page.evaluate(
        "[document.body.innerText, ...[...document.querySelectorAll('[aria-label], [title], [placeholder]')]"
        ".flatMap(e => [e.getAttribute('aria-label'), e.title, e.placeholder])].filter(Boolean).join(' ')"
    )
    for word in (
        "hatbot",
        "Clear",
        "Copy",
        "message",
        "Loading",
        "Built with",
        "Settings",
        "Submit",
        "Textbox",
    ):
        assert word not in said, word
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")
    expect(page.locator("#status")).to_have_attribute("role", "status")
    foreign.close()


@pytest.mark.parametrize(("status", "sentence"), [(503, "full"), (500, "not_taken")])
def test_fault_of_the_connection_is_said_in_french(
    site: Site, context: BrowserContext, status: int, sentence: str
) -> None:
    page = context.new_page()
    open_page(page, site.url)
    page.route("**/queue/join*", lambda route: route.fulfill(status=status, json={"detail": "no"}))
    ask(page, "Pourquoi ?")
    expect(page.locator("#cim-live")).to_have_text(script_texts.SCRIPT[sentence])
    expect(page.locator("#cim-live")).to_be_visible()
    expect(page.locator(".toast-wrap")).to_be_hidden()
    page.close()


def test_citation_opens_as_a_page_of_its_own_without_script(site: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    alone = context.new_page()
    start = GUIDE.index(LINKED)
    alone.goto(f"{site.url}/note/dossier%2F%C3%A9%201?start={start}&end={start + len(LINKED)}#passage")
    expect(alone.locator("mark").first).to_be_in_viewport()
    expect(alone.locator("mark").first).to_contain_text("calendrier")
    context.close()
