"""Whether the notes answer, and how a refusal says so."""

from typing import Any

import pytest

from assistant.answer import Passage, Question
from assistant.chain import AnswerChain
from assistant.gaps import find_gaps, name_of
from assistant.retriever import Finding
from assistant.terms import Term
from assistant.verdict import NEAREST, REFUSALS, SILENT, decide_verdict, refusal

QUESTION = Question("Combien de visiteurs viennent en été ?")
PATHS = ("Lieux/Musée. Le plan.md", "Publics.md", "Lieux/Salle.md", "Été.md")


def _finding(held: float, paths: tuple[str, ...] = PATHS) -> Finding:
    """Return what was found for a question of which the first passage says this share, all at once."""
    passages = tuple(
        Passage(
            number=number, note_id=f"n{number}", note=name_of(path), path=path, heading=(), text="Dix visiteurs viennent au musée.",
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
        (0.3, "nearest"),
        (0.32, "answered"),
        (1.0, "answered"),
    ],
)
def test_the_verdict_follows_how_much_of_the_question_the_passages_hold(held: float, verdict: str) -> None:
    assert decide_verdict(QUESTION, _finding(held)) == verdict


def test_question_is_answered_where_half_of_it_is() -> None:
    asked = Question("Comment accueillir les visiteurs, et qui répare le carburateur ?")
    terms = (Term("visiteur", 3.0), Term("carbur", 3.0), Term("repar", 0.1), Term("accueil", 0.1))
    finding = Finding(_finding(1.0).passages, terms)
    assert decide_verdict(asked, finding) == "answered"
    assert decide_verdict(Question("Quels visiteurs pour un carburateur à réparer ?"), finding) == "answered"


def test_without_a_passage_the_notes_are_silent() -> None:
    assert decide_verdict(QUESTION, _finding(1.0, ())) == "silent"


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
    assert part.gaps == find_gaps(QUESTION, _finding(0.1))


def test_refusals_are_french_sentences_with_their_typography() -> None:
    assert all(text.startswith("Vos notes") and text.endswith(".") for text in REFUSALS)
    assert not any(f" {mark}" in text for text in REFUSALS for mark in ";:?!")


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
