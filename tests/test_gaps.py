"""What the notes leave open: the parts of a question, and the note that would fill each."""

import pytest

from assistant.answer import Gap, Passage, Question
from assistant.chain import AnswerChain
from assistant.gaps import find_gaps, find_open_parts, name_of, split_parts
from assistant.retriever import Finding
from assistant.terms import Term
from ingest.note import parse_note

QUESTION = Question("Combien de visiteurs viennent en été ?")
PATHS = ("Lieux/Musée. Le plan.md", "Publics.md", "Lieux/Salle.md", "Été.md")
TWO = Question("Comment accueillir les visiteurs, et qui répare le carburateur ?")


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


def _gap(paths: tuple[str, ...] = PATHS) -> Gap:
    (gap,) = find_gaps(QUESTION, _finding(0.1, paths))
    return gap


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ("Quel musée dirige-t-elle, et la visite a-t-elle un avenir ?", ["Quel musée dirige-t-elle", "la visite a-t-elle un avenir"]),
        ("Qui anime la table ronde, et avec quels invités ?", ["Qui anime la table ronde", "avec quels invités"]),
        ("Combien coûte un audioguide ? Faut-il une application ?", ["Combien coûte un audioguide", "Faut-il une application"]),
        ("Qui finance le projet ; à quelles conditions ?", ["Qui finance le projet", "à quelles conditions"]),
        ("Pourquoi numériser, comment publier ?", ["Pourquoi numériser", "comment publier"]),
        ("Comment créer et diffuser un podcast ?", ["Comment créer et diffuser un podcast"]),
        ("Que dit la note du musée, qui date de 2019, des publics et des usages ?", ["Que dit la note du musée, qui date de 2019, des publics et des usages"]),
        ("Médiation et publics", ["Médiation et publics"]),
        ("?", []),
    ],
)  # fmt: skip
def test_question_falls_into_what_it_asks_one_after_the_other(asked: str, parts: list[str]) -> None:
    assert split_parts(asked) == parts


def test_part_that_no_passage_bears_on_is_open_and_the_other_is_not() -> None:
    terms = (Term("visiteur", 1.0), Term("accueil", 0.1), Term("repar", 2.0), Term("carbur", 3.0))
    (gap,) = find_open_parts(TWO, Finding(_finding(1.0).passages, terms))
    assert gap.question == "qui répare le carburateur"
    assert gap.nearest == ()


def test_question_of_one_part_has_no_open_part() -> None:
    assert find_open_parts(QUESTION, _finding(0.0)) == ()


def test_answer_says_which_part_the_notes_leave_open(demo_chain: AnswerChain) -> None:
    answer = demo_chain.invoke("Que dit Agnès Benayer du Centre Pompidou, et qui répare le carburateur ?")
    assert answer.verdict == "answered"
    assert [gap.question for gap in answer.gaps] == ["qui répare le carburateur"]


def test_a_gap_names_the_nearest_three_notes_each_once() -> None:
    gap = _gap(("Publics.md", "Publics.md", *PATHS))
    assert gap.question == QUESTION.text
    assert gap.nearest == ("Publics", "Musée. Le plan", "Salle")


def test_a_stub_is_a_note_with_a_header_the_question_and_links() -> None:
    stub = _gap().stub
    note = parse_note(stub, "Note.md")
    assert (note.title, note.tags) == (QUESTION.text, ("question",))
    assert "- [[Musée. Le plan]]\n- [[Publics]]\n" in stub


def test_a_stub_links_to_each_note_once() -> None:
    stub = _gap(("Publics.md", "Publics.md", "Été.md")).stub
    assert (stub.count("[[Publics]]"), stub.count("[[Été]]")) == (1, 1)


def test_a_stub_without_a_note_near_has_no_links() -> None:
    gap = _gap(())
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
