"""The page in Chromium: it answers, a citation opens its passage, and nothing hostile or foreign happens."""

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from assistant.answer import Answer, Citation, Gap, Mode, Passage, Question, Sentence
from assistant.verdict import NEAREST
from assistant.web import texts
from assistant.web.server import build_app
from ingest.errors import QuestionError
from ingest.store import StoredNote

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    # Gradio 6.31 counts its queue with two options that pandas 3 deprecates; ours to wait for, not to mend.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

GUIDE = (
    "# Le guide 𝒳\n\nUne 𝒳 stratégie relie les **projets** d’un musée.\n\n## Étapes\n"
    "On dresse l’état des moyens. On tient un calendrier avec [[Publics|les publics]].\n"
) + "".join(f"\nParagraphe {number} de la suite du guide.\n" for number in range(40))
HOSTILE = (
    "<img src=http://evil.example/a.png onerror=window.pwned=1> <script>window.pwned=1</script> "
    "[clic](javascript:window.pwned=1) ](x) ![i](http://evil.example/b.png) </div></p> "
    "<style>*{display:none}</style> "
    '<a href="http://evil.example">lien</a> $$x$$ <form action="http://evil.example"><iframe src="http://evil.example">'
)
STEP = "On dresse l’état des moyens."
LINKED = "On tient un calendrier avec [[Publics|les publics]]."
WHOLE = "Une 𝒳 stratégie relie les **projets** d’un musée."


def _note(note_id: str, title: str, text: str) -> StoredNote:
    return StoredNote(
        row=1, id=note_id, path=f"Dossier/{title}.md", raw_path=b"", title=title, aliases=(), tags=("guide",),
        date="2022-05-12", encoding="utf-8", sha256="", private=False, text=text,
    )  # fmt: skip


NOTES = {
    note.id: note
    for note in (_note("dossier/é 1", "Le guide 𝒳", GUIDE), _note("h", "<b>Hostile</b>", HOSTILE))
}


def _passage(number: int, note_id: str, text: str) -> Passage:
    note = NOTES[note_id]
    start = note.text.index(text)
    return Passage(
        number, note_id, note.title, note.path, ("Étapes",), text, start, start + len(text), "utf-8", 0.5,
        "Ajoutée parce que [[Publics]] la cite", note.date, note.tags,
    )  # fmt: skip


def _cite(passage: Passage, quote: str) -> Citation:
    start = passage.start + passage.text.index(quote)
    return Citation(
        passage.number, passage.note_id, passage.note, passage.path, passage.heading, quote, start,
        start + len(quote), passage.encoding,
    )  # fmt: skip


STEPS, GOAL = _passage(1, "dossier/é 1", f"{STEP} {LINKED}"), _passage(2, "dossier/é 1", WHOLE)
EVIL = _passage(3, "h", HOSTILE)


def _verbatim(passage: Passage, quote: str) -> Answer:
    return Answer(
        sentences=(Sentence(quote, "verbatim", (passage.number,)),), citations=(_cite(passage, quote),)
    )


