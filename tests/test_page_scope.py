"""The scope of a search in Chromium: chosen by ticking, hung over the field, said in the answer, widened."""

import pytest
from playwright.sync_api import Page, expect

from assistant.answer import Filters
from assistant.web import texts
from tests.page_site import MARKS, Site, ask_and_wait, open_page, shoot

pytestmark = MARKS


def _tick(page: Page, name: str) -> None:
    page.locator("#cim-side label", has_text=name).first.click()


def test_ticked_parts_are_asked_with_and_kept_for_the_following_questions(page: Page, site: Site) -> None:
    _tick(page, "Questions")
    _tick(page, "#guide")
    ask_and_wait(page, "Pourquoi ?")
    ask_and_wait(page, "Et ensuite ?")
    wanted = Filters(tags=("guide",), folders=("Questions",))
    assert [question.filters for question in site.chain.asked] == [wanted, wanted]
    expect(page.locator("#chat .cim-within").first).to_have_text("cherché dans Questions, #guide")
    shoot(page, "scope")


def test_names_of_the_vault_are_text(page: Page) -> None:
    expect(page.locator("#cim-side label", has_text="<b>2022")).to_have_count(1)
    assert page.locator("#cim-side b").count() == 0


def test_chip_is_removed_from_the_keyboard_and_the_next_one_has_the_focus(page: Page, site: Site) -> None:
    _tick(page, "Questions")
    _tick(page, "#guide")
    page.get_by_role("button", name="Retirer Questions").press("Enter")
    expect(page.get_by_role("button", name="Retirer #guide")).to_be_focused()
    expect(page.locator("#cim-side label", has_text="Questions").locator("input")).not_to_be_checked()
    ask_and_wait(page, "Pourquoi ?")
    assert site.chain.asked[0].filters == Filters(tags=("guide",))


def test_period_runs_from_the_earlier_year_to_the_later_one(page: Page, site: Site) -> None:
    page.get_by_label("De", exact=True).select_option("2022")
    page.get_by_label("à", exact=True).select_option("2019")
    expect(page.locator(".cim-chip").first).to_contain_text("2019 à 2022")
    ask_and_wait(page, "Pourquoi ?")
    assert site.chain.asked[0].filters == Filters(since="2019-01-01", until="2022-12-31")


def test_refusal_within_a_scope_says_so_and_offers_the_whole_vault(page: Page, site: Site) -> None:
    _tick(page, "Questions")
    ask_and_wait(page, "Quel budget ?")
    expect(page.locator("#chat .cim-answer .cim-notice")).to_contain_text(texts.nothing_in(["Questions"]))
    page.get_by_role("button", name=texts.WIDEN).last.click()
    expect(page.locator("#chat .cim-within")).to_have_count(0)
    expect(page.locator("#chat .cim-q")).to_have_count(1)
    assert [question.filters for question in site.chain.asked] == [Filters(folders=("Questions",)), Filters()]
    assert site.chain.asked[1].history == ()


def test_scope_outlives_a_reload(page: Page, site: Site) -> None:
    _tick(page, "Questions")
    open_page(page, site.url)
    expect(page.get_by_role("button", name="Retirer Questions")).to_be_visible()
    ask_and_wait(page, "Pourquoi ?")
    assert site.chain.asked[0].filters == Filters(folders=("Questions",))


def test_phone_has_one_button_that_opens_the_scope_and_takes_the_focus_back(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.get_by_role("button", name="Préciser").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    _tick(page, "Questions")
    shoot(page, "scope-phone")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="1\u00a0filtre")).to_be_focused()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    ask_and_wait(page, "Pourquoi ?")
    assert site.chain.asked[0].filters == Filters(folders=("Questions",))


def test_scope_opens_beside_a_note_too(page: Page) -> None:
    ask_and_wait(page, "Pourquoi ?")
    page.locator("#chat .cim-cite").first.click()
    page.wait_for_selector("#cim-reader mark")
    page.get_by_role("button", name="Préciser").click()
    _tick(page, "Questions")
    page.get_by_role("button", name="Fermer").click()
    expect(page.get_by_role("button", name="Préciser")).to_be_focused()
    page.locator("#chat .cim-cite").first.focus()
    page.keyboard.press("Escape")
    expect(page.locator("#cim-shell > #cim-side")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 1024])
def test_note_opens_beside_the_conversation_at_every_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    ask_and_wait(page, "Pourquoi ?")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.locator("#chat .cim-cite").nth(1).click()
    expect(page.locator("#cim-reader mark").first).to_be_in_viewport()
