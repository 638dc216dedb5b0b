"""Whether the notes answer, and a refusal that says what is missing and where to write it."""

from typing import Any

import pytest

from assistant.answer import Passage, Question
from assistant.chain import AnswerChain
from assistant.retriever import Finding
from assistant.verdict import NEAREST, REFUSALS, SILENT, decide_verdict, find_gap, name_of, refusal
from ingest.note import parse_note

QUESTION = Question("Combien de visiteurs viennent en été ?")
PATHS = ("Lieux/Musée. Le plan.md", "Publics.md", "Lieux/Salle.md", "Été.md")


def _finding(coverage: float, paths: tuple[str, ...] = PATHS) -> Finding:
    passages = tuple(
        Passage(
            number=number, note_id=f"n{number}", note=name_of(path), path=path, heading=(), text="Texte.",
            start=0, end=6, encoding="utf-8", score=1.0, reason="proche",
        )
        for number, path in enumerate(paths, start=1)
    )  # fmt: skip
    return Finding(passages, {"visiteur": 1.0}, coverage)


@pytest.mark.parametrize(
    ("coverage", "verdict"),
    [(0.0, "silent"), (0.1, "silent"), (0.17, "nearest"), (0.25, "answered"), (1.0, "answered")],
)
def test_the_verdict_follows_how_much_of_the_question_the_passages_hold(
    coverage: float, verdict: str
) -> None:
    assert decide_verdict(_finding(coverage)) == verdict


def test_without_a_passage_the_notes_are_silent() -> None:
    assert decide_verdict(_finding(1.0, ())) == "silent"


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


UNCALIBRATED = pytest.mark.xfail(reason="words alone: the verdict is not calibrated yet")


@pytest.mark.parametrize(
    "question",
    ["Quelle est la température du soleil ?", "Comment réparer un carburateur de tondeuse ?",
     "Quelle est la recette de la tarte aux pommes ?",
     pytest.param("Qui a gagné la coupe du monde de football ?", marks=UNCALIBRATED)],
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
