"""The routes of the views of the notes: the list and its search, and the vault's health."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from assistant.answer import Filters
from assistant.browse import Listing, Reading, Wanted
from assistant.scope import Scope
from assistant.web.notes import texts as browse_texts
from assistant.web.notes.listing import HEALTH, NOTES, render_notes
from assistant.web.notes.worklist import render_health
from assistant.web.pages import render_message_page, render_page
from ingest.errors import CimaiseError, QuestionError
from ingest.health.report import HealthReport

_LONGEST = 200  # characters of what is searched for
_FRESH = {"Cache-Control": "no-store"}


class Browsed(Protocol):
    """What there is to browse."""

    @property
    def vault(self) -> Path:
        """The folder of notes."""

    def scope(self) -> Scope:
        """Return the parts of the vault that a search can keep to."""

    def browse(self, wanted: Wanted, /) -> Listing:
        """Return a page of the notes."""

    def read(self, note_id: str, /) -> Reading | None:
        """Return a note with the notes around it."""

    def note_ids(self) -> Mapping[str, str]:
        """Return the id of every note by its path."""

    def health(self) -> HealthReport:
        """Return what is to mend in the vault."""


def add_browsing(app: FastAPI, chain: Browsed, static_url: Callable[[str], str]) -> None:
    """Add the routes of the views.

    Args:
        app: What they are added to.
        chain: What they read from.
        static_url: Returns the address of a static file.
    """
    styles = [static_url("cimaise.css"), static_url("views.css")]

    def answer(request: Request, title: str, render: Callable[[], str]) -> HTMLResponse:
        try:
            content, status = render(), 200
        except CimaiseError as error:
            return HTMLResponse(render_message_page(str(error), styles[0]), 503, _FRESH)
        if "fragment" not in request.query_params:
            view = f'<section id="cim-view">{content}</section>'
            content = render_page(title, view, style_urls=styles, current=NOTES)
        return HTMLResponse(content, status, _FRESH)

    async def show_notes(request: Request) -> Response:
        return await run_in_threadpool(
            answer,
            request,
            browse_texts.NOTES_TITLE,
            lambda: _notes(chain, read_wanted(request.query_params)),
        )

    examining = asyncio.Lock()  # those who wait for the same report hold no thread

    async def show_health(request: Request) -> Response:
        async with examining:
            return await run_in_threadpool(
                answer,
                request,
                browse_texts.HEALTH_TITLE,
                lambda: render_health(chain.health(), chain.note_ids()),
            )

    app.add_route(NOTES, show_notes)
    app.add_route(HEALTH, show_health)


def read_wanted(asked: Mapping[str, str]) -> Wanted:
    """Return what the query of an address asks for; what cannot be read asks for nothing."""
    page = asked.get("page", "")
    return Wanted(
        text=asked.get("q", "").strip()[:_LONGEST],
        filters=Filters(
            tags=tuple(filter(None, [asked.get("tag", "")])),
            folders=tuple(filter(None, [asked.get("folder", "").strip("/")])),
        ),
        by_date=asked.get("order") == "date",
        page=int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
    )


def _notes(chain: Browsed, wanted: Wanted) -> str:
    try:
        listing, fault = chain.browse(wanted), ""
    except QuestionError as error:
        listing, fault = Listing(), str(error)
    return render_notes(wanted, listing, chain.scope(), fault=fault)
