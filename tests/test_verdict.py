"""Whether the notes answer, and a refusal that says what is missing and where to write it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Passage, Question
from assistant.chain import AnswerChain
from assistant.retriever import Finding
from assistant.terms import Term
from assistant.verdict import (
    NEAREST,
    REFUSALS,
    SILENT,
    decide_verdict,
    find_gap,
    measure_coverage,
    name_of,
    refusal,
)
from ingest.note import parse_note

QUESTION = Question("Combien de visiteurs viennent en été ?")
PATHS = ("Lieux/Musée. Le plan.md", "Publics.md", "Lieux/Salle.md", "Été.md")


def _finding(held: float, paths: tuple[str, ...] = PATHS) -> Finding:
    """Return what was found for a question of which the first passage says this share, all at once."""
    passages = tuple(
        Passage(
            number=number, note_id=f"n{number}", note=name_of(path), path=path, heading=(), text="Les visiteurs viennent au musée.",
            start=0, end=32, encoding="utf-8", score=1.0, reason="proche",
        )
        for number, path in enumerate(paths, start=1)
    )  # fmt: skip
    return Finding(passages, (Term("visiteur", held), Term("absent", 1 - held)))


@pytest.mark.parametrize(
    ("held", "verdict"),
    [
        (0.0, "silent"),
        (0.15, "silent"),
        (0.17, "nearest"),
        (0.28, "nearest"),
        (0.3, "answered"),
        (1.0, "answered"),
    ],
)
def test_the_verdict_follows_how_much_of_the_question_the_passages_hold(held: float, verdict: str) -> None:
    assert decide_verdict(_finding(held)) == verdict


def test_without_a_passage_the_notes_are_silent() -> None:
    assert decide_verdict(_finding(1.0, ())) == "silent"


# How much of a question the passages hold


def _passage(number: int, text: str, *, note: str = "Note", heading: tuple[str, ...] = ()) -> Passage:
    return Passage(
        number, f"n{number}", note, f"{number}.md", heading, text, 0, len(text), "utf-8", 1.0, "proche"
    )


TERMS = (Term("mediat", 1.0), Term("numer", 2.0), Term("louvr", 3.0))
FILLER = "Une salle accueille tous les jours des familles du quartier."
ALL = "La médiation numérique du Louvre touche un public éloigné."


def _coverage(*texts: str, terms: tuple[Term, ...] = TERMS) -> float:
    return measure_coverage(Finding(tuple(_passage(n, text) for n, text in enumerate(texts, start=1)), terms))


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
    assert measure_coverage(Finding((passage,), TERMS)) == pytest.approx(4 / 6 / 2)


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


# Refusals


@pytest.mark.parametrize("verdict", ["nearest", "silent"])
def test_a_refusal_says_so_without_claiming_anything(verdict: str) -> None:
    part = refusal(QUESTION, _finding(0.1), "silent" if verdict == "silent" else "nearest")
    (sentence,) = part.sentences
    assert sentence.text == (SILENT if verdict == "silent" else NEAREST)
    assert (sentence.label, sentence.numbers, part.citations) == ("link", (), ())


def test_a_refusal_carries_its_verdict_and_its_gap() -> None:
    part = refusal(QUESTION, _finding(0.1), "nearest")
    assert (part.verdict, part.grounded) == ("nearest", False)
    assert part.gaps == (find_gap(QUESTION, _finding(0.1)),)


def test_refusals_are_french_sentences_with_their_typography() -> None:
    assert all(text.startswith("Vos notes") and text.endswith(".") for text in REFUSALS)
    assert not any(f" {mark}" in text for text in REFUSALS for mark in ";:?!")


def test_a_gap_names_the_nearest_three_notes_each_once() -> None:
    gap = find_gap(QUESTION, _finding(0.1, ("Publics.md", "Publics.md", *PATHS)))
    assert gap.question == QUESTION.text
    assert gap.nearest == ("Publics", "Musée. Le plan", "Salle")


def test_a_stub_is_a_note_with_a_header_the_question_and_links() -> None:
    stub = find_gap(QUESTION, _finding(0.1)).stub
    note = parse_note(stub, "Note.md")
    assert (note.title, note.tags) == (QUESTION.text, ("question",))
    assert "- [[Musée. Le plan]]\n- [[Publics]]\n" in stub


def test_a_stub_links_to_each_note_once() -> None:
    stub = find_gap(QUESTION, _finding(0.1, ("Publics.md", "Publics.md", "Été.md"))).stub
    assert (stub.count("[[Publics]]"), stub.count("[[Été]]")) == (1, 1)


def test_a_stub_without_a_note_near_has_no_links() -> None:
    gap = find_gap(QUESTION, _finding(0.0, ()))
    assert gap.nearest == ()
    assert "[[" not in gap.stub
    assert "Voir aussi" not in gap.stub


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Note.md", "Note"),
        ("a/b/Note.md", "Note"),
        ("a.b/AMS. Le plan.md", "AMS. Le plan"),
        ("N.markdown", "N"),
    ],
)
def test_a_note_is_linked_by_its_file_name(path: str, name: str) -> None:
    assert name_of(path) == name


@pytest.mark.parametrize(
    "question",
    ["Quelle est la température du soleil ?", "Comment réparer un carburateur de tondeuse ?",
     "Quelle est la recette de la tarte aux pommes ?",
     "Qui a gagné la coupe du monde de football ?"],
)  # fmt: skip
def test_a_question_on_another_subject_is_not_answered(demo_chain: AnswerChain, question: str) -> None:
    assert demo_chain.invoke(question).verdict != "answered"


def test_a_refused_question_comes_with_its_gap(demo_chain: AnswerChain) -> None:
    answer = demo_chain.invoke("Comment réparer un carburateur de tondeuse ?")
    assert answer.sentences[0].text in REFUSALS
    assert not answer.grounded
    assert answer.gaps[0].question == answer.question


def test_questions_on_another_subject_are_refused_on_the_real_vault(
    real_chain: AnswerChain, gold: list[dict[str, Any]]
) -> None:
    asked = [case["question"] for case in gold if case["kind"] == "hors_sujet"]
    verdicts = [real_chain.invoke(question).verdict for question in asked]
    assert verdicts.count("answered") <= len(asked) / 3