@dataclass
class StubChain:
    """Answers from three passages, one part each time `gate` lets it; the words of a question choose what."""

    note_count: int = 26
    vault_name: str = "notes"
    remote_host: str | None = None
    mode: Mode = "extracts"
    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1000))
    asked: list[Question] = field(default_factory=list)
    closed: int = 0

    def starters(self) -> tuple[str, ...]:
        return ("Par quelles étapes passer\u202f?",)

    def note(self, note_id: str) -> StoredNote | None:
        return NOTES.get(note_id)

    async def astream(self, question: Question) -> AsyncIterator[Answer]:
        self.asked.append(question)
        try:
            for part in self._parts(question.text):
                while not self.gate.acquire(blocking=False):
                    await asyncio.sleep(0.01)
                yield part
        finally:
            self.closed += 1

    def _parts(self, asked: str) -> Iterator[Answer]:
        if "trop" in asked:
            raise QuestionError("La question est trop longue.")
        yield Answer(question=asked, passages=(STEPS, GOAL, EVIL))
        if "panne" in asked:
            raise RuntimeError("boum")
        if "hostile" in asked:
            yield _verbatim(EVIL, HOSTILE)
        elif "budget" in asked:
            yield _verbatim(STEPS, STEP)
            yield Answer(
                sentences=(Sentence(NEAREST, "link"),),
                verdict="nearest",
                gaps=(Gap("Un montant", ("Le guide",), "# Budget\nVoir [[Le guide]]"),),
            )
        else:
            yield _verbatim(STEPS, STEP)
            yield _verbatim(GOAL, WHOLE)
            yield _verbatim(STEPS, LINKED)
        notice = "Le modèle n’a pas répondu\u202f; voici des extraits." if "modèle" in asked else None
        yield Answer(verdict=None if "budget" in asked else "answered", mode="extracts", notice=notice)


@dataclass(frozen=True)
class Listening:
    host: str = "127.0.0.1"
    port: int = 0


@dataclass
class Site:
    url: str
    chain: StubChain


@pytest.fixture(scope="module")
def served() -> Iterator[Site]:
    listener = socket.create_server(("127.0.0.1", 0))
    site = Site(f"http://127.0.0.1:{listener.getsockname()[1]}", StubChain())
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        app = build_app(site.chain, Listening())
        config = uvicorn.Config(app, log_level="critical", ws="none", timeout_graceful_shutdown=1)
        servers.append(uvicorn.Server(config))
        await servers[0].serve([listener])

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    while not (servers and servers[0].started):
        assert thread.is_alive()
        time.sleep(0.02)
    yield site
    servers[0].should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def site(served: Site) -> Site:
    served.chain.gate = threading.Semaphore(1000)
    served.chain.asked.clear()
    return served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One context for all tests, so that Gradio's files are loaded once; its browser speaks English."""
    shared = browser.new_context(locale="en-US")
    yield shared
    shared.close()


@pytest.fixture
def page(site: Site, context: BrowserContext) -> Iterator[Page]:
    """A fresh page; whatever a test does, it ends without console error and without request elsewhere."""
    shown = context.new_page()
    faults = _watch(shown, site.url)
    shown.set_viewport_size({"width": 1440, "height": 900})
    _open(shown, site.url)
    yield shown
    assert shown.evaluate("window.pwned") is None
    shown.close()
    assert faults == []


def _watch(page: Page, url: str) -> list[str]:
    """Return the list that console errors and requests to other hosts are put in."""
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda sent: None if sent.url.startswith((url, "data:", "blob:")) else faults.append(sent.url),
    )
    return faults


def _open(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("#q textarea")


def _ask(page: Page, question: str) -> None:
    page.fill("#q textarea", question)
    page.press("#q textarea", "Enter")


def _ask_and_wait(page: Page, question: str) -> None:
    turns = page.locator("#chat .cim-q").count()
    _ask(page, question)
    expect(page.locator("#chat .cim-q")).to_have_count(turns + 1)
    expect(page.locator("#send")).to_be_visible()


def _marked(page: Page) -> str:
    page.wait_for_selector("#cim-reader mark")
    return str(
        page.evaluate("[...document.querySelectorAll('#cim-reader mark')].map(m => m.textContent).join('')")
    )


def _focused_citation(page: Page) -> int:
    return int(
        page.evaluate("[...document.querySelectorAll('#chat .cim-cite')].indexOf(document.activeElement)")
    )


def test_welcome_says_who_answers_from_what_and_offers_questions(page: Page) -> None:
    welcome = page.locator("#welcome")
    expect(welcome).to_contain_text("les 26 notes de «\u00a0notes\u00a0»")
    expect(welcome).to_contain_text(texts.mode_line("extracts", None))
    expect(welcome).to_contain_text(texts.DOOR_PROGRAM)
    expect(page.locator(".cim-starter")).to_have_text(["Par quelles étapes passer\u202f?"])
    expect(page).to_have_title(texts.PAGE_TITLE)


def test_evidence_comes_before_the_first_sentence_and_sentences_one_by_one(page: Page, site: Site) -> None:
    site.chain.gate = threading.Semaphore(0)
    _ask(page, "Pourquoi une stratégie ?")
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
    page.click(".cim-starter")
    expect(page.locator("#chat .cim-q")).to_have_text("Par quelles étapes passer\u202f?")
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator("#welcome")).to_be_hidden()
    assert site.chain.asked[0].text == "Par quelles étapes passer\u202f?"


