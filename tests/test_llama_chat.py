"""Answers of a real llama.cpp server: nonsense is labelled, a reader who leaves frees it, its refusals are French."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing, closing
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, cast
from urllib.request import Request, urlopen

import pytest

from assistant import Answer, AnswerChain, Settings, build_chain
from tests.llama_chat import Kind, serve_chat
from tests.llama_server import KEY, LlamaServer

ASKED = "Que dit la note de la stratégie numérique ?"
NOTES = {
    "Stratégie.md": "# Stratégie\n\nLa stratégie numérique du musée prépare la crise et ouvre les collections.",
    "Public.md": "# Public\n\nLe public du musée vient pour la médiation numérique, dit la note de 2018.",
}
CONTEXT = 8_192  # tokens, each a byte of the prompt: rules, passages and some words of an answer
FREED_S = 1.0
Build = Callable[..., AnswerChain]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny models are."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[LlamaServer]:
    """A server whose model never ends, with one slot."""
    with serve_chat(models, "faithful", context=CONTEXT) as running:
        yield running


@pytest.fixture
def build(make_vault: Callable[..., Path], tmp_path: Path) -> Iterator[Build]:
    """Return a function that builds a chain on two notes that asks a server."""
    chains: list[AnswerChain] = []

    def make(server: LlamaServer, *, key: str = KEY, **values: Any) -> AnswerChain:
        given = {"openai_base_url": server.url, "openai_api_key": key, "total_timeout_s": 60, **values}
        settings = Settings(vault=make_vault(NOTES), index=tmp_path / "index", model="openai:essai", **given)
        chains.append(build_chain(settings))
        return chains[-1]

    yield make
    for chain in chains:
        chain.close()


def _busy(server: LlamaServer) -> bool:
    """Tell whether the only slot of the server is at work."""
    address = server.url.removesuffix("/v1") + "/slots"
    with urlopen(Request(address, headers={"Authorization": f"Bearer {KEY}"})) as reply:  # noqa: S310
        return bool(json.load(reply)[0]["is_processing"])


def _freed_s(server: LlamaServer) -> float:
    """Return how long the slot was still at work (seconds)."""
    started = time.monotonic()
    while _busy(server) and time.monotonic() - started < 10:
        time.sleep(0.01)
    return time.monotonic() - started


@pytest.mark.parametrize("kind", ["nonsense", "random"])
def test_nonsense_is_never_shown(models: Path, build: Build, kind: Kind) -> None:
    with serve_chat(models, kind, context=CONTEXT) as running:
        answer = build(running, total_timeout_s=8).invoke(ASKED)
        assert _freed_s(running) < FREED_S
    assert (answer.mode, answer.verdict) == ("extracts", "answered")
    assert answer.notice
    assert {s.label for s in answer.sentences} == {"verbatim"}


def test_sentences_come_while_the_server_writes(server: LlamaServer, build: Build) -> None:
    with closing(cast("Generator[Answer]", build(server).stream(ASKED))) as parts:
        said = [next(part for part in parts if part.sentences) for _ in range(2)]
        assert _busy(server)
    assert [part.sentences[0].label for part in said] == ["supported", "supported"]
    assert all(part.citations for part in said)


def test_stream_that_is_closed_frees_the_server(server: LlamaServer, build: Build) -> None:
    chain = build(server)
    for _ in range(2):  # the second one shows that the only slot serves again
        with closing(cast("Generator[Answer]", chain.stream(ASKED))) as parts:
            assert any(part.sentences for part in parts)
            assert _busy(server)
        assert _freed_s(server) < FREED_S


def test_stream_that_is_closed_in_a_loop_frees_the_server(server: LlamaServer, build: Build) -> None:
    async def leave(chain: AnswerChain) -> None:
        async with aclosing(cast("AsyncGenerator[Answer]", chain.astream(ASKED))) as parts:
            async for part in parts:
                if part.sentences:
                    break

    asyncio.run(leave(build(server)))
    assert _freed_s(server) < FREED_S


def test_task_that_is_cancelled_frees_the_server(server: LlamaServer, build: Build) -> None:
    async def leave(chain: AnswerChain) -> float:
        task = asyncio.create_task(chain.ainvoke(ASKED))
        while not await asyncio.to_thread(_busy, server):
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.to_thread(_freed_s, server)

    assert asyncio.run(leave(build(server))) < FREED_S


def test_answer_over_its_deadline_frees_the_server(server: LlamaServer, build: Build) -> None:
    answer = build(server, total_timeout_s=2).invoke(ASKED)
    assert answer.notice is not None
    assert _freed_s(server) < FREED_S


def test_wrong_key_is_refused_in_french_and_leaves_extracts(server: LlamaServer, build: Build) -> None:
    answer = build(server, key="sk-une-autre").invoke(ASKED)
    assert answer.notice is not None
    assert answer.notice.startswith("La clé d’accès au modèle est refusée ; vérifiez OPENAI_API_KEY.")
    assert (answer.mode, answer.verdict) == ("extracts", "answered")
    assert "sk-une-autre" not in str(answer.to_dict())


def test_passages_beyond_the_context_are_refused_in_french_and_leave_extracts(
    models: Path, build: Build
) -> None:
    with serve_chat(models, "faithful", context=512) as small:
        answer = build(small).invoke(ASKED)
    assert answer.notice is not None
    assert answer.notice.startswith("Un texte est plus long que le modèle ne l’accepte")
    assert (answer.mode, answer.verdict) == ("extracts", "answered")


def test_server_that_dies_while_it_writes_leaves_what_it_said(models: Path, build: Build) -> None:
    with serve_chat(models, "faithful", context=CONTEXT) as running:
        parts: list[Answer] = []
        for part in build(running).stream(ASKED):
            if part.sentences and not any(earlier.sentences for earlier in parts):
                running.kill()
            parts.append(part)
    answer = reduce(add, parts)
    assert (answer.mode, answer.complete) == ("model", False)
    assert answer.notice is not None
    assert answer.notice.endswith("La réponse est interrompue ici.")
