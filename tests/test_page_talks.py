"""Conversations in Chromium: kept by the browser, opened again, erased, exported, judged; nothing forged runs."""

import json
import threading
from pathlib import Path

from playwright.sync_api import Page, expect

from assistant.gold import load_gold
from assistant.web import script_texts, texts
from tests.page_site import HOSTILE, LINKED, MARKS, STEP, Site, ask, ask_and_wait, marked, open_page, shoot

pytestmark = MARKS
SAYS = {name: str(said) for name, said in script_texts.SCRIPT.items()}


def _button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).last.click()


def test_edited_question_replaces_its_answer_and_what_followed(page: Page, site: Site) -> None:
    ask_and_wait(page, "Première ?")
    ask_and_wait(page, "Seconde ?")
    page.get_by_role("button", name=texts.EDIT).first.click()
    expect(page.locator("#q textarea")).to_have_value("Première ?")
    expect(page.locator("#cim-editing")).to_contain_text(SAYS["editing"])
    ask(page, "Autrement ?")
    expect(page.locator("#chat .cim-q")).to_have_text(["Autrement ?"])
    expect(page.locator("#cim-editing")).to_have_count(0)
    assert not site.chain.asked[-1].history
    ask_and_wait(page, "Et après ?")
    assert site.chain.asked[-1].history[0].content == "Autrement ?"


def test_escape_gives_up_editing(page: Page, site: Site) -> None:
    ask_and_wait(page, "Première ?")
    page.get_by_role("button", name=texts.EDIT).press(" ")
    page.keyboard.press("Escape")
    expect(page.locator("#q textarea")).to_have_value("")
    ask_and_wait(page, "Seconde ?")
    assert len(site.chain.asked[-1].history) == 2


def test_question_that_failed_is_asked_again_in_its_place_and_the_next_one_follows_it(
    page: Page, site: Site
) -> None:
    ask_and_wait(page, "panne ?")
    page.get_by_role("button", name=texts.AGAIN).click()
    page.wait_for_function(
        "() => document.querySelector('#q textarea').value === '' && document.querySelector('#send').checkVisibility()"
    )
    expect(page.locator("#chat .cim-q")).to_have_text(["panne ?"])
    assert [question.text for question in site.chain.asked] == ["panne ?", "panne ?"]
    ask_and_wait(page, "Pourquoi ?")
    expect(page.locator("#chat .cim-q")).to_have_text(["panne ?", "Pourquoi ?"])


def test_lead_is_asked_as_it_reads(page: Page, site: Site) -> None:
    ask_and_wait(page, "Pourquoi ?")
    page.get_by_role("button", name="Comment <b>faire</b>").click()
    expect(page.locator("#chat .cim-q").last).to_have_text("Comment <b>faire</b>\u202f?")
    assert site.chain.asked[-1].text == "Comment <b>faire</b>\u202f?"


def test_reload_shows_the_conversation_with_citations_that_work(page: Page, site: Site) -> None:
    ask_and_wait(page, "Première ?")
    ask_and_wait(page, "Seconde ?")
    open_page(page, site.url)
    expect(page.locator("#chat .cim-q")).to_have_text(["Première ?", "Seconde ?"])
    expect(page.locator("#status .md")).to_have_text(texts.reopened(2))
    expect(page.locator("#welcome")).to_be_hidden()
    page.locator("#chat .cim-cite").nth(2).click()
    assert marked(page) == LINKED
    page.keyboard.press("Escape")
    ask_and_wait(page, "Troisième ?")
    assert len(site.chain.asked[-1].history) == 4