def test_clicking_a_citation_opens_its_note_at_the_marked_passage(page: Page) -> None:
    _ask_and_wait(page, "Pourquoi ?")
    expect(page.get_by_role("link", name="passage 2")).to_have_count(1)
    page.get_by_role("link", name="passage 2").click()
    assert _marked(page) == WHOLE
    expect(page.locator("#cim-reader .cim-note-title")).to_have_text("Le guide 𝒳")
    expect(page.locator("#chat .cim-cite").nth(1)).to_have_accessible_name("passage 2 (ouvert)")
    expect(page.locator("#cim-reader mark").first).to_be_in_viewport()
    page.locator("#chat .cim-cite").nth(2).click()
    expect(page.locator("#cim-reader mark")).to_contain_text("calendrier")
    assert _marked(page) == LINKED


def test_keyboard_opens_a_citation_and_escape_returns_to_it(page: Page) -> None:
    _ask_and_wait(page, "Pourquoi ?")
    page.locator("#chat .cim-cite").nth(2).focus()
    page.keyboard.press("Enter")
    assert _marked(page) == LINKED
    assert page.evaluate("document.activeElement.className") == "cim-note-title"
    page.keyboard.press("Escape")
    expect(page.locator("#cim-reader")).to_be_hidden()
    assert _focused_citation(page) == 2


def test_return_button_goes_back_to_the_citation(page: Page) -> None:
    _ask_and_wait(page, "Pourquoi ?")
    page.locator("#chat .cim-cite").first.click()
    page.get_by_role("button", name="← Revenir à la citation 1").click()
    assert _focused_citation(page) == 0


def test_passage_of_the_evidence_column_opens_its_note(page: Page) -> None:
    _ask_and_wait(page, "Pourquoi ?")
    page.locator("#evidence h3 a").nth(1).click()
    assert _marked(page) == WHOLE


def test_citation_stays_reachable_while_the_answer_goes_on(page: Page, site: Site) -> None:
    site.chain.gate = threading.Semaphore(2)
    _ask(page, "Pourquoi ?")
    page.locator("#chat .cim-cite").first.focus()
    page.keyboard.press("Enter")
    assert _marked(page) == STEP
    site.chain.gate.release(100)
    expect(page.locator("#send")).to_be_visible()
    page.keyboard.press("Escape")
    assert _focused_citation(page) == 0


def test_follow_up_carries_the_conversation_and_keeps_earlier_citations(page: Page, site: Site) -> None:
    _ask_and_wait(page, "Première ?")
    _ask_and_wait(page, "Et ensuite ?")
    assert [turn.role for turn in site.chain.asked[1].history] == ["user", "assistant"]
    assert site.chain.asked[1].history[0].content == "Première ?"
    expect(page.locator("#chat .cim-q").last).to_be_in_viewport()
    page.locator("#chat .cim-cite").first.click()
    assert _marked(page) == STEP


