"""How long a model is waited for: its first word, each silence, all of it, over every attempt."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Generic, TypeVar, cast

from assistant.settings import Deadlines
from ingest.errors import CimaiseError, ProviderTimeoutError
from ingest.providers import provider_errors

Piece = TypeVar("Piece")


class Clock:
    """The time of one question, from when the model is first thought of; its attempts share it.

    Args:
        deadlines: What a reader may wait.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._asked = time.monotonic()

    def left_s(self, *, begun: bool = False) -> float:
        """Return what the next piece may take (seconds): what is left to begin, or a silence."""
        spent = time.monotonic() - self._asked
        limit = self._deadlines.idle_s if begun else self._deadlines.first_token_s - spent
        return max(0.0, min(limit, self._deadlines.total_s - spent))


def pull(pieces: Iterator[Piece], clock: Clock) -> Iterator[Piece]:
    """Yield the pieces of a model as they come.

    They are read aside: no client's own time-out sees a drip, and not every client has one. A model that is
    late is left to its thread, which goes no further than the piece it waits for.

    Raises:
        ProviderError: The model failed or was late.
    """
    left_s = clock.left_s()
    if not left_s:
        raise ProviderTimeoutError
    with closing(_Pump(pieces)) as pump:
        while left_s > 0:
            piece = pump.take(left_s)
            if isinstance(piece, _End):
                if piece.error is not None:
                    raise piece.error
                return
            yield piece
            left_s = clock.left_s(begun=True)
        raise ProviderTimeoutError


async def apull(pieces: AsyncIterator[Piece], clock: Clock) -> AsyncIterator[Piece]:
    """Yield the same as `pull`, without blocking; a model that is late, or left, is cancelled.

    Raises:
        ProviderError: The model failed or was late.
    """
    with provider_errors():
        async with aclosing(cast("Any", pieces)):
            left_s = clock.left_s()
            while left_s > 0:
                async with asyncio.timeout(left_s):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                yield piece
                left_s = clock.left_s(begun=True)
            raise ProviderTimeoutError


@dataclass(frozen=True, slots=True)
class _End:
    error: CimaiseError | None


class _Pump(Generic[Piece]):
    """Reads an iterator in a thread of its own, which ends with it or soon after `close`."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._queue: SimpleQueue[Piece | _End] = SimpleQueue()
        self._left = Event()
        Thread(target=copy_context().run, args=(self._run,), name="model", daemon=True).start()

    def take(self, limit_s: float) -> Piece | _End:
        """Return the next piece.

        Raises:
            ProviderTimeoutError: It did not come in time.
        """
        try:
            return self._queue.get(timeout=limit_s)
        except Empty:
            raise ProviderTimeoutError from None

    def close(self) -> None:
        """Have the iterator closed at its next piece."""
        self._left.set()

    def _run(self) -> None:
        error: CimaiseError | None = None
        try:
            with provider_errors(), closing(cast("Any", self._pieces)):
                for piece in self._pieces:
                    if self._left.is_set():
                        return
                    self._queue.put(piece)
        except CimaiseError as raised:
            error = raised
        finally:
            self._queue.put(_End(error))