def test_conversations_are_listed_opened_again_and_erased(page: Page) -> None:
    ask_and_wait(page, "Première ?")
    _button(page, SAYS["new"])
    expect(page.locator("#welcome")).to_be_visible()
    expect(page.locator("#evidence h2")).to_have_text(texts.LEGEND_TITLE)
    ask_and_wait(page, "Quel budget ?")
    expect(page.locator(".cim-talk")).to_have_text(["Quel budget ?", "Première ?"])
    page.get_by_role("button", name="Première ?", exact=True).click()
    expect(page.locator("#chat .cim-q")).to_have_text("Première ?")
    expect(page.locator("#chat .cim-claim")).to_have_count(3)
    shoot(page, "talks")
    _button(page, "Effacer Quel budget ?")
    expect(page.locator(".cim-talk")).to_have_count(2)  # it is asked twice
    _button(page, SAYS["erase_this"])
    expect(page.locator(".cim-talk")).to_have_text(["Première ?"])
    expect(page.locator("#cim-live")).to_have_text(SAYS["erased"])
    expect(page.locator("#cim-live")).to_have_css("position", "static")  # seen, and not heard only
    expect(page.locator("#chat .cim-q")).to_have_text("Première ?")


def test_passages_name_their_question_from_the_second_one_on_even_while_it_is_searched(
    page: Page, site: Site
) -> None:
    ask_and_wait(page, "Première ?")
    expect(page.locator("#evidence .cim-eyebrow")).to_have_count(0)
    site.chain.gate = threading.Semaphore(0)
    ask(page, "Seconde ?")
    expect(page.locator("#evidence .cim-eyebrow")).to_have_text(texts.about_question("Seconde ?"))
    site.chain.gate.release(100)
    expect(page.locator("#send")).to_be_visible()


def test_stopped_answer_still_says_so_once_it_is_read_again(page: Page, site: Site) -> None:
    site.chain.gate = threading.Semaphore(2)
    ask(page, "Première ?")
    expect(page.locator("#chat .cim-claim")).to_have_count(1)
    page.locator("#stop").press("Enter")
    expect(page.locator("#chat .cim-notice")).to_have_text(texts.STOPPED)
    expect(page.locator("#q textarea")).to_be_focused()
    site.chain.gate.release(100)
    open_page(page, site.url)
    expect(page.locator("#chat .cim-notice")).to_have_text(texts.STOPPED)
    expect(page.locator("#chat .cim-claim")).to_have_count(1)


def test_all_is_erased_at_once_when_asked_twice(page: Page) -> None:
    ask_and_wait(page, "Première ?")
    _button(page, SAYS["erase_all"])
    expect(page.locator(".cim-talk")).to_have_count(1)
    _button(page, SAYS["erase_sure"])
    expect(page.locator(".cim-talk")).to_have_count(0)
    expect(page.locator("#welcome")).to_be_visible()
    assert page.evaluate("JSON.parse(localStorage['cimaise.talks'])") == []


def test_forged_conversation_is_text_or_a_french_sentence(page: Page) -> None:
    record = {
        "question": HOSTILE,
        "sentences": [{"text": HOSTILE, "label": "verbatim", "numbers": [3]}],
        "citations": [{"number": 3, "note_id": "h", "start": 0, "end": 4, "said": HOSTILE}],
        "notice": HOSTILE,
        "gaps": [{"question": HOSTILE, "nearest": [HOSTILE], "stub": HOSTILE}],
        "filters": {"tags": [HOSTILE]},
        "verdict": "nearest",
    }
    kept = [
        {"id": "a", "vault": "notes", "title": HOSTILE, "records": [record]},
        {"id": "b", "vault": "notes", "title": "Illisible", "records": [{"question": 3}]},
    ]
    page.evaluate("kept => { localStorage['cimaise.talks'] = JSON.stringify(kept) }", kept)
    page.reload()
    page.locator(".cim-talk").first.click()
    expect(page.locator("#chat .cim-q")).to_have_text(HOSTILE)
    assert page.locator(":is(#cim-side, #cim-shell .md) :is(img, script, iframe, form, style)").count() == 0
    page.locator(".cim-talk").last.click()
    expect(page.locator("#status .md")).to_contain_text("n’est plus lisible")


