"""The page in Chromium for its tests: a chain of three passages behind our server, and what a reader does there."""

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page

from assistant.answer import Answer, Citation, Gap, Mode, Passage, Question, Sentence
from assistant.answering import INSTEAD
from assistant.browse import Listing, Reading, Wanted
from assistant.scope import Scope
from assistant.verdict import NEAREST, SILENT
from assistant.web.app import build_app
from ingest.errors import ProviderTimeoutError, QuestionError
from ingest.health.report import HealthReport
from ingest.store import StoredNote
from tests.serving import serve_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MARKS = [
    pytest.mark.browser,
    # Gradio 6.31 counts its queue with two options that pandas 3 deprecates; ours to wait for, not to mend.
    pytest.mark.filterwarnings("ignore:'future.no_silent_downcasting' is deprecated"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
SHOTS = os.environ.get("PAGE_SHOTS")  # a folder of the project to keep screenshots in
ROOT = Path(__file__).parents[1]

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
GAP = Gap("Un montant", ("Le guide",), "# Budget\nVoir [[Le guide]]")
TITLES = ("Le guide 𝒳", "Publics", "Publics <b>jeunes</b>")
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


def cite(passage: Passage, quote: str) -> Citation:
    start = passage.start + passage.text.index(quote)
    return Citation(
        passage.number, passage.note_id, passage.note, passage.path, passage.heading, quote, start,
        start + len(quote), passage.encoding,
    )  # fmt: skip


STEPS, GOAL = _passage(1, "dossier/é 1", f"{STEP} {LINKED}"), _passage(2, "dossier/é 1", WHOLE)
EVIL = _passage(3, "h", HOSTILE)


def _verbatim(passage: Passage, quote: str) -> Answer:
    return Answer(
        sentences=(Sentence(quote, "verbatim", (passage.number,)),), citations=(cite(passage, quote),)
    )


@dataclass
class StubChain:
    """Answers from three passages, one part each time `gate` lets it; the words of a question choose what."""

    note_count: int = 26
    vault_name: str = "notes"
    vault: Path = Path("notes")
    remote_host: str | None = None
    mode: Mode = "extracts"
    gate: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1000))
    asked: list[Question] = field(default_factory=list)
    closed: int = 0

    def starters(self) -> tuple[str, ...]:
        return ("Par quelles étapes passer\u202f?",)

    def scope(self) -> Scope:
        return Scope(
            folders=(("Forum", 2), ("Forum/<b>2022", 1), ("Questions", 3)),
            tags=(("guide", 2),),
            years=(("2019", 1), ("2020", 2), ("2022", 3)),
        )

    def leads(self, answer: Answer) -> tuple[str, ...]:
        if not answer.citations:
            return ()
        return ("Comment <b>faire</b>\u202f?", "Que disent les notes sur «\u00a0Publics\u00a0»\u202f?")

    def browse(self, wanted: Wanted) -> Listing:
        return Listing(first=wanted.page)

    def read(self, note_id: str) -> Reading | None:
        note = self.note(note_id)
        return None if note is None else Reading(note)

    def note_ids(self) -> dict[str, str]:
        return {note.path: note.id for note in NOTES.values()}

    def health(self) -> HealthReport:
        return HealthReport(len(NOTES), (), ())

    def titles(self, typed: str) -> tuple[str, ...]:
        return tuple(title for title in TITLES if typed.casefold() in title.casefold())

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
        if "Rien" in asked:
            yield Answer(sentences=(Sentence(SILENT, "link"),), verdict="silent", gaps=(GAP,))
            return
        if "modèle" in asked:
            yield Answer(mode="extracts", notice=f"{ProviderTimeoutError()} {INSTEAD}")
        if "doute" in asked:
            yield Answer(
                sentences=(Sentence("Les petits musées y gagnent plus que les grands.", "unsupported"),)
            )
        if "hostile" in asked:
            yield _verbatim(EVIL, HOSTILE)
        elif "budget" in asked:
            yield Answer(sentences=(Sentence(NEAREST, "link"),), verdict="nearest", gaps=(GAP,))
            yield _verbatim(STEPS, STEP)
        else:
            yield _verbatim(STEPS, STEP)
            yield _verbatim(GOAL, WHOLE)
            yield _verbatim(STEPS, LINKED)
        yield Answer(verdict=None if "budget" in asked else "answered", mode="extracts")


@dataclass
class Site:
    url: str
    chain: StubChain


@contextmanager
def serve(
    chain: StubChain, port: int = 0, *, password: str | None = None, public_url: str | None = None
) -> Iterator[Site]:
    """Serve the page with a chain; on a free port when none is given."""
    build = partial(build_app, chain, "127.0.0.1", password=password, public_url=public_url)
    with serve_app(build, port) as opened:
        yield Site(f"http://127.0.0.1:{opened}", chain)


# What Gradio says of the streams that it ends itself when its page is left.
_LEFT = ("AbortError: signal is aborted", "Connection errored out")


def watch(page: Page, url: str) -> list[str]:
    """Return the list that console errors and requests to other hosts are put in."""
    faults: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(said in message.text for said in _LEFT):
            faults.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda sent: None if sent.url.startswith((url, "data:", "blob:")) else faults.append(sent.url),
    )
    return faults


def open_page(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector("#q textarea")


def ask(page: Page, question: str) -> None:
    page.fill("#q textarea", question)
    page.press("#q textarea", "Enter")


# Gradio draws its components one by one: an answer is there once it has its end and its button is back.
_ANSWERED = """turns => {
  const answers = [...document.querySelectorAll("#chat .cim-answer")];
  const last = answers.at(-1);
  const ended = last?.nextElementSibling?.matches(".cim-after") || last?.querySelector(":scope > .cim-notice:last-child");
  return answers.length === turns && ended && document.querySelector("#send").checkVisibility();
}"""


def ask_and_wait(page: Page, question: str) -> None:
    turns = page.locator("#chat .cim-q").count()
    ask(page, question)
    page.wait_for_function(_ANSWERED, arg=turns + 1)


def marked(page: Page) -> str:
    page.wait_for_selector("#cim-reader mark")
    return str(
        page.evaluate("[...document.querySelectorAll('#cim-reader mark')].map(m => m.textContent).join('')")
    )


def focused_citation(page: Page) -> int:
    page.wait_for_function(
        "() => document.activeElement.matches('#chat .cim-cite')"
    )  # a dialog gives it back late
    return int(
        page.evaluate("[...document.querySelectorAll('#chat .cim-cite')].indexOf(document.activeElement)")
    )


def shoot(page: Page, name: str) -> None:
    """Keep a screenshot, where a folder is given for them."""
    if SHOTS:
        folder = ROOT / SHOTS
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png")
