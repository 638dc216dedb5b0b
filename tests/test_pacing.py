"""How long a model is waited for: its first word, each silence, all of it; and that leaving it closes it."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import aclosing, closing
from contextvars import ContextVar
from typing import cast

import pytest

from assistant.pacing import Clock, apull, pull
from assistant.settings import Deadlines
from ingest.errors import ProviderTimeoutError, ProviderUnavailableError

LONG_S = 3.0
Read = Callable[[tuple[float, ...], Clock], int]


def _words(pauses: tuple[float, ...], closed: threading.Event | None = None) -> Iterator[str]:
    try:
        for pause_s in pauses:
            time.sleep(pause_s)
            yield "mot"
    finally:
        if closed:
            closed.set()


async def _awords(pauses: tuple[float, ...], closed: threading.Event | None = None) -> AsyncIterator[str]:
    try:
        for pause_s in pauses:
            await asyncio.sleep(pause_s)
            yield "mot"
    finally:
        if closed:
            closed.set()


def _read(pauses: tuple[float, ...], clock: Clock) -> int:
    return len(list(pull(_words(pauses), clock)))


def _aread(pauses: tuple[float, ...], clock: Clock) -> int:
    async def read() -> int:
        return len([word async for word in apull(_awords(pauses), clock)])

    return asyncio.run(read())


@pytest.fixture(params=[_read, _aread], ids=["thread", "loop"])
def read(request: pytest.FixtureRequest) -> Read:
    """Each of the ways to read a model, which returns how many words it had."""
    return cast("Read", request.param)


@pytest.mark.parametrize(
    ("deadlines", "pauses"),
    [
        (Deadlines(first_token_s=0.3, idle_s=LONG_S, total_s=LONG_S), (LONG_S,)),
        (Deadlines(first_token_s=LONG_S, idle_s=0.3, total_s=LONG_S), (0.0, LONG_S)),
        (Deadlines(first_token_s=LONG_S, idle_s=LONG_S, total_s=0.3), (LONG_S,)),
        (Deadlines(first_token_s=LONG_S, idle_s=LONG_S, total_s=0.3), (0.02,) * 150),
        (Deadlines(first_token_s=0.3, idle_s=0.3, total_s=0.3), (0.0,) * 4 + (LONG_S,)),
    ],
    ids=["first word", "silence", "total at once", "total of a drip", "total after words"],
)
def test_model_is_late_at_each_deadline_and_no_sooner(
    read: Read, deadlines: Deadlines, pauses: tuple[float, ...]
) -> None:
    clock = Clock(deadlines)
    started = time.monotonic()
    with pytest.raises(ProviderTimeoutError):
        read(pauses, clock)
    assert 0.25 < time.monotonic() - started < 1


def test_model_that_is_slow_and_in_time_is_read_to_the_end(read: Read) -> None:
    assert read((0.15,) * 4, Clock(Deadlines(first_token_s=0.5, idle_s=0.5, total_s=LONG_S))) == 4


def test_another_attempt_has_what_is_left_of_the_first_deadline(read: Read) -> None:
    clock = Clock(Deadlines(first_token_s=0.4, idle_s=LONG_S, total_s=LONG_S))
    started = time.monotonic()
    assert read((0.2,), clock) == 1
    with pytest.raises(ProviderTimeoutError):
        read((LONG_S,), clock)
    assert time.monotonic() - started < 0.8


def test_model_is_not_asked_once_the_time_is_over() -> None:
    clock, asked = Clock(Deadlines(total_s=0.01)), threading.Event()

    def words() -> Iterator[str]:
        asked.set()
        yield "mot"

    time.sleep(0.02)
    with pytest.raises(ProviderTimeoutError):
        list(pull(words(), clock))
    with pytest.raises(ProviderTimeoutError):
        _aread((0.0,), clock)
    assert not asked.wait(0.1)


def test_stream_that_is_left_is_closed_at_its_next_word() -> None:
    closed = threading.Event()
    words = pull(_words((0.0, 0.1, 0.1, LONG_S), closed), Clock(Deadlines()))
    with closing(cast("Generator[str]", words)):
        next(words)
    assert closed.wait(1)


def test_stream_that_is_left_in_a_loop_is_closed_at_once() -> None:
    async def leave(closed: threading.Event) -> bool:
        words = cast("AsyncGenerator[str]", apull(_awords((0.0, LONG_S), closed), Clock(Deadlines())))
        async with aclosing(words):
            await anext(words)
        return closed.is_set()

    assert asyncio.run(leave(threading.Event()))


def test_what_a_model_raises_is_told_after_what_it_said() -> None:
    def words() -> Iterator[str]:
        yield "mot"
        raise IndexError("list index out of range")

    said = pull(words(), Clock(Deadlines()))
    assert next(said) == "mot"
    with pytest.raises(ProviderUnavailableError):
        next(said)


def test_model_is_read_in_the_context_of_who_asks() -> None:
    name = ContextVar("name", default="")
    name.set("salle")
    assert list(pull((name.get() for _ in range(1)), Clock(Deadlines()))) == ["salle"]
