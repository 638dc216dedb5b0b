"""Hostile texts, a collector that sees who falls for them, and a chain whose every word is one of them."""

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import BrowserContext, Dialog, Page

from assistant.answer import Answer, Citation, Gap, Passage, Question, Sentence
from assistant.scope import Scope
from ingest.errors import QuestionError
from ingest.store import StoredNote
from tests.conftest import SHARED
from tests.page_site import StubChain

EVERYTHING = "Tout\u202f?"
_OWN = {
    "own_script": "<script>window.pwned=1</script>",
    "own_image": '<img src="{COLLECTOR}/own" onerror="window.pwned=1">',
    "own_attribute": '" onmouseover="window.pwned=1" autofocus onfocus="window.pwned=1" x=\'',
    "own_close": "</div></p></mark></section></textarea></title></script><script>window.pwned=1</script>",
    "own_link": "[clic](javascript:window.pwned=1) <javascript:window.pwned=1> [x]: javascript:window.pwned=1",
    "own_image_link": "[![x]({COLLECTOR}/badge)]({COLLECTOR}/page)",
    "own_wikilink": "[[x|<img src={COLLECTOR}/wiki onerror=window.pwned=1>]]",
    "own_bare": "{COLLECTOR}/bare <{COLLECTOR}/angle>",
    "own_style": "<style>*{background:url({COLLECTOR}/css)!important}</style>",
    "own_svg": '<svg><use href="{COLLECTOR}/use.svg#x"/><image href="{COLLECTOR}/svgimage"/></svg>',
    "own_entity": "&lt;script&gt;window.pwned=1&lt;/script&gt; &#60;img src={COLLECTOR}/entity&#62;",
}
# What in a page would run, load or lead elsewhere; the scripts and styles of the page itself name no collector.
_HARM = """collector => {
  const loads = ["src", "srcset", "href", "xlink:href", "data", "action", "formaction", "background", "style", "poster", "content"];
  const harms = (name, value) => name.startsWith("on")
    || (loads.includes(name) && (value.includes(collector) || /^\\s*(javascript|data:text)/i.test(value)));
  return [...document.querySelectorAll("*")].filter((node) =>
    ["IFRAME", "OBJECT", "EMBED", "VIDEO", "AUDIO", "PICTURE"].includes(node.tagName)
    || (["SCRIPT", "STYLE"].includes(node.tagName) && node.type !== "application/json" && node.textContent.includes(collector))
    || [...node.attributes].some(({ name, value }) => harms(name, value))).map((node) => node.outerHTML.slice(0, 300));
}"""


@dataclass
class Collector:
    """Where stolen things would go; what it has been asked."""

    url: str
    seen: list[str] = field(default_factory=list)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Listen on loopback, and grant whatever a page asks: only the page itself keeps from asking."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            collector.seen.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_OPTIONS = do_HEAD = do_GET  # noqa: N815 - named by http.server

        def log_message(self, *arguments: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def payloads_for(collector: Collector) -> list[str]:
    """Return the hostile texts, those beside the checkout where they are."""
    path = SHARED / "redteam" / "payloads.json"
    read = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return [text.replace("{COLLECTOR}", collector.url) for text in {**_OWN, **read}.values()]


@dataclass
class Watched:
    """What a browser did that it should not: requests elsewhere, dialogs, console errors, new windows."""

    collector: Collector
    faults: list[str] = field(default_factory=list)

    def check(self, page: Page) -> None:
        """Fail where anything ran, left, or stands in the page ready to."""
        harmful = page.evaluate(_HARM, self.collector.url)
        assert not harmful, harmful
        assert page.evaluate("window.pwned") is None
        assert not self.faults, self.faults
        assert not self.collector.seen, self.collector.seen


def watching(context: BrowserContext, url: str, collector: Collector) -> Watched:
    """Return what will have happened in a browser."""
    watched = Watched(collector)

    def dismiss(dialog: Dialog) -> None:
        watched.faults.append(dialog.message)
        dialog.dismiss()

    def follow(page: Page) -> None:
        page.on("dialog", dismiss)
        page.on("popup", lambda popup: watched.faults.append(f"popup {popup.url}"))
        page.on("pageerror", lambda error: watched.faults.append(str(error)))
        page.on("console", lambda said: watched.faults.append(said.text) if said.type == "error" else None)

    near = (url, "data:image", "blob:", "file:", "about:")
    context.on("page", follow)
    context.on("request", lambda sent: None if sent.url.startswith(near) else watched.faults.append(sent.url))
    return watched


@dataclass
class HostileChain(StubChain):
    """Repeats each question as its error; to « Tout ? » answers with all payloads, in every place there is."""

    payloads: list[str] = field(default_factory=list)
    notes: dict[str, StoredNote] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row, text in enumerate(self.payloads):
            self.notes[f"n{row}"] = StoredNote(
                row=row, id=f"n{row}", path=f"{text}/{text}.md", raw_path=text.encode(), title=text, aliases=(text,),
                tags=(text,), date="2022-05-12", encoding="utf-8", sha256="", private=False, text=f"# {text}\n\n{text}\n",
            )  # fmt: skip

    def starters(self) -> tuple[str, ...]:
        return tuple(self.payloads[:3])

    def scope(self) -> Scope:
        every = tuple((text, 1) for text in self.payloads)
        return Scope(folders=every, tags=every, years=(("2022", 1),))

    def leads(self, answer: Answer) -> tuple[str, ...]:
        return tuple(self.payloads) if answer.citations else ()

    def titles(self, typed: str) -> tuple[str, ...]:
        return tuple(self.payloads) if typed else ()

    def note(self, note_id: str) -> StoredNote | None:
        return self.notes.get(note_id)

    async def astream(self, question: Question) -> AsyncIterator[Answer]:
        if question.text != EVERYTHING:
            raise QuestionError(question.text)
        yield Answer(question=question.text, passages=tuple(self._passages()))
        for passage in self._passages():
            yield Answer(
                sentences=(Sentence(passage.text, "verbatim", (passage.number,)), Sentence(passage.text, "unsupported")),
                citations=(_whole(passage),),
            )  # fmt: skip
        gaps = tuple(Gap(text, (text,), text) for text in self.payloads)
        yield Answer(
            verdict="answered", mode="extracts", notice=" ".join(self.payloads), gaps=gaps, removed=("x",)
        )

    def _passages(self) -> Iterator[Passage]:
        for number, note in enumerate(self.notes.values(), start=1):
            start = note.text.index("\n\n") + 2
            text = note.text[start:-1]
            yield Passage(
                number, note.id, note.title, note.path, (note.title,), text, start, start + len(text), "utf-8", 0.5,
                note.title, note.date, note.tags,
            )  # fmt: skip


def _whole(passage: Passage) -> Citation:
    return Citation(
        passage.number, passage.note_id, passage.note, passage.path, passage.heading, passage.text, passage.start,
        passage.end, passage.encoding,
    )  # fmt: skip
