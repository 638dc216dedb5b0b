"""What the page says at the door, as it is now: our script draws it, and follows a first reading."""

from datetime import datetime
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from assistant.indexing import IndexState
from assistant.web import texts
from assistant.web.chat.asking import PageChain
from assistant.web.door.local import is_local
from assistant.web.index import texts as index_texts
from assistant.web.index.view import state_error
from ingest.errors import CimaiseError

_STARTERS = 3


class ServedIndex(Protocol):
    """What is known of the index that is served."""

    @property
    def ready(self) -> bool:
        """Whether there is one to answer from."""

    @property
    def state(self) -> IndexState:
        """Where it stands."""

    @property
    def model_error(self) -> CimaiseError | None:
        """Why the chosen model cannot be used."""


def describe_welcome(chain: PageChain, index: ServedIndex | None, *, local: bool) -> dict[str, Any]:
    """Return what the door says, as JSON.

    Args:
        chain: What answers.
        index: What is known of its index; None where it never changes.
        local: Whether the reader is on this machine, and may be told its folders.
    """
    mode = texts.mode_line(chain.mode, chain.remote_host, here=local)
    said: dict[str, Any] = {
        "mode": mode,
        "door": [texts.DOOR_PROGRAM, mode, texts.DOOR_KEEPS],
        "waiting": False,
    }
    if index is not None and not index.ready:
        return said | _absent(index.state, local=local)
    try:
        lead = texts.welcome_lead(chain.note_count, chain.vault_name)
        starters = [*chain.starters()[:_STARTERS], texts.ABOUT]
    except CimaiseError as error:
        return said | {"lead": "", "notice": str(error), "starters": []}
    read = _read(chain.note_count, index.state) if index is not None else ""
    notice = _notice(index, local=local)
    return said | {"mode": f"{read}{mode}", "lead": lead, "starters": starters, "notice": notice}


def _read(notes: int, state: IndexState) -> str:
    """Return how many notes answer, and when they were last read, by the clock of this machine."""
    if state.read_at is None:
        return ""
    at, now = state.read_at.astimezone(), datetime.now().astimezone()
    return f"{texts.count(notes, 'note')}, {index_texts.lately(at, now)}. "


def _absent(state: IndexState, *, local: bool) -> dict[str, Any]:
    """Return what is said while there is nothing to answer from."""
    if state.running or state.error is None:
        lead = index_texts.progress(state.stage, state.done, state.total)
        bar = {"done": state.done, "total": state.total}
        return {"lead": lead, "starters": [], "notice": "", "waiting": True, "bar": bar}
    notice = state_error(state, local=True) if local else index_texts.WELCOME_NOT_READY
    choose = index_texts.WELCOME_CHOOSE if local else ""
    return {"lead": "", "starters": [], "notice": notice, "waiting": True, "choose": choose}


def _notice(index: ServedIndex | None, *, local: bool) -> str:
    if index is None:
        return ""
    stale = state_error(index.state, local=local)
    said = [stale, index_texts.WELCOME_OLD] if stale else []
    if index.model_error is not None:
        said += [str(index.model_error), index_texts.WELCOME_EXTRACTS]
    return " ".join(said)


class Welcome:
    """The door, told to each reader as it is now.

    Args:
        chain: What answers.
        index: What is known of its index; None where it never changes.
        host: The address the server is bound to.
    """

    def __init__(self, chain: PageChain, index: ServedIndex | None, host: str) -> None:
        self._chain, self._index, self._host = chain, index, host

    async def describe(self, scope: Scope) -> dict[str, Any]:
        """Return what the door says to who sent a request."""
        local = is_local(Request(scope), self._host)
        return await run_in_threadpool(describe_welcome, self._chain, self._index, local=local)

    async def show(self, request: Request) -> Response:
        """Answer a request for it."""
        return JSONResponse(await self.describe(request.scope), headers={"Cache-Control": "no-store"})
