"""The routes of the « Index » view: what it shows, reading the notes anew, choosing them and the model.

What chooses, and what names a folder of this machine, answers 404 anywhere but on this machine.
"""

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from assistant.choice import Choice
from assistant.desk import Desk
from assistant.trial import try_model
from assistant.web import texts
from assistant.web.door.local import is_local, is_ours
from assistant.web.index import texts as index_texts
from assistant.web.index.folders import Folder, complete_folder
from assistant.web.index.forms import LocalSettings
from assistant.web.index.view import IndexView, render_index, state_error
from assistant.web.pages import render_page
from ingest.errors import CimaiseError

INDEX_PATHS = (
    "GET /index",
    "GET /index/state",
    "GET /index/folders",
    "POST /index/run",
    "POST /index/vault",
    "POST /index/model",
    "POST /index/try",
)
_FRESH = {"Cache-Control": "no-store"}
_LONGEST = 4_096  # characters of a path, an address or a key

Act = Callable[[Desk, Mapping[str, Any]], Awaitable[Response]]


def add_index_routes(app: FastAPI, desk: Desk, host: str, static_url: Callable[[str], str]) -> None:
    """Add the routes of the view.

    Args:
        app: What they are added to.
        desk: What is served.
        host: The address the server is bound to.
        static_url: Returns the address of a static file.
    """
    on_this_machine = partial(is_local, bound=host)
    urls = {
        "style_urls": [static_url(name) for name in ("cimaise.css", "views.css", "index.css")],
        "script_urls": [static_url("index.js")],
    }

    async def show(request: Request) -> Response:
        body = await run_in_threadpool(lambda: render_index(_view(desk, local=on_this_machine(request))))
        if "fragment" not in request.query_params:
            view = f'<section id="cim-view">{body}</section>'
            body = render_page(index_texts.TITLE, view, current="/index", **urls)
        return HTMLResponse(body, headers=_FRESH)

    async def tell(request: Request) -> Response:
        return JSONResponse(_state(desk, local=on_this_machine(request)), headers=_FRESH)

    async def list_folders(request: Request) -> Response:
        if not on_this_machine(request):
            return PlainTextResponse(texts.NOT_FOUND, 404)
        found = await run_in_threadpool(complete_folder, request.query_params.get("q", "")[:_LONGEST])
        here = index_texts.folder_holds(_held(found.here)) if found.here else ""
        inside = [{"path": folder.path, "held": _held(folder)} for folder in found.inside]
        return JSONResponse({"here": here, "above": found.above, "folders": inside}, headers=_FRESH)

    app.add_route("/index", show)
    app.add_route("/index/state", tell)
    app.add_route("/index/folders", list_folders)
    for name, act, anywhere in (
        ("run", _run, True),
        ("vault", _choose_vault, False),
        ("model", _choose_model, False),
        ("try", _try_model, False),
    ):
        app.add_route(
            f"/index/{name}", _guarded(desk, act, on_this_machine, anywhere=anywhere), methods=["POST"]
        )


def _guarded(
    desk: Desk, act: Act, here: Callable[[Request], bool], *, anywhere: bool
) -> Callable[[Request], Awaitable[Response]]:
    """Return a route that only our own page can call, and only on this machine unless `anywhere`."""

    async def answer(request: Request) -> Response:
        local = here(request)
        if not local and not anywhere:
            return PlainTextResponse(texts.NOT_FOUND, 404)
        if not is_ours(request.headers):
            return PlainTextResponse(texts.REFUSED_ORIGIN, 403)
        try:
            read = json.loads(await request.body() or b"{}")
            asked = {name: _value(value) for name, value in read.items()}
        except (ValueError, AttributeError, RecursionError):
            return _refusal(texts.CONTEXT_UNREADABLE, 400)
        refused = None if local else _refused_elsewhere(desk, asked)
        if refused is not None:
            return refused
        try:
            return await act(desk, asked)
        except CimaiseError as error:
            return _refusal(str(error), 422)

    return answer


