"""Hostile texts in Chromium, in every place that shows a text of others: nothing runs, nothing leaves."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, BrowserContext, Page, expect

from assistant.desk import Desk
from assistant.settings import Settings
from assistant.web.door import texts as door_texts
from tests.desk_site import DeskSite, serve_desk
from tests.index_life import NearVerifier
from tests.page_site import MARKS, Site, ask_and_wait, open_page, serve, shoot
from tests.payload_site import (
    EVERYTHING,
    Collector,
    HostileChain,
    Watched,
    collecting,
    payloads_for,
    watching,
)
from tests.views_site import write_vault

pytestmark = MARKS
EXPORT = """async form => {
  const { whole } = window.cimaise;
  const response = await fetch(`/export/${form}`, { method: "POST", body: JSON.stringify(whole().filter(Boolean)) });
  return response.ok ? response.text() : `${response.status}`;
}"""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """A server that would see what leaves."""
    with collecting() as listening:
        yield listening


@pytest.fixture(scope="module")
def payloads(collector: Collector) -> list[str]:
    """The hostile texts."""
    found = payloads_for(collector)
    assert len(found) >= 10
    return found


@pytest.fixture(scope="module")
def site(payloads: list[str]) -> Iterator[Site]:
    """A page that answers with them."""
    with serve(HostileChain(payloads=payloads)) as served:
        yield served


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture
def watched(window: BrowserContext, site: Site, collector: Collector) -> Watched:
    """What it does that it should not."""
    return watching(window, site.url, collector)


@pytest.fixture
def page(window: BrowserContext, watched: Watched, site: Site) -> Iterator[Page]:
    """The page in it, checked at the end of each test."""
    shown = window.new_page()
    open_page(shown, site.url)
    yield shown
    shown.wait_for_timeout(200)
    watched.check(shown)
    shown.close()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def test_questions_and_errors_are_text(page: Page, payloads: list[str]) -> None:
    for payload in payloads:
        ask_and_wait(page, payload)
    asked = page.locator("#chat .cim-q").all_text_contents()
    assert [_one_line(text) for text in asked] == [_one_line(text) for text in payloads]
    errors = page.locator("#chat .cim-notice > div > p").all_text_contents()
    assert [_one_line(text) for text in errors] == [_one_line(text) for text in payloads]
    page.locator("#chat a.cim-act").first.click()  # its text goes back into the field
    expect(page.locator("#q textarea")).to_have_value(payloads[0])


def test_answers_evidence_and_notes_are_text_and_so_is_what_was_kept(
    page: Page, watched: Watched, payloads: list[str]
) -> None:
    ask_and_wait(page, EVERYTHING)
    expect(page.locator("#chat .cim-claim")).to_have_count(2 * len(payloads))
    expect(page.locator("#evidence .cim-ev")).to_have_count(len(payloads))
    cites = page.locator("#chat .cim-cite")
    for place in range(3):  # the others are read below, where notes are real
        cites.nth(place).hover()
        cites.nth(place).click()
        expect(page.locator("#cim-reader mark").first).to_be_visible()
        watched.check(page)
        page.keyboard.press("Escape")
    shoot(page, "payloads")
    page.locator("#q textarea").press_sequentially("[[x")
    expect(page.locator("#cim-titles [role=option]").first).to_be_visible()
    page.reload()  # the browser kept it: it is drawn anew
    expect(page.locator("#chat .cim-claim")).to_have_count(2 * len(payloads))


def test_forged_conversation_is_text(page: Page, payloads: list[str]) -> None:
    forged = """payloads => localStorage.setItem("cimaise.talks", JSON.stringify([{
      id: "forged", vault: "notes", title: payloads[0], at: 0, records: payloads.map((text) => ({ question: text, notice: text,
        verdict: "answered", mode: "extracts", filters: { tags: [text] }, sentences: [{ text, label: "unsupported", numbers: [1] }],
        gaps: [{ question: text, nearest: [text], stub: text }], passages: [{ number: 1, note_id: "n0", start: 0, end: 9, said: text }] })),
    }, ...payloads.map((title, at) => ({ id: `${at}`, vault: "notes", title, at, records: [] }))]))"""
    page.evaluate(forged, payloads)
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(page.locator("#cim-side .cim-talk")).to_have_count(len(payloads) + 1)
    page.locator("#cim-side .cim-talk").first.click()
    expect(page.locator("#chat .cim-q")).to_have_count(len(payloads))
    shown = page.locator("#chat .cim-q").all_text_contents()
    assert [_one_line(text) for text in shown] == [_one_line(text) for text in payloads]
    page.evaluate("localStorage.clear(); sessionStorage.clear()")


def test_exported_documents_are_text(
    page: Page, window: BrowserContext, watched: Watched, payloads: list[str], tmp_path: Path
) -> None:
    ask_and_wait(page, EVERYTHING)
    markdown, exported = page.evaluate(EXPORT, "markdown"), page.evaluate(EXPORT, "html")
    read = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown)
    for name, text in (("export.html", exported), ("markdown.html", f"<!doctype html><body>{read}</body>")):
        assert text.count(payloads[0].replace("<", "&lt;").replace(">", "&gt;")) >= 2
        document = tmp_path / name
        document.write_text(text, encoding="utf-8")
        shown = window.new_page()
        shown.goto(document.as_uri())
        shown.wait_for_timeout(200)
        watched.check(shown)
        shoot(shown, name)
        shown.close()


# The views, of a real vault whose files have such names and such texts


def _file_name(payload: str) -> str:
    return (
        "".join(mark for mark in _one_line(payload) if mark not in '/\\:"')
        .encode()[:80]
        .decode("utf-8", "ignore")
    )


@pytest.fixture(scope="module")
def desk(payloads: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskSite]:
    """A desk on notes whose names, titles, tags, aliases, links and bodies are the payloads."""
    folder = tmp_path_factory.mktemp("desk")
    links = "\n".join(f"- [[{place}]]" for place in range(len(payloads)))
    files = {"Centre.md": f"# Centre\n\n{links}\n"}
    for place, payload in enumerate(payloads):
        line = _one_line(payload).replace("'", "’")
        header = f"---\ntags: ['{line}']\naliases: ['{line}']\ndate: 2022-05-{place % 28 + 1}\n---\n"
        title = line.replace("<", "\\<").replace(">", "\\>")
        files[f"{_file_name(payload)}/{place}.md"] = (
            f"{header}# {title}\n\n{payload}\n\nVoir [[Centre|{line}]] et [[{line}]].\n"
        )
        files[f"vides/{_file_name(payload)}.md"] = ""
        files[f"autres/{_file_name(payload)}.txt"] = payload
    settings = Settings(vault=write_vault(folder / "coffre", files), index=folder / "index")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ingest.watch.Verifier", NearVerifier)
        with (
            closing(Desk(settings, choice_path=folder / "choix.json")) as opened,
            serve_desk(opened) as served,
        ):
            opened.open()
            served.settle()
            yield served


def test_views_of_a_hostile_vault_are_text(
    desk: DeskSite, browser: Browser, collector: Collector, payloads: list[str]
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    watched = watching(context, desk.url, collector)
    page = context.new_page()
    ids = desk.desk.note_ids()
    notes = [note_id for path, note_id in ids.items() if path.split("/")[-1].removesuffix(".md").isdecimal()]
    assert len(notes) == len(payloads)
    for address in ("/", "/notes", "/notes?q=clic", f"/note/{ids['Centre.md']}", "/notes/health", "/index"):
        page.goto(desk.url + address)
        page.evaluate("for (const folded of document.querySelectorAll('details')) folded.open = true")
        shoot(page, f"payloads-{address.strip('/').split('/')[0] or 'welcome'}")
        watched.check(page)
    for note_id in notes:
        page.evaluate(
            "async id => document.querySelector('main').innerHTML = await (await fetch(`/note/${id}?fragment=1`)).text()",
            note_id,
        )
        expect(page.locator("main .cim-note-title")).to_be_visible()
        watched.check(page)
    context.close()


def test_choices_that_are_refused_are_said_as_text(
    desk: DeskSite, browser: Browser, collector: Collector, payloads: list[str]
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    watched = watching(context, desk.url, collector)
    page = context.new_page()
    page.goto(f"{desk.url}/index")
    said = page.locator("#cim-index-vault .cim-index-said")
    for payload in payloads[:5]:
        folder = os.path.abspath(f"/{_one_line(payload)}")
        page.fill("#cim-index-vault input", folder)
        page.press("#cim-index-vault input", "Enter")
        expect(said).to_contain_text(folder)
    watched.faults = [
        fault for fault in watched.faults if "422" not in fault
    ]  # a refusal is told by its status too
    watched.check(page)
    context.close()


def test_door_says_nothing_of_what_was_typed(
    browser: Browser, collector: Collector, payloads: list[str]
) -> None:
    with serve(HostileChain(payloads=payloads), password="atelier-du-musée") as site:  # noqa: S106
        context = browser.new_context()
        watched = watching(context, site.url, collector)
        page = context.new_page()
        page.goto(site.url)
        page.fill("#password", payloads[0])
        page.press("#password", "Enter")
        expect(page.locator("#why")).to_have_text(door_texts.WRONG)
        assert payloads[0] not in page.content()
        watched.faults = [fault for fault in watched.faults if "403" not in fault]
        watched.check(page)
        context.close()
