"""Answers are values: their parts add up, and their public form is one schema."""

import json
from dataclasses import replace
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer, Citation, Gap, Label, Passage, Sentence, Verdict
from assistant.usage import Usage

PASSAGE = Passage(
    number=1, note_id="a1", note="Musée", path="Lieux/Musée.md", heading=("Histoire",), text="Il ouvre en 1977.",
    start=10, end=27, encoding="utf-8", score=0.5, reason="proche", date="2022-05-12", tags=("lieu",),
)  # fmt: skip
CITATION = Citation(
    number=1, note_id="a1", note="Musée", path="Lieux/Musée.md", heading=("Histoire",), quote="en 1977",
    start=19, end=26, encoding="utf-8",
)  # fmt: skip
WHOLE = Answer(
    question="Quand ?",
    sentences=(Sentence("Il ouvre en 1977.", "verbatim", (1,)),),
    citations=(CITATION,),
    passages=(PASSAGE,),
    gaps=(Gap("Quand ?", ("Musée",), "# Quand ?"),),
    verdict="answered",
    mode="extracts",
)

_texts = st.text(max_size=8)
_sentences = st.builds(
    Sentence,
    _texts,
    st.sampled_from(["verbatim", "supported", "unsupported", "link"]),
    st.tuples(st.integers(1, 3)),
)
_citations = st.integers(0, 3).map(lambda start: replace(CITATION, start=start))
_answers = st.builds(
    Answer,
    question=_texts,
    sentences=st.lists(_sentences, max_size=2).map(tuple),
    citations=st.lists(_citations, max_size=3, unique=True).map(tuple),
    passages=st.lists(st.just(PASSAGE), max_size=1).map(tuple),
    gaps=st.lists(st.builds(Gap, _texts, st.just(()), _texts), max_size=1).map(tuple),
    verdict=st.sampled_from([None, "answered", "nearest", "silent"]),
    mode=st.sampled_from([None, "extracts", "model"]),
    notice=st.sampled_from([None, "Un.", "Deux."]),
    complete=st.booleans(),
    removed=st.lists(_texts, max_size=2).map(tuple),
    usage=st.builds(
        Usage,
        requests=st.integers(0, 3),
        input_tokens=st.integers(0, 9),
        cost_eur=st.sampled_from([None, 0.25, 0.5]),
        gco2eq=st.sampled_from([None, (0.25, 0.5), (1.0, 2.0)]),
    ),
)


@given(_answers, _answers, _answers)
def test_adding_parts_is_associative(one: Answer, two: Answer, three: Answer) -> None:
    assert (one + two) + three == one + (two + three)


@given(_answers)
def test_an_empty_part_changes_nothing(answer: Answer) -> None:
    assert Answer() + answer == answer == answer + Answer()


@given(st.lists(_answers, min_size=1, max_size=4))
def test_what_was_said_is_never_taken_back(parts: list[Answer]) -> None:
    whole = reduce(add, parts)
    said = [sentence for part in parts for sentence in part.sentences]
    assert list(whole.sentences) == said
    assert whole.citations[: len(parts[0].citations)] == parts[0].citations


def test_a_citation_given_twice_is_kept_once() -> None:
    part = Answer(citations=(CITATION,))
    assert (part + part).citations == (CITATION,)


def test_a_later_verdict_wins_and_an_absent_one_does_not() -> None:
    assert (Answer(verdict="answered") + Answer(verdict="nearest") + Answer()).verdict == "nearest"


def test_notices_follow_each_other() -> None:
    assert (Answer(notice="Un.") + Answer() + Answer(notice="Deux.")).notice == "Un. Deux."


def test_one_cut_part_makes_the_answer_incomplete() -> None:
    assert not (Answer(complete=False) + Answer()).complete


def test_usage_adds_requests_tokens_and_costs() -> None:
    spent = Usage(1, 10, 5, 0.25) + Usage(1, 1, 1, 0.5) + Usage()
    assert spent == Usage(2, 11, 6, 0.75)


@pytest.mark.parametrize(
    ("label", "numbers", "shown"),
    [
        ("verbatim", (1, 3), "Il ouvre. [1][3]"),
        ("supported", (2,), "Il ouvre [2]."),
        ("link", (), "Il ouvre."),
    ],
)
def test_a_sentence_shows_its_numbers(label: Label, numbers: tuple[int, ...], shown: str) -> None:
    assert str(Sentence("Il ouvre.", label, numbers)) == shown


def test_text_joins_the_sentences() -> None:
    answer = Answer(sentences=(Sentence("Un.", "link"), Sentence("Deux.", "verbatim", (1,))))
    assert answer.text == "Un. Deux. [1]"


@pytest.mark.parametrize(
    ("verdict", "citations", "grounded"),
    [
        ("answered", (CITATION,), True),
        ("answered", (), False),
        ("nearest", (CITATION,), False),
        (None, (), False),
    ],
)
def test_grounded_needs_a_verdict_and_a_citation(
    verdict: Verdict | None, citations: tuple[Citation, ...], grounded: bool
) -> None:
    assert Answer(verdict=verdict, citations=citations).grounded is grounded


def test_json_has_the_keys_of_the_schema_and_no_other() -> None:
    public = WHOLE.to_dict()
    assert (
        list(public)
        == (
            "question text verdict grounded mode notice complete sentences citations passages gaps removed usage"
        ).split()
    )
    assert list(public["sentences"][0]) == ["text", "label", "numbers"]
    assert list(public["citations"][0]) == "number note path heading quote start end encoding url".split()
    assert (
        list(public["passages"][0]) == "number note path heading text start end encoding score reason".split()
    )
    assert list(public["gaps"][0]) == ["question", "nearest", "stub"]
    assert list(public["usage"]) == "requests input_tokens output_tokens cost_eur gco2eq".split()


def test_json_round_trip_changes_nothing() -> None:
    public = replace(WHOLE, usage=Usage(1, 2, 3, 0.1, (0.2, 0.4))).to_dict()
    assert json.loads(json.dumps(public)) == public


def test_url_is_null_unless_a_server_is_there() -> None:
    assert WHOLE.to_dict()["citations"][0]["url"] is None
    assert WHOLE.to_dict(served=True)["citations"][0]["url"] == "/note/a1#19-26"
