"""Whether a model's endpoint may be asked now: a room of forty people does not all knock on a dead door.

::

    unsure ──first word──▶ sure ──30 s without a word, or a failure──▶ unsure
      └──failures in a row──▶ resting ──pause over: one trial──▶ unsure, or resting again

Unsure, a few requests go and the others wait for what becomes of them; sure, all go; resting, none do.
Nygard, « Release It! », 2018, chapter 5: Circuit Breaker.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from threading import Lock

from ingest.errors import (
    ProviderError,
    ProviderRateLimitError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)

_OF_ENDPOINT = (ProviderRateLimitError, ProviderTimeoutError, ProviderUnavailableError)
_RESTS = "Le service du modèle est laissé au repos après plusieurs échecs ; réessayez dans une minute."
_SURE_S = 30.0  # how long a word of the endpoint stands for its health
_LONGEST_REST_S = 600.0  # whatever a `Retry-After` says: people mend things


class Breaker:
    """Counts what becomes of the requests to one endpoint; for threads and event loops alike.

    Args:
        failures: How many in a row have it rest; those of one request alone (400, 401, 404…) do not count.
        rest_s: For how long (seconds), unless the endpoint says.
        trials: How many requests go at once while it is not known to answer.
    """

    def __init__(self, *, failures: int = 3, rest_s: float = 30, trials: int = 3) -> None:
        self._limit, self._rest_s, self._trials = failures, rest_s, trials
        self._lock = Lock()
        self._failed = 0  # in a row
        self._silent = 0  # requests that wait for their first word
        self._sure_until = 0.0
        self._rests_until = 0.0
        self._waiting: list[Future[None]] = []

    @contextmanager
    def request(self, limit_s: float) -> Iterator["Request"]:
        """Ask the endpoint inside, once it may be asked; a ProviderError that leaves counts against it.

        Args:
            limit_s: Longest wait for leave to ask (seconds).

        Raises:
            ProviderRateLimitError: It rests.
            ProviderTimeoutError: Nothing was known of it in time.
        """
        until = time.monotonic() + limit_s
        while isinstance(admitted := self._admit(), Future):
            try:
                admitted.result(max(0.0, until - time.monotonic()))
            except TimeoutError:
                raise ProviderTimeoutError from None
        with self._watched(admitted):
            yield admitted

    @asynccontextmanager
    async def arequest(self, limit_s: float) -> AsyncIterator["Request"]:
        """Do the same as `request` without blocking; the same errors."""
        until = time.monotonic() + limit_s
        while isinstance(admitted := self._admit(), Future):
            try:
                async with asyncio.timeout(max(0.0, until - time.monotonic())):
                    await asyncio.wrap_future(admitted)
            except TimeoutError:
                raise ProviderTimeoutError from None
        with self._watched(admitted):
            yield admitted

    def _admit(self) -> "Request | Future[None]":
        """Return a request that may go, or what is told when it is worth trying again."""
        with self._lock:
            now = time.monotonic()
            if self._failed >= self._limit and (now < self._rests_until or self._silent):
                raise ProviderRateLimitError(_RESTS)
            if now > self._sure_until and self._silent >= self._trials:
                self._waiting.append(waiting := Future[None]())
                return waiting
            self._silent += 1
            return Request(self)

    @contextmanager
    def _watched(self, request: "Request") -> Iterator[None]:
        try:
            yield
        except _OF_ENDPOINT as error:
            self._fail(error)
            raise
        else:
            if request.heard:
                with self._lock:
                    self._failed = 0
        finally:
            self._hear(request)

    def _fail(self, error: ProviderError) -> None:
        with self._lock:
            now = time.monotonic()
            self._failed += 1
            self._sure_until = 0.0
            told_s = error.retry_after_s
            if told_s is not None:
                self._failed = max(self._failed, self._limit)
            rest_s = self._rest_s if told_s is None else min(told_s, _LONGEST_REST_S)
            if self._failed >= self._limit:
                self._rests_until = max(self._rests_until, now + rest_s)

    def _hear(self, request: "Request", *, spoke: bool = False) -> None:
        """Take note, once, that a request is no longer silent, and tell who waits for that."""
        with self._lock:
            if request.heard:
                return
            request.heard = True
            self._silent -= 1
            if spoke:
                self._sure_until = time.monotonic() + _SURE_S
                self._failed = min(self._failed, self._limit - 1)  # the next failure has it rest again
            waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if waiter.set_running_or_notify_cancel():
                waiter.set_result(None)


class Request:
    """One request that was let through."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self.heard = False

    def speaks(self) -> None:
        """Say that the first word came: whoever waits may go."""
        if not self.heard:
            self._breaker._hear(self, spoke=True)
