"""Our own routes, beside Gradio's: the notes behind citations, and what our script asks for."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from assistant.browse import Reading, find_quote, line_span
from assistant.exchange import Exchange, read_records
from assistant.export import to_html, to_markdown, to_text
from assistant.web import texts
from assistant.web.chat.asking import PageChain
from assistant.web.chat.evidence import render_evidence
from assistant.web.markup import Span
from assistant.web.notes.browsing import add_browsing
from assistant.web.notes.reader import render_note, render_note_page, render_obsidian
from assistant.web.pages import render_message_page
from ingest.errors import CimaiseError

_NUMBER = re.compile(r"[0-9]{1,10}")
_PLACES = ("start", "end", "said", "line")  # what an address may name of a note
_LONGEST_TITLE = 200
_FRESH = {"Cache-Control": "no-store"}


def add_routes(app: FastAPI, chain: PageChain, static_url: Callable[[str], str], *, near: bool) -> None:
    """Add our routes.

    Args:
        app: What they are added to.
        chain: What they read from.
        static_url: Returns the address of a static file.
        near: Whether the page is served to this machine alone.
    """
    _add_note(app, chain, static_url, near=near)
    add_browsing(app, chain, static_url)
    _add_scope(app, chain)
    _add_titles(app, chain)
    _add_evidence(app, chain)
    _add_export(app, chain)


def _add_note(app: FastAPI, chain: PageChain, static_url: Callable[[str], str], *, near: bool) -> None:
    styles, script = [static_url("cimaise.css"), static_url("views.css")], static_url("note.js")

    def refuse(sentence: str, status: int) -> HTMLResponse:
        return HTMLResponse(render_message_page(sentence, styles[0]), status)

    def render(reading: Reading, span: Span | None, warning: str, *, fragment: bool) -> str:
        note = reading.note
        content = render_note(reading, span, warning=warning)
        obsidian = render_obsidian(note, chain.vault, near=near)
        if fragment:
            return content + obsidian
        return render_note_page(note.title, content, obsidian, style_urls=styles, script_url=script)

    async def show_note(request: Request) -> Response:
        asked = {name: request.query_params[name] for name in _PLACES if name in request.query_params}
        if not all(map(_NUMBER.fullmatch, asked.values())):
            return refuse(texts.NOTE_SPAN_INVALID, 400)
        try:
            reading = await run_in_threadpool(chain.read, request.path_params["note_id"])
        except CimaiseError as error:
            return refuse(str(error), 503)
        if reading is None:
            return refuse(texts.NOTE_UNKNOWN, 404)
        moved = "line" in asked and reading.state != "same"  # the lines of the file are no more the note's
        span = None if moved else _span(reading.note.text, {name: int(asked[name]) for name in asked})
        warning = texts.NOTE_SPAN_OUTSIDE if asked and span is None and not moved else ""
        fragment = "fragment" in request.query_params
        content = await run_in_threadpool(render, reading, span, warning, fragment=fragment)
        return HTMLResponse(content, headers=_FRESH)

    app.add_route("/note/{note_id:path}", show_note)


def _span(text: str, asked: Mapping[str, int]) -> Span | None:
    """Return the span or the line that an address names, None where the note has none such."""
    if "line" in asked:
        return line_span(text, asked["line"])
    if not {"start", "end"} <= asked.keys():
        return None
    span = asked["start"], asked["end"]
    return find_quote(text, span, asked.get("said")) if span[0] < span[1] else None


def _add_scope(app: FastAPI, chain: PageChain) -> None:
    async def show_scope(request: Request) -> Response:
        del request
        try:
            scope = await run_in_threadpool(chain.scope)
        except CimaiseError as error:
            return JSONResponse({"error": str(error)}, 503)
        return JSONResponse({"vault": chain.vault_name, **asdict(scope)}, headers=_FRESH)

    app.add_route("/scope", show_scope)


def _add_titles(app: FastAPI, chain: PageChain) -> None:
    async def show_titles(request: Request) -> Response:
        typed = request.query_params.get("q", "")[:_LONGEST_TITLE]
        try:
            titles = await run_in_threadpool(chain.titles, typed)
        except CimaiseError as error:
            return JSONResponse({"error": str(error)}, 503)
        return JSONResponse(titles, headers=_FRESH)

    app.add_route("/titles", show_titles)


def _add_evidence(app: FastAPI, chain: PageChain) -> None:
    async def show_evidence(request: Request) -> Response:
        written = await request.body()
        try:
            exchanges = await run_in_threadpool(read_records, written, chain.note)
        except CimaiseError as error:
            return PlainTextResponse(str(error), 422)
        evidence = "".join(render_evidence(exchange.answer, done=True) for exchange in exchanges)
        return PlainTextResponse(evidence, headers=_FRESH)  # HTML for our script, never a page of our origin

    app.add_route("/evidence", show_evidence, methods=["POST"])


def _add_export(app: FastAPI, chain: PageChain) -> None:
    async def export(request: Request) -> Response:
        written = await request.body()
        write = _EXPORTS[request.path_params["form"]]
        try:
            exported = await run_in_threadpool(lambda: write(read_records(written, chain.note)))
        except CimaiseError as error:
            return PlainTextResponse(str(error), 422)
        return PlainTextResponse(exported, headers=_FRESH)  # never HTML of our own origin

    app.add_route("/export/{form}", export, methods=["POST"])


def _title() -> str:
    return texts.export_title(date.today().isoformat())


_EXPORTS: dict[str, Callable[[Sequence[Exchange]], str]] = {
    "text": to_text,
    "markdown": lambda exchanges: to_markdown(exchanges, title=_title()),
    "html": lambda exchanges: to_html(exchanges, title=_title()),
}
