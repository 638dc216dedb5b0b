"""The server goes and comes back: nothing typed is lost, and the conversation goes on where it was."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, expect

from assistant.web import script_texts, texts
from tests.page_site import MARKS, Site, StubChain, ask_and_wait, open_page, serve, shoot
from tests.page_states import writing

pytestmark = MARKS
SAYS = {name: str(said) for name, said in script_texts.SCRIPT.items()}


def test_page_goes_on_after_its_server_was_away(context: BrowserContext) -> None:
    page = context.new_page()
    with serve(StubChain()) as site:
        open_page(page, site.url)
        ask_and_wait(page, "Première ?")
        page.fill("#q textarea", "Seconde, à demi écr")
    expect(page.locator("#cim-live")).to_have_text(SAYS["lost"], timeout=10_000)
    expect(page.locator("#cim-live")).to_be_visible()
    shoot(page, "away-desktop-light")
    with serve(StubChain(), port=urlsplit(site.url).port or 0) as again:
        expect(page.locator("#cim-live")).to_have_text(SAYS["back_again"], timeout=15_000)
        expect(page.locator("#status .md")).to_have_text(texts.reopened(1))
        expect(page.locator("#chat .cim-q")).to_have_text(["Première ?"])
        expect(page.locator("#q textarea")).to_have_value("Seconde, à demi écr")
        ask_and_wait(page, "Seconde ?")
        assert again.chain.asked[0].history[0].content == "Première ?"
        expect(page.locator("#cim-live")).to_have_text("")
        page.close()


def test_question_on_its_way_goes_back_into_the_field(page: Page, site: Site) -> None:
    writing(page, site)
    open_page(page, site.url)
    expect(page.locator("#q textarea")).to_have_value("Pourquoi ?")
