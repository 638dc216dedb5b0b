"""The sheet of passages on a phone: tapped open, walked, left for the note and back, whatever Gradio redraws."""

import threading

import pytest
from playwright.sync_api import Page, expect

from assistant.web import script_texts, texts
from tests.page_site import (
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
)

pytestmark = MARKS
SAYS = {name: str(said) for name, said in script_texts.SCRIPT.items()}


@pytest.fixture
def small(page: Page) -> Page:
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(reduced_motion="reduce")  # the sheet is where it stays
    return page


@pytest.fixture
def phone(small: Page) -> Page:
    ask_and_wait(small, "Pourquoi ?")
    return small


def _open(page: Page) -> str:
    """Return what the open passage quotes."""
    quoted = page.locator("#cim-sheet .is-open mark")
    expect(quoted.first).to_be_in_viewport()
    return "".join(quoted.all_text_contents())


def test_tapped_citation_shows_its_passage_and_arrows_walk_the_cited_ones(phone: Page) -> None:
    phone.locator("#chat .cim-cite").nth(1).click()
    expect(phone.get_by_role("dialog", name="Passage 2 sur 2")).to_be_visible()
    assert _open(phone) == WHOLE
    phone.get_by_role("button", name=SAYS["passage_before"]).click()
    expect(phone.get_by_role("dialog", name="Passage 1 sur 2")).to_be_visible()
    assert _open(phone) == STEP + LINKED
    expect(phone.get_by_role("button", name=SAYS["passage_before"])).to_have_attribute(
        "aria-disabled", "true"
    )
    phone.get_by_role("button", name=SAYS["passage_before"]).press("Enter")
    assert _open(phone) == STEP + LINKED
    phone.get_by_role("button", name=SAYS["close"]).click()
    expect(phone.get_by_role("dialog")).to_have_count(0)
    assert focused_citation(phone) == 1


def test_sheet_is_modal_and_no_higher_than_it_may(phone: Page) -> None:
    phone.locator("#chat .cim-cite").first.click()
    box = phone.locator("#cim-sheet").bounding_box()
    assert box is not None
    assert box["height"] <= 0.78 * 844 + 1
    assert box["y"] + box["height"] == pytest.approx(844, abs=1)
    seen = set()
    for _ in range(12):
        phone.keyboard.press("Tab")
        seen.add(phone.evaluate("document.activeElement.closest('#cim-sheet, body')?.id"))
    assert seen <= {"cim-sheet", ""}  # the body stands for the browser's own controls
    assert "cim-sheet" in seen
    assert (
        phone.evaluate("document.querySelector('#q textarea').focus() ?? document.activeElement.tagName")
        != "TEXTAREA"
    )
    phone.mouse.click(200, 60)  # the veil
    expect(phone.get_by_role("dialog")).to_have_count(0)


def test_escape_returns_to_the_very_citation_though_the_answer_went_on(small: Page, site: Site) -> None:
    site.chain.gate = threading.Semaphore(2)
    ask(small, "Pourquoi ?")
    small.locator("#chat .cim-cite").first.focus()
    small.keyboard.press("Enter")
    assert _open(small) == STEP
    site.chain.gate.release(100)
    expect(small.locator("#chat .cim-claim")).to_have_count(3)
    small.keyboard.press("Escape")
    expect(small.get_by_role("dialog")).to_have_count(0)
    assert focused_citation(small) == 0


def test_note_opens_from_the_sheet_and_goes_back_to_a_citation_of_its_passage(phone: Page) -> None:
    phone.locator("#chat .cim-cite").nth(2).click()
    phone.get_by_role("link", name=SAYS["read_note"]).click()
    marked(phone)
    expect(phone.get_by_role("dialog")).to_have_count(0)
    phone.get_by_role("button", name="← Revenir à la citation 1").click()
    assert focused_citation(phone) == 2
    phone.locator("#chat .cim-cite").first.click()
    phone.get_by_role("button", name=SAYS["passage_after"]).click()
    phone.locator("#cim-sheet .is-open h3 a").click()
    assert marked(phone) == WHOLE
    phone.keyboard.press("Escape")
    assert focused_citation(phone) == 1


def test_older_answer_still_shows_its_passages(phone: Page) -> None:
    ask_and_wait(phone, "Quel budget ?")
    phone.locator("#chat .cim-cite").nth(1).click()
    expect(phone.get_by_role("dialog", name="Passage 2 sur 2")).to_be_visible()
    assert _open(phone) == WHOLE
    phone.keyboard.press("Escape")
    phone.locator("#chat .cim-cite").last.click()
    expect(phone.get_by_role("dialog", name="Passage 1 sur 1")).to_be_visible()
    assert _open(phone) == STEP


def test_passages_of_an_older_answer_are_text(small: Page) -> None:
    ask_and_wait(small, "hostile ?")
    ask_and_wait(small, "Pourquoi ?")
    small.locator("#chat .cim-cite").first.click()
    expect(small.locator("#cim-sheet .is-open h3")).to_have_text("<b>Hostile</b>")
    assert _open(small) == HOSTILE
    assert small.locator("#cim-sheet :is(img, script, iframe, form, style)").count() == 0


def test_older_answer_without_its_passages_opens_the_note(phone: Page) -> None:
    ask_and_wait(phone, "Quel budget ?")
    phone.route("**/evidence", lambda route: route.fulfill(body=""))
    phone.locator("#chat .cim-cite").nth(1).click()
    assert marked(phone) == WHOLE
    phone.keyboard.press("Escape")
    assert focused_citation(phone) == 1


def test_button_over_the_field_counts_the_passages_and_opens_them(phone: Page) -> None:
    expect(phone.locator("#evidence")).to_be_hidden()
    peek = phone.get_by_role("button", name="2\u00a0passages cités")
    peek.press("Enter")
    expect(phone.get_by_role("dialog", name="Passage 1 sur 2")).to_be_visible()
    phone.keyboard.press("Escape")
    expect(peek).to_be_focused()
    phone.set_viewport_size({"width": 1440, "height": 900})
    expect(peek).to_be_hidden()
    expect(phone.locator("#evidence h2")).to_have_text(texts.EVIDENCE_TITLE)
