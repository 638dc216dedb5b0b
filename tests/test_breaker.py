"""The circuit breaker: a room of forty people does not all knock on a dead door, and it opens again by itself."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, suppress

import pytest

from assistant import Answer, AnswerChain, Settings
from assistant.breaker import Breaker
from assistant.chat_models import build_chat_model
from assistant.endpoint import Endpoint
from assistant.settings import Deadlines
from ingest.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderRateLimitError,
    ProviderRefusedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from tests.model_server import ModelServer, Reply, serve_model

WHY = "Pourquoi développer une stratégie numérique ?"
WHOLE = Reply(("Une stratégie numérique aide le musée [1]. Elle prépare la crise [1].",))
ROOM = 40
DEADLINES = Deadlines(first_token_s=1.5, idle_s=1.5, total_s=3)
FOLLOW_UP = {"question": "Et pourquoi ?", "history": [{"role": "user", "content": WHY}]}
RESTS = "Le service du modèle est laissé au repos"


def _fail(breaker: Breaker, error: ProviderError | None = None, times: int = 1) -> None:
    for _ in range(times):
        with suppress(ProviderError), breaker.request(0):
            raise error or ProviderUnavailableError


def _succeed(breaker: Breaker) -> None:
    with breaker.request(0) as request:
        request.speaks()


def _rests(breaker: Breaker) -> bool:
    try:
        with breaker.request(0):
            return False
    except ProviderRateLimitError:
        return True


def _rate_limit(retry_after_s: float | None) -> ProviderRateLimitError:
    error = ProviderRateLimitError()
    error.retry_after_s = retry_after_s
    return error


def test_endpoint_rests_after_three_failures_in_a_row() -> None:
    breaker = Breaker()
    _fail(breaker, times=2)
    assert not _rests(breaker)
    _fail(breaker)
    assert _rests(breaker)


def test_success_between_failures_starts_the_count_again() -> None:
    breaker = Breaker()
    _fail(breaker, times=2)
    _succeed(breaker)
    _fail(breaker, times=2)
    assert not _rests(breaker)


@pytest.mark.parametrize("error", [ProviderAuthError(), ProviderRefusedError(), ValueError("ours")])
def test_fault_of_one_request_does_not_count(error: Exception) -> None:
    breaker = Breaker()
    for _ in range(9):
        with pytest.raises(type(error)), breaker.request(0):
            raise error
    assert not _rests(breaker)


@pytest.mark.parametrize(
    "error", [ProviderTimeoutError(), ProviderUnavailableError(), _rate_limit(None)], ids=type
)
def test_fault_of_the_endpoint_counts(error: ProviderError) -> None:
    breaker = Breaker()
    _fail(breaker, error, times=3)
    assert _rests(breaker)


def test_endpoint_that_says_how_long_to_wait_rests_that_long_at_once() -> None:
    breaker = Breaker(rest_s=60)
    _fail(breaker, _rate_limit(0.15))
    assert _rests(breaker)
    time.sleep(0.2)
    assert not _rests(breaker)


def test_after_the_rest_one_trial_goes_at_a_time_and_its_word_opens_the_door() -> None:
    breaker = Breaker(rest_s=0.1)
    _fail(breaker, times=3)
    time.sleep(0.15)
    with breaker.request(0) as trial:
        assert _rests(breaker)
        trial.speaks()
        assert not _rests(breaker)
    _fail(breaker, times=2)
    assert not _rests(breaker)


def test_trial_that_fails_has_the_endpoint_rest_again() -> None:
    breaker = Breaker(rest_s=0.1)
    _fail(breaker, times=3)
    time.sleep(0.15)
    _fail(breaker)
    assert _rests(breaker)


def test_trial_that_is_left_lets_another_go() -> None:
    breaker = Breaker(rest_s=0.1)
    _fail(breaker, times=3)
    time.sleep(0.15)
    with pytest.raises(KeyboardInterrupt), breaker.request(0):
        raise KeyboardInterrupt
    assert not _rests(breaker)


def test_while_nothing_is_known_three_go_and_a_fourth_waits_no_longer_than_it_may() -> None:
    breaker = Breaker()
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(breaker.request(0))
        started = time.monotonic()
        with pytest.raises(ProviderTimeoutError), breaker.request(0.1):
            pass
        assert time.monotonic() - started < 0.5
    assert not _rests(breaker)


def test_in_a_loop_a_fourth_waits_and_a_cancelled_one_leaves_no_trace() -> None:
    async def ask() -> None:
        breaker = Breaker()
        async with AsyncExitStack() as stack:
            trials = [await stack.enter_async_context(breaker.arequest(0)) for _ in range(3)]
            with pytest.raises(ProviderTimeoutError):
                async with breaker.arequest(0.05):
                    pass
            waiting = [asyncio.create_task(_aenter(breaker)) for _ in range(2)]
            await asyncio.sleep(0.05)
            waiting[0].cancel()
            trials[0].speaks()
            assert await asyncio.wait_for(waiting[1], 1)

    asyncio.run(ask())


async def _aenter(breaker: Breaker) -> bool:
    async with breaker.arequest(5):
        return True


# A room asks at once


@pytest.fixture(params=["threads", "loop"])
def ask_room(request: pytest.FixtureRequest) -> Callable[[AnswerChain], list[Answer]]:
    """Have forty people ask at once, each in a thread or all in one loop."""

    def in_threads(chain: AnswerChain) -> list[Answer]:
        with ThreadPoolExecutor(ROOM) as pool:
            return list(pool.map(chain.invoke, [WHY] * ROOM))

    async def in_loop(chain: AnswerChain) -> list[Answer]:
        return await asyncio.gather(*(chain.ainvoke(WHY) for _ in range(ROOM)))

    if request.param == "threads":
        return in_threads
    return lambda chain: asyncio.run(in_loop(chain))


def _room(demo_chain: AnswerChain, server: ModelServer, *, rest_s: float = 30) -> AnswerChain:
    settings = Settings(model="openai:essai", openai_base_url=server.url)
    endpoint = Endpoint(deadlines=DEADLINES, breaker=Breaker(rest_s=rest_s))
    retriever = demo_chain.retriever
    return AnswerChain(
        retriever.snapshots, retriever.embeddings, settings, build_chat_model(settings), endpoint
    )


DEAD = {
    "hangs": Reply(hang_s=20),
    "fails": Reply(status=503, body=b"{}"),
    "is cut": Reply(finish=None),
    "asks to wait": Reply(status=429, body=b"{}", headers=(("Retry-After", "3600"),)),
}


@pytest.mark.parametrize("fault", DEAD)
def test_room_on_a_dead_server_sends_it_a_few_requests_and_has_its_answers_in_time(
    demo_chain: AnswerChain, ask_room: Callable[[AnswerChain], list[Answer]], fault: str
) -> None:
    expected = demo_chain.invoke(WHY)
    with serve_model(DEAD[fault]) as server:
        chain = _room(demo_chain, server)
        started = time.monotonic()
        answers = ask_room(chain)
        elapsed = time.monotonic() - started
    assert {answer.mode for answer in answers} == {"extracts"}
    assert {answer.sentences for answer in answers} == {expected.sentences}
    assert all(answer.notice and answer.notice.endswith("sans IA.") for answer in answers)
    assert 1 <= len(server.requests) <= 8
    assert elapsed < DEADLINES.first_token_s + 6  # forty searches take a while on a busy machine


def test_room_on_a_server_that_answers_is_answered_by_it(
    demo_chain: AnswerChain, ask_room: Callable[[AnswerChain], list[Answer]]
) -> None:
    with serve_model(WHOLE) as server:
        chain = _room(demo_chain, server)
        answers = ask_room(chain)
    assert [answer.mode for answer in answers] == ["model"] * ROOM
    assert len(server.requests) == ROOM


def test_later_question_is_not_sent_to_a_server_at_rest_and_says_so_at_once(demo_chain: AnswerChain) -> None:
    with serve_model(DEAD["fails"], WHOLE) as server:
        server.replies[:] = [DEAD["fails"]]
        chain = _room(demo_chain, server)
        chain.invoke(WHY)
        chain.invoke(WHY)
        reached = len(server.requests)
        answer = chain.invoke(WHY)
    assert reached == len(server.requests) == 3
    assert answer.notice is not None
    assert answer.notice.startswith(RESTS)
    assert (answer.usage.requests, answer.mode) == (0, "extracts")


def test_chain_recovers_by_itself(demo_chain: AnswerChain) -> None:
    with serve_model(DEAD["fails"]) as server:
        chain = _room(demo_chain, server, rest_s=0.3)
        chain.invoke(WHY)
        chain.invoke(WHY)
        server.replies[:] = [WHOLE]
        assert chain.invoke(WHY).mode == "extracts"
        time.sleep(0.35)
        assert [chain.invoke(WHY).mode for _ in range(3)] == ["model"] * 3


def test_another_chain_is_not_held_back(demo_chain: AnswerChain) -> None:
    with serve_model(DEAD["fails"]) as server:
        chain = _room(demo_chain, server)
        chain.invoke(WHY)
        chain.invoke(WHY)
        server.replies[:] = [WHOLE]
        assert _room(demo_chain, server).invoke(WHY).mode == "model"


def test_server_at_rest_is_not_asked_what_a_follow_up_means_either(
    demo_chain: AnswerChain,
) -> None:
    with serve_model(DEAD["fails"]) as server:
        chain = _room(demo_chain, server)
        chain.invoke(FOLLOW_UP)
        reached = len(server.requests)
        chain.invoke(FOLLOW_UP)
    assert reached == len(server.requests) == 3
