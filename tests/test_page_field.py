"""The field in Chromium: « [[ » names a note from the keyboard, and Cimaise says what it can do."""

from playwright.sync_api import Page, expect

from assistant.web import texts
from tests.page_site import MARKS, STEP, Site, ask_and_wait, shoot

pytestmark = MARKS


def test_brackets_offer_titles_and_the_keyboard_names_one(page: Page, site: Site) -> None:
    field = page.locator("#q textarea")
    field.press_sequentially("Que dit [[publ")
    options = page.locator("#cim-titles [role=option]")
    expect(options).to_have_text(["Publics", "Publics <b>jeunes</b>"])
    expect(field).to_have_attribute("aria-activedescendant", "cim-title-0")
    shoot(page, "titles")
    field.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    field.press("ArrowUp")
    field.press("Enter")
    expect(field).to_have_value("Que dit [[Publics]] ")
    expect(options).to_have_count(0)
    field.press_sequentially("?")
    field.press("Enter")
    expect(page.locator("#chat .cim-q")).to_have_text("Que dit [[Publics]] ?")
    assert site.chain.asked[0].text == "Que dit [[Publics]] ?"


def test_escape_gives_up_and_enter_then_asks(page: Page) -> None:
    field = page.locator("#q textarea")
    field.press_sequentially("Que dit [[publ")
    expect(page.locator("#cim-titles [role=option]")).to_have_count(2)
    field.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(field).to_have_value("Que dit [[publ")
    field.press("Enter")
    expect(page.locator("#chat .cim-q")).to_have_text("Que dit [[publ")


def test_title_is_named_by_a_click_and_nothing_is_offered_for_what_is_unknown(page: Page) -> None:
    field = page.locator("#q textarea")
    field.press_sequentially("[[guide")
    page.get_by_role("option", name="Le guide 𝒳").click()
    expect(field).to_have_value("[[Le guide 𝒳]] ")
    expect(field).to_be_focused()
    field.press_sequentially("[[inconnue")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_cimaise_says_what_it_can_do_without_asking_the_chain(page: Page, site: Site) -> None:
    page.get_by_role("button", name=texts.ABOUT).click()
    expect(page.locator("#chat .cim-claim").first).to_contain_text(texts.about_notes(26, "notes"))
    expect(page.locator("#chat .cim-answer")).to_contain_text(texts.ABOUT_LIMITS)
    expect(page.locator("#evidence h2")).to_have_text(texts.LEGEND_TITLE)
    expect(page.locator("#status .md")).to_have_text(texts.ABOUT_DONE)
    assert site.chain.asked == []
    shoot(page, "about")
    ask_and_wait(page, "Pourquoi ?")
    assert len(site.chain.asked) == 1


def test_quotation_is_shown_on_focus_and_on_hover_and_escape_hides_it(page: Page) -> None:
    ask_and_wait(page, "Pourquoi ?")
    page.locator("#q textarea").focus()
    citation = page.locator("#chat .cim-cite").nth(1)
    citation.hover()
    tip = page.get_by_role("tooltip")
    expect(tip).to_contain_text("Une 𝒳 stratégie relie les projets d’un musée.")
    expect(citation).to_have_attribute("aria-describedby", "cim-tip")
    shoot(page, "tip")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.locator("#chat .cim-cite").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(tip).to_contain_text(STEP)
    page.keyboard.press("Tab")
    expect(tip).to_contain_text("Une 𝒳 stratégie relie les projets d’un musée.")


def test_quotation_of_a_hostile_note_is_text(page: Page) -> None:
    ask_and_wait(page, "hostile ?")
    page.locator("#chat .cim-cite").first.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("<script>window.pwned=1</script>")
    assert page.locator("#cim-tip :is(img, script, a, form)").count() == 0
