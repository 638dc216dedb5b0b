"""Follow-ups rewritten by a model: what it is shown, what is taken of its words, what happens when it fails."""

import asyncio
import time
from collections.abc import Callable
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import pytest

from assistant import Answer, AnswerChain, Settings, build_chain
from assistant.answer import Question, Turn
from assistant.condense import needs_condensing, read_condensed
from tests.model_server import ModelServer, Reply, serve_model

PRIVATE = "Le salaire caché est de mille écus."
HISTORY = [
    {"role": "user", "content": "Que dit Max Hollein du musée universel ?"},
    {"role": "assistant", "content": f"Max Hollein parle du Met. [1] {PRIVATE} [2]"},
]
ASKED = {"question": "Et lui, que dit-il des récits ?", "history": HISTORY}
WHOLE = "Que dit Max Hollein de la construction des récits ?"
ANSWER = Reply(("Max Hollein parle des récits [1].",))
TURNS = tuple(Turn(turn["role"], turn["content"]) for turn in HISTORY)  # type: ignore[arg-type]  # a literal
LEANING = Question(ASKED["question"], TURNS)  # type: ignore[arg-type]  # a str among lists


@pytest.fixture
def build(demonstration_vault: Path, tmp_path: Path) -> Callable[..., AnswerChain]:
    """Return a function that builds a chain over the demonstration vault with a model server."""

    def make(server: ModelServer, **values: Any) -> AnswerChain:
        return build_chain(
            Settings(
                vault=demonstration_vault,
                index=tmp_path / "index",
                model="openai:essai",
                openai_base_url=server.url,
                **values,
            )
        )

    return make


async def _gather(chain: AnswerChain, asked: Any) -> list[Answer]:
    return [part async for part in chain.astream(asked)]


DOORS: dict[str, Callable[[AnswerChain, Any], Answer]] = {
    "invoke": lambda chain, asked: chain.invoke(asked),
    "stream": lambda chain, asked: reduce(add, chain.stream(asked)),
    "ainvoke": lambda chain, asked: asyncio.run(chain.ainvoke(asked)),
    "astream": lambda chain, asked: reduce(add, asyncio.run(_gather(chain, asked))),
}


@pytest.mark.parametrize("door", DOORS)
def test_follow_up_is_searched_as_the_model_says_and_shown_as_it_was_typed(
    build: Callable[..., AnswerChain], door: str
) -> None:
    with serve_model(Reply((WHOLE,)), ANSWER) as server:
        chain = build(server)
        answer = DOORS[door](chain, ASKED)
        alone = chain.retriever.find(Question(WHOLE))
        chain.close()
    assert answer.question == ASKED["question"]
    assert [p.text for p in answer.passages] == [p.text for p in alone.passages]
    assert (answer.mode, answer.verdict, answer.notice) == ("model", "answered", None)
    assert (answer.usage.requests, answer.usage.input_tokens, answer.usage.output_tokens) == (2, 240, 60)
    assert f"Question : {ASKED['question']}" in server.asked


def test_model_is_shown_what_was_asked_and_never_what_was_answered(build: Callable[..., AnswerChain]) -> None:
    with serve_model(Reply((WHOLE,)), ANSWER) as server:
        chain = build(server)
        chain.invoke(ASKED)
        chain.close()
    shown = server.requests[0]["messages"]
    assert [message["role"] for message in shown] == ["user"]
    assert HISTORY[0]["content"] in shown[0]["content"]
    assert str(ASKED["question"]) in shown[0]["content"]
    assert "écus" not in shown[0]["content"]


@pytest.mark.parametrize("asked", ["Comment évaluer un projet de médiation numérique au musée ?", {"question": "Et lui ?", "history": []}])  # fmt: skip
def test_question_that_leans_on_nothing_asks_the_model_once(
    build: Callable[..., AnswerChain], asked: Any
) -> None:
    with serve_model(ANSWER) as server:
        chain = build(server)
        answer = chain.invoke(asked)
        chain.close()
    assert len(server.requests) <= 1
    assert answer.usage.requests == len(server.requests)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    "fault",
    [Reply(status=500), Reply(status=401), Reply(hang_s=30), Reply((": seul\n\n",), pause_s=0.05, endless=True),
     Reply(body=b"<html>"), Reply(("mot ",), endless=True), Reply(("Voici ma réponse.\nElle est longue.",))],
    ids=["500", "401", "hang", "drip", "HTML", "endless", "two lines"],
)  # fmt: skip
def test_failure_to_rewrite_costs_neither_the_answer_nor_a_second_try(
    build: Callable[..., AnswerChain], fault: Reply, door: str
) -> None:
    with serve_model(fault, ANSWER) as server:
        chain = build(server, condense_timeout_s=0.5)
        started = time.monotonic()
        answer = DOORS[door](chain, ASKED)
        assert time.monotonic() - started < 3
        ruled = chain.retriever.find(LEANING)
        chain.close()
    assert len(server.requests) == 2
    assert [p.text for p in answer.passages] == [p.text for p in ruled.passages]
    assert (answer.mode, answer.verdict, answer.notice) == ("model", "answered", None)


@pytest.mark.parametrize(
    "text",
    [WHOLE, f" {WHOLE}\n", f"« {WHOLE} »", f'"{WHOLE}"', f"**{WHOLE}**", f"Question : {WHOLE}",
     f"Question réécrite : « {WHOLE} »", f"1. {WHOLE}", f"- {WHOLE}",
     f"<think>Il parle de Max.\nDonc…</think>\n\n{WHOLE}"],
)  # fmt: skip
def test_question_is_taken_without_what_surrounds_it(text: str) -> None:
    assert read_condensed(text, LEANING) == WHOLE


@pytest.mark.parametrize(
    "text",
    ["", " \n ", "« »", f"{WHOLE}\nJ’ai remplacé le pronom.", "Que dit Max Hollein " + "encore " * 50, "Que dit Max\u202e ?",
     "Que dit Max\x07 ?", "Et lui, que dit-il ?", "Bien sûr !", "Quel temps fait-il à Paris ?",
     "<think>Il parle de Max Hollein", "Développe."],
)  # fmt: skip
def test_words_that_are_no_question_of_this_conversation_are_left(text: str) -> None:
    assert read_condensed(text, LEANING) is None


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("Et lui ?", True),
        ("Quelles étapes ?", True),
        ("Développe le deuxième point.", False),
        ("Et la citation [1] ?", False),
        ("Comment évaluer un projet de médiation numérique au musée ?", False),
    ],
)
def test_model_is_asked_about_what_may_lean_and_points_at_no_statement(text: str, needed: bool) -> None:
    assert needs_condensing(Question(text, TURNS)) is needed
    assert not needs_condensing(Question(text))
