"""Scores: scaled, blended, and n-grams that forgive a typing error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ranking import GramScorer, blend, scale
from ingest.french import grams

_scores = st.dictionaries(st.integers(0, 5), st.floats(0, 100), max_size=5)


def _scorer(*words: str, frequency: int = 2) -> GramScorer:
    known = {gram: frequency for word in words for gram in grams(word)}
    return GramScorer(words, known, documents=100, mean_length=50)


@pytest.mark.parametrize(
    ("scores", "scaled"),
    [
        ({1: 4.0, 2: 1.0}, {1: 1.0, 2: 0.25}),
        ({1: 0.0, 2: 0.0}, {1: 0.0, 2: 0.0}),
        ({1: 2.0, 2: -1.0}, {1: 1.0, 2: 0.0}),
        ({1: -2.0}, {1: 0.0}),
        ({}, {}),
    ],
)
def test_scaling_makes_the_best_one_and_nothing_negative(
    scores: dict[int, float], scaled: dict[int, float]
) -> None:
    assert scale(scores) == scaled


@given(_scores)
def test_scaling_keeps_the_order(scores: dict[int, float]) -> None:
    scaled = scale(scores)
    assert all(scaled[a] <= scaled[b] for a in scores for b in scores if scores[a] <= scores[b])


@pytest.mark.parametrize(
    ("weight", "blended"), [(0.5, {1: 0.75, 2: 0.25}), (1.0, {1: 1.0, 2: 0.0}), (0.0, {1: 0.5, 2: 0.5})]
)
def test_a_blend_weighs_both_sides(weight: float, blended: dict[int, float]) -> None:
    assert blend({1: 1.0}, {1: 0.5, 2: 0.5}, weight=weight) == blended


@given(_scores, _scores)
def test_a_blend_lies_between_its_sides(one: dict[int, float], other: dict[int, float]) -> None:
    for key, score in blend(one, other).items():
        low, high = sorted((one.get(key, 0.0), other.get(key, 0.0)))
        assert low - 1e-9 <= score <= high + 1e-9


def test_a_document_without_a_gram_of_the_question_scores_nothing() -> None:
    assert _scorer("musee").score({"xyz": 3}) == 0.0


@given(st.integers(1, 20))
def test_more_of_the_word_at_one_length_scores_more(count: int) -> None:
    scorer = _scorer("musee")
    filled = {"musee": count, "zzzzz": 30 - count}
    fuller = {"musee": count + 1, "zzzzz": 29 - count}
    assert scorer.score(fuller) > scorer.score(filled)


def test_a_longer_document_scores_less() -> None:
    scorer = _scorer("musee")
    assert scorer.score({"musee": 1, "zzzzz": 50}) < scorer.score({"musee": 1})


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    assert _scorer("musee", frequency=1).score({"musee": 1}) > _scorer("musee", frequency=90).score(
        {"musee": 1}
    )


@pytest.mark.parametrize("typo", ["numerqiue", "numeriqe", "numeriques", "nummerique"])
def test_a_typing_error_still_scores(typo: str) -> None:
    exact, wrong = (_scorer("numerique").score({word: 1}) for word in ("numerique", typo))
    assert 0 < wrong < exact


def test_a_word_unknown_to_the_vault_adds_nothing() -> None:
    assert GramScorer(["musee"], {}, documents=100, mean_length=50).score({"musee": 3}) == 0.0
