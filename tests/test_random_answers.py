"""A model that cites at random: nothing it invents is shown, and nothing shown is taken back."""

import asyncio
import random
import re
from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import accumulate, pairwise
from operator import add

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from assistant import Answer, AnswerChain
from assistant.answer import Passage, Question
from assistant.model_writer import ModelWriter
from assistant.retriever import Finding
from ingest.clean import clean
from ingest.errors import ProviderError
from ingest.french import fold
from tests.random_answers import draw_answer

SEED = 11
QUESTIONS = (
    "Pourquoi développer une stratégie numérique dans les musées ?",
    "Comment évaluer un projet numérique ?",
    "Quels sont les risques du numérique ?",
    "Qui était annoncé au forum MuseumXTD ?",
)
_SHOWN = re.compile(r"«\s*([^«»]+?)\s*»|“([^“”]+)”|\"([^\"]+)\"|‹\s*([^‹›]+?)\s*›")


@pytest.fixture(scope="module")
def findings(demo_chain: AnswerChain) -> list[Finding]:
    """What real questions find in the demonstration vault."""
    return [demo_chain.examine(question)[1] for question in QUESTIONS]


def _write(said: str, finding: Finding) -> list[Answer]:
    model = GenericFakeChatModel(messages=iter([AIMessage(said)] * 2))
    return list(_parts(ModelWriter(model).write(Question("Que dit-on ?"), finding)))


def _parts(parts: Iterator[Answer]) -> Iterator[Answer]:
    """Yield the parts; one of which nothing is borne out is a failure, which the chain makes extracts of."""
    try:
        yield from parts
    except ProviderError:
        return


async def _awrite(said: str, finding: Finding) -> list[Answer]:
    model = GenericFakeChatModel(messages=iter([AIMessage(said)] * 2))
    parts = []
    try:
        async for part in ModelWriter(model).awrite(Question("Que dit-on ?"), finding):
            parts.append(part)  # noqa: PERF401 - what came before a failure counts
    except ProviderError:
        pass
    return parts


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text)))


def _is_in(quotation: str, passages: Sequence[Passage]) -> bool:
    """Tell whether each part of a quotation, between ellipses, is in one of the passages, as a reader sees it."""
    parts = [_letters(part) for part in re.split(r"\[…\]|…|\.{3}", quotation)]
    return any(
        all(part in _letters(passage.text) or part in _letters(clean(passage.text)) for part in parts)
        for passage in passages
    )


def _check(said: str, finding: Finding) -> None:
    parts = _write(said, finding)
    answer = reduce(add, parts, Answer())
    by_number = {passage.number: passage for passage in finding.passages}
    assert {int(n) for n in re.findall(r"\[(\d+)\]", answer.text)} <= by_number.keys(), said
    assert not re.search(r"[⁰¹²³⁴-⁹【】†]|\[\[|\]\]|\(\d{1,2}\)", answer.text), said
    for sentence in answer.sentences:
        cited = [by_number[number] for number in sentence.numbers]
        for groups in _SHOWN.findall(sentence.text):
            assert _is_in("".join(groups), cited), (said, groups)
        assert len(re.findall("[«‹“]", sentence.text)) == len(re.findall("[»›”]", sentence.text)), said
    for citation in answer.citations:
        passage = by_number[citation.number]
        start, end = citation.start - passage.start, citation.end - passage.start
        assert passage.text[start:end] == citation.quote != "", said
    texts = [whole.text for whole in accumulate(parts)]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts)), said
    assert asyncio.run(_awrite(said, finding)) == parts, said


def _run(rounds: int, findings: Sequence[Finding]) -> None:
    dice = random.Random(SEED)  # noqa: S311 - drawn again the same
    for _ in range(rounds):
        finding = dice.choice(findings)
        _check(draw_answer(dice, finding.passages), finding)


def test_100_answers_that_cite_at_random_show_nothing_invented(findings: list[Finding]) -> None:
    _run(100, findings)


@pytest.mark.campaign
def test_10_000_answers_that_cite_at_random_show_nothing_invented(findings: list[Finding]) -> None:
    _run(10_000, findings)