def _refused_elsewhere(desk: Desk, asked: Mapping[str, Any]) -> Response | None:
    """Return why a visitor has to wait, or is not heard: it forces nothing; None when it is."""
    if asked.get("force"):
        return PlainTextResponse(texts.NOT_FOUND, 404)
    wait_s = desk.pause_s
    return _refusal(index_texts.too_soon(wait_s), 429) if wait_s else None


def _value(value: object) -> str | bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
        raise ValueError
    return value.strip()


def _refusal(sentence: str, status: int) -> Response:
    return JSONResponse({"error": sentence}, status, headers=_FRESH)


def _said(sentence: str) -> Response:
    return JSONResponse({"said": sentence}, headers=_FRESH)


async def _run(desk: Desk, asked: Mapping[str, Any]) -> Response:
    if not desk.reindex(force=asked.get("force") is True):
        return _refusal(index_texts.BUSY, 409)
    return JSONResponse({"said": ""}, 202, headers=_FRESH)


async def _choose_vault(desk: Desk, asked: Mapping[str, Any]) -> Response:
    folder = asked.get("vault")
    if not isinstance(folder, str) or not folder:
        return _refusal(index_texts.VAULT_EMPTY, 422)
    await run_in_threadpool(desk.choose_vault, Path(folder))
    return _said(index_texts.VAULT_CHOSEN)


async def _choose_model(desk: Desk, asked: Mapping[str, Any]) -> Response:
    choice = _choice(asked)
    if not choice.model and asked.get("extracts") is not True:
        return _refusal(index_texts.MODEL_EMPTY, 422)
    keep = asked.get("keep_key") is True
    await run_in_threadpool(lambda: desk.choose_model(choice, keep_key=keep))
    return _said(texts.mode_line(desk.mode, desk.remote_host))


async def _try_model(desk: Desk, asked: Mapping[str, Any]) -> Response:
    choice = _choice(asked)
    if not choice.model:
        return _refusal(index_texts.MODEL_EMPTY, 422)
    return _said(index_texts.answers(await try_model(desk.settings_for(choice))))


def _choice(asked: Mapping[str, Any]) -> Choice:
    if asked.get("extracts") is True:
        return Choice(model="")
    model, base_url, key = (str(asked.get(name, "")) for name in ("model", "base_url", "key"))
    return Choice(model=model, base_url=base_url or None, key=key or None)


def _held(folder: Folder) -> str:
    return index_texts.notes_held(folder.notes, at_least=folder.at_least)


def _state(desk: Desk, *, local: bool) -> dict[str, Any]:
    """Return where the reading is, for our script; `mark` changes when there is something new to show."""
    state = desk.state
    error = state_error(state, local=local)
    done = index_texts.outcome(state.report) if state.report else ""
    return {
        "running": state.running,
        "line": index_texts.progress(state.stage, state.done, state.total)
        if state.running
        else error or done,
        "failed": bool(error) and not state.running,
        "done": state.done,
        "total": state.total,
        "mark": f"{desk.vault_name} {state.read_at} {error}",
    }


def _view(desk: Desk, *, local: bool) -> IndexView:
    settings = desk.settings
    embeddings = index_texts.HASHED if settings.embeddings == "hashed" else settings.embeddings
    return IndexView(
        vault_name=desk.vault_name,
        state=desk.state,
        report=desk.report,
        holdings=desk.holdings,
        published_at=desk.published_at,
        now=datetime.now().astimezone(),
        embeddings=embeddings,
        writer=texts.mode_line(desk.mode, desk.remote_host, here=local),
        local=_local(desk) if local else None,
    )


def _local(desk: Desk) -> LocalSettings:
    settings = desk.settings
    return LocalSettings(
        vault=os.path.abspath(settings.vault),
        index=str(settings.index_folder),
        model=settings.model or "",
        base_url=settings.openai_base_url or "",
        has_key=settings.openai_api_key is not None,
        model_error=str(desk.model_error) if desk.model_error else "",
    )
