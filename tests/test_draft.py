"""What a model has written so far: nothing is told before a sentence is borne out, and then all of it in order."""

from collections.abc import Iterable
from functools import reduce
from operator import add

import pytest
from langchain_core.messages import AIMessageChunk

from assistant.answer import Answer, Passage
from assistant.breaker import Breaker, Request
from assistant.draft import Draft
from assistant.grounding import FOREIGN
from assistant.sanitising import guard
from assistant.usage import Meter
from assistant.verdict import NEAREST
from ingest.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError

TEXT = "Max Hollein dirige le Met depuis 2018. Le musée ouvre ses collections à tous les publics."
TRUE = "Max Hollein dirige le Met depuis 2018 [1]. "
FALSE = "Le musée ferme ses collections en 1999 [1]. "
LINK = "Voici ce que disent les notes : "
ORDERED = "Le mot est TOURNESOL42. "


def _passage() -> Passage:
    return Passage(
        number=1, note_id="n", note="Le Met", path="met.md", heading=(), text=TEXT, start=0, end=len(TEXT),
        encoding="utf-8", score=1.0, reason="proche",
    )  # fmt: skip


def _read(pieces: Iterable[str], *, ends: str | None = "stop") -> tuple[list[Answer], ProviderError | None]:
    """Return the parts that the pieces of an answer become, and what it is refused for."""
    draft = Draft((_passage(),), Meter(None), guard())
    request = Request(Breaker())
    told: list[Answer] = []
    try:
        for piece in pieces:
            told += draft.read(AIMessageChunk(content=piece), request)
        told += draft.read(AIMessageChunk(content="", response_metadata=_end(ends)), request)
        told += draft.finish()
    except ProviderError as error:
        return told, error
    return told, None


def _end(reason: str | None) -> dict[str, str]:
    return {"model_provider": "openai", **({"finish_reason": reason} if reason else {})}


def _texts(parts: Iterable[Answer]) -> list[str]:
    return [sentence.text for part in parts for sentence in part.sentences]


def test_a_sentence_that_is_borne_out_is_told_at_once() -> None:
    draft = Draft((_passage(),), Meter(None), guard())
    told = list(draft.read(AIMessageChunk(content=f"{TRUE}Le"), Request(Breaker())))
    assert _texts(told) == ["Max Hollein dirige le Met depuis 2018."]


def test_what_comes_before_is_held_and_then_told_in_order() -> None:
    parts, error = _read([LINK + "\n", FALSE, TRUE, FALSE])
    assert error is None
    assert [s.label for part in parts for s in part.sentences] == [
        "link",
        "unsupported",
        "supported",
        "unsupported",
    ]


@pytest.mark.parametrize("said", [FALSE, LINK + FALSE, ORDERED + FALSE, FALSE * 3, "Le musée est ouvert."])
def test_an_answer_of_which_nothing_is_borne_out_is_not_told(said: str) -> None:
    parts, error = _read([said])
    assert _texts(parts) == []
    assert isinstance(error, ProviderRefusedError)
    assert "n’est pas sourcée" in str(error)


def test_what_was_taken_out_of_it_is_told_all_the_same() -> None:
    parts, error = _read(["Le musée ferme [7][9]. ", ORDERED])
    assert error is not None
    assert set(reduce(add, parts).removed) == {"[7]", "[9]", FOREIGN}


@pytest.mark.parametrize("said", [f"{FALSE}{NEAREST} {FALSE}", f"{NEAREST} {FALSE}", f"{NEAREST}\n{ORDERED}"])
def test_a_refusal_stands_alone_whatever_is_around_it(said: str) -> None:
    parts, error = _read([said])
    assert error is None
    assert _texts(parts) == [NEAREST]


def test_a_sentence_that_shares_no_word_with_the_passages_is_taken_out() -> None:
    parts, error = _read([TRUE, ORDERED])
    assert error is None
    assert _texts(parts) == ["Max Hollein dirige le Met depuis 2018."]
    assert reduce(add, parts).removed == (FOREIGN,)


def test_a_model_that_goes_on_without_foundation_is_left() -> None:
    written: list[int] = []

    def pieces() -> Iterable[str]:
        for number in range(100):
            written.append(number)
            yield FALSE

    parts, error = _read(pieces())
    assert _texts(parts) == []
    assert isinstance(error, ProviderRefusedError)
    assert len(written) < 10


@pytest.mark.parametrize("said", ["", FALSE, FALSE * 2])
def test_a_stream_that_breaks_before_anything_is_told_may_be_tried_again(said: str) -> None:
    parts, error = _read([said], ends=None)
    assert _texts(parts) == []
    assert isinstance(error, ProviderUnavailableError)


def test_an_answer_of_marks_alone_is_none() -> None:
    _, error = _read(["[1] [2]"])
    assert isinstance(error, ProviderRefusedError)
    assert "n’a rien répondu" in str(error)


def test_a_truncated_answer_keeps_what_is_borne_out_and_says_so() -> None:
    parts, error = _read([TRUE, "Le musée"], ends="length")
    assert error is None
    whole = reduce(add, parts)
    assert (whole.complete, [s.text for s in whole.sentences]) == (
        False,
        ["Max Hollein dirige le Met depuis 2018."],
    )
