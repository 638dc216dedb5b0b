"""How much of what a question asks for its passages hold."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Passage
from assistant.coverage import BEARS, measure_coverage
from assistant.terms import Term


def _passage(number: int, text: str, *, note: str = "Note", heading: tuple[str, ...] = ()) -> Passage:
    return Passage(
        number, f"n{number}", note, f"{number}.md", heading, text, 0, len(text), "utf-8", 1.0, "proche"
    )


TERMS = (Term("mediat", 1.0), Term("numer", 2.0), Term("louvr", 3.0))
FILLER = "Une salle accueille tous les jours des familles du quartier."
ALL = "La médiation numérique du Louvre touche un public éloigné."


def _coverage(*texts: str, terms: tuple[Term, ...] = TERMS) -> float:
    return measure_coverage(terms, [_passage(n, text) for n, text in enumerate(texts, start=1)])


@pytest.mark.parametrize(
    ("texts", "share"),
    [
        ((), 0.0),
        ((FILLER,), 0.0),
        ((ALL,), 1.0),
        (
            (
                "La médiation se fait à deux dans la grande salle.",
                "Le numérique entre au Louvre, dans la salle.",
            ),
            11 / 12,
        ),
        (("La médiation se fait à deux.\n\nLe numérique se répand.\n\nLe Louvre est un palais.",), 0.75),
        ((FILLER, FILLER, FILLER, ALL), 0.5),
    ],
    ids=[
        "no passage",
        "nothing",
        "all at once",
        "two statements",
        "three statements",
        "beyond the third passage",
    ],
)
def test_coverage_is_the_mean_of_the_first_passages_together_and_of_the_best_statement(
    texts: tuple[str, ...], share: float
) -> None:
    assert _coverage(*texts) == pytest.approx(share)


def test_title_and_headings_hold_words_for_the_passages_together() -> None:
    passage = _passage(1, FILLER, note="Le Louvre", heading=("La médiation",))
    assert measure_coverage(TERMS, [passage]) == pytest.approx(4 / 6 / 2)


def test_question_without_a_word_is_not_covered() -> None:
    assert _coverage(ALL, terms=()) == 0.0


def test_repaired_word_covers_for_half() -> None:
    sure, doubtful = (_coverage(ALL, terms=(Term("louvr", 3.0, {}, certainty),)) for certainty in (1.0, 0.5))
    assert (sure, doubtful) == (1.0, 0.5)


def test_what_stands_for_a_word_covers_for_its_share() -> None:
    assert _coverage(ALL, terms=(Term("palais", 1.0, {("louvr",): 0.5, ("absent",): 0.9}),)) == pytest.approx(
        0.5
    )


def test_word_that_only_asks_calls_for_a_fifth() -> None:
    asking = Term("expliqu", 1.0)
    assert _coverage(ALL, terms=(Term("louvr", 1.0), asking)) == pytest.approx(1 / 1.2)


def test_words_of_the_whole_question_weigh_what_they_claim() -> None:
    assert _coverage("Le Louvre est un palais de la ville.") == pytest.approx(0.5)


@pytest.mark.parametrize(("weight", "share"), [(1.0, 0.75), (3.0, 0.3), (12.0, BEARS), (27.0, 0.1)])
def test_what_is_said_around_a_thing_that_is_never_named_counts_for_less(weight: float, share: float) -> None:
    asked = (Term("louvr", 3.0), Term("menu", weight, known=False, names=True))
    assert _coverage("Le palais du Louvre ouvre tard.", terms=asked) == pytest.approx(share)


@pytest.mark.parametrize(
    ("asked", "share"),
    [("Que dit le Louvre ?", 1.0), ("Quand ouvre le Louvre ?", 0.85), ("Qui est le Louvre ?", 1.0)],
)
def test_what_has_not_the_form_of_the_answer_says_less(asked: str, share: float) -> None:
    passage = _passage(1, "Un palais, le Louvre, ouvre tard.")
    assert measure_coverage((Term("louvr", 3.0),), [passage], asked) == pytest.approx(share)


_SAID = st.lists(
    st.sampled_from("médiation numérique Louvre palais salle. ville.\n\n".split(" ")), max_size=9
).map(" ".join)
_TERM = st.builds(
    Term, st.sampled_from(["mediat", "numer", "louvr", "expliqu"]), st.floats(0.1, 9),
    st.dictionaries(st.sampled_from([("palais",), ("sall", "vill")]), st.floats(0.01, 1), max_size=2),
    st.sampled_from([0.5, 1.0]),
)  # fmt: skip


@given(st.lists(_SAID, max_size=5), st.lists(_TERM, max_size=4).map(tuple))
def test_coverage_lies_between_zero_and_one_and_doubt_never_raises_it(
    texts: list[str], terms: tuple[Term, ...]
) -> None:
    sure = _coverage(*texts, terms=tuple(replace(term, certainty=1.0) for term in terms))
    assert 0 <= _coverage(*texts, terms=terms) <= sure + 1e-9 <= 1 + 1e-6


def test_question_that_only_asks_is_not_covered() -> None:
    assert _coverage("On explique comment faire.", terms=(Term("expliqu", 1.0), Term("comment", 1.0))) == 0.0