def test_browser_that_forged_everything_still_gets_its_page(page: Page) -> None:
    page.evaluate("localStorage['cimaise.talks'] = '{'; localStorage['cimaise.marks'] = '[1, null, {}]'")
    page.evaluate(
        "sessionStorage['cimaise.scope'] = '{\"tags\": 3}'; sessionStorage['cimaise.current'] = 'x'"
    )
    page.reload()
    page.wait_for_selector("#cim-side .cim-btn")
    ask_and_wait(page, "Pourquoi ?")
    expect(page.locator(".cim-talk")).to_have_text(["Pourquoi ?"])


def test_answer_is_copied_with_its_sources(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask_and_wait(page, "Pourquoi ?")
    _button(page, texts.ACTS[0][1])
    expect(page.locator("#cim-live")).to_have_text(SAYS["copied"])
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"Pourquoi ?\n\n{STEP} [1]")
    assert "Sources" in copied


def test_conversation_is_downloaded_as_markdown_and_as_a_page(page: Page) -> None:
    ask_and_wait(page, "Première ?")
    ask_and_wait(page, "Seconde ?")
    for choice, suffix, holds in (
        ("export_markdown", ".md", "## Seconde ?"),
        ("export_html", ".html", "<h2>Seconde ?</h2>"),
    ):
        _button(page, texts.ACTS[1][1])
        with page.expect_download() as download:
            _button(page, SAYS[choice])
        assert download.value.suggested_filename.endswith(suffix)
        assert holds in Path(download.value.path()).read_text(encoding="utf-8")


def test_marks_are_downloaded_as_gold_questions(page: Page, tmp_path: Path) -> None:
    ask_and_wait(page, "Première ?")
    _button(page, texts.ACTS[2][1])
    expect(page.get_by_role("button", name=texts.ACTS[2][1]).last).to_have_attribute("aria-pressed", "true")
    ask_and_wait(page, "Seconde ?")
    page.get_by_role("button", name=texts.ACTS[3][1]).last.press("Enter")
    shoot(page, "review")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.get_by_role("button", name="Télécharger les avis (2)").click()
    download.value.save_as(tmp_path / "avis.jsonl")
    lines = (tmp_path / "avis.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["note"] for line in lines] == [script_texts.SCRIPT["useful"], "mal cité"]
    useful, review = load_gold(tmp_path / "avis.jsonl")
    assert useful.expected == ("Dossier/Le guide 𝒳.md",)
    assert review.expected == ()
    assert review.question.history[0].content == "Première ?"
    _button(page, SAYS["marks_erase"])
    assert page.evaluate("JSON.parse(localStorage['cimaise.marks'])") == []


def test_conversation_too_long_to_open_whole_opens_its_end_and_loses_nothing(page: Page) -> None:
    said = {"text": "Une phrase. " * 400, "label": "link"}
    records = [{"question": f"Question {n} ?", "sentences": [said]} for n in range(20)]
    kept = [{"id": "a", "vault": "notes", "title": "Longue", "records": records}]
    page.evaluate("kept => { localStorage['cimaise.talks'] = JSON.stringify(kept) }", kept)
    page.reload()
    page.locator(".cim-talk").click()
    expect(page.locator("#cim-live")).to_have_text(SAYS["cut"])
    expect(page.locator("#chat .cim-q").last).to_have_text("Question 19 ?")
    shown = page.locator("#chat .cim-q").count()
    assert 5 < shown < 20
    ask_and_wait(page, "Pourquoi ?")
    expect(page.locator(".cim-talk")).to_have_text(["Question 0 ?"])
    (talk,) = page.evaluate("JSON.parse(localStorage['cimaise.talks'])")
    assert [record["question"] for record in talk["records"]][::20] == ["Question 0 ?", "Pourquoi ?"]


def test_first_tab_stop_goes_past_the_left_zone(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 844})  # where the field does not take the focus
    open_page(page, site.url)
    page.wait_for_selector("#cim-skip", state="attached")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=SAYS["skip"])).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#q textarea")).to_be_focused()