def test_stop_keeps_what_was_checked_and_closes_the_chain(page: Page, site: Site) -> None:
    site.chain.gate = threading.Semaphore(2)
    closed = site.chain.closed
    _ask(page, "Pourquoi ?")
    expect(page.locator("#chat .cim-claim")).to_have_count(1)
    page.click("#stop")
    expect(page.locator("#status .md")).to_have_text(texts.STOPPED)
    expect(page.locator("#chat .cim-claim")).to_have_count(1)
    deadline = time.monotonic() + 5
    while site.chain.closed == closed and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    assert site.chain.closed == closed + 1
    site.chain.gate.release(100)
    _ask_and_wait(page, "Et ensuite ?")
    expect(page.locator("#chat .cim-claim")).to_have_count(4)
    assert len(site.chain.asked[1].history) == 2


def test_refusal_says_so_and_offers_the_note_to_write(page: Page) -> None:
    _ask_and_wait(page, "Quel budget ?")
    expect(page.locator("#chat .cim-refusal")).to_have_text(NEAREST)
    page.get_by_text(texts.STUB).click()
    expect(page.locator("#chat .cim-stub pre")).to_have_text("# Budget\nVoir [[Le guide]]")
    expect(page.locator("#evidence h2")).to_have_text(texts.READ_TITLE)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [("panne", texts.FAILED), ("trop", "La question est trop longue."), ("modèle", "voici des extraits.")],
)
def test_fault_is_one_calm_sentence_and_the_page_goes_on(page: Page, question: str, sentence: str) -> None:
    _ask_and_wait(page, question)
    expect(page.locator("#chat .cim-notice")).to_contain_text(sentence)
    _ask_and_wait(page, "Pourquoi ?")
    expect(page.locator("#chat .cim-claim").last).to_be_visible()


def test_empty_question_is_refused_without_a_turn(page: Page) -> None:
    _ask(page, "   ")
    expect(page.locator("#status .md")).to_have_text(texts.EMPTY_QUESTION)
    expect(page.locator("#chat .cim-q")).to_have_count(0)


def test_hostile_notes_and_questions_show_as_text_and_do_nothing(page: Page) -> None:
    _ask_and_wait(page, f"hostile {HOSTILE}")
    expect(page.locator("#chat .cim-q")).to_have_text(f"hostile {HOSTILE}")
    expect(page.locator("#chat .cim-claim-text")).to_contain_text(
        "<script>window.pwned=1</script> [clic](javascript:"
    )
    page.locator("#chat .cim-cite").click()
    assert _marked(page) == HOSTILE
    assert page.locator("#cim-shell :is(.md, #cim-reader) :is(img, script, iframe, form, style)").count() == 0
    assert page.locator("#cim-shell a:not([href^='/note/'])").count() == 0
    page.wait_for_timeout(200)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (720, 450)])
def test_nothing_scrolls_sideways_on_a_narrow_screen(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})

    def wide() -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))

    assert not wide()
    _ask_and_wait(page, f"hostile {'m' * 90} {HOSTILE}")
    assert not wide()
    _ask_and_wait(page, "Quel budget ?")
    assert not wide()
    page.locator("#chat .cim-cite").first.click()
    _marked(page)
    expect(page.locator("#composer")).to_be_hidden()
    assert not wide()
    page.keyboard.press("Escape")
    assert _focused_citation(page) == 0


def test_dark_scheme_follows_the_system(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 22, 20)"
    expect(page.locator("#send")).to_have_css("background-color", "rgb(142, 205, 176)")


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_page_is_in_french_whatever_the_browser_speaks(site: Site, browser: Browser, locale: str) -> None:
    foreign = browser.new_context(locale=locale)
    page = foreign.new_page()
    _open(page, site.url)
    _ask_and_wait(page, "Pourquoi ?")
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


@pytest.mark.parametrize(("status", "sentence"), [(503, "full"), (500, "lost")])
def test_fault_of_the_connection_is_said_in_french(
    site: Site, context: BrowserContext, status: int, sentence: str
) -> None:
    page = context.new_page()
    _open(page, site.url)
    page.route("**/queue/join*", lambda route: route.fulfill(status=status, json={"detail": "no"}))
    _ask(page, "Pourquoi ?")
    expect(page.locator("#cim-live")).to_have_text(texts.SCRIPT[sentence])
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
