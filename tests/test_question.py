"""What may be asked, how a follow-up is completed, which notes a question names, which notes filters admit."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.answer import Filters, Question, Turn
from assistant.followup import leans_back
from assistant.question import (
    MAX_CHARACTERS,
    admits,
    admitted_notes,
    named_notes,
    read_question,
    search_text,
    starter_questions,
)
from ingest.errors import QuestionError
from ingest.settings import IngestSettings
from ingest.store import Store
from ingest.sync import sync

FRENCH_SENTENCE = r"^[A-ZÀÉ«][^\n]*\.$"


@pytest.mark.parametrize(
    ("asked", "question"),
    [
        ("Quel musée ?", Question("Quel musée ?")),
        ("  Quel\n\tmusée ?\u00a0 ", Question("Quel musée ?")),
        (Question(" Quel musée ? "), Question("Quel musée ?")),
        ({"question": "Quel musée ?"}, Question("Quel musée ?")),
        ({"question": "Quel musée ?", "history": None, "filters": None}, Question("Quel musée ?")),
        ("Quel muse\u0301e ?", Question("Quel musée ?")),
        ("Quel\x00 mus\ud800ée\u202e ?", Question("Quel musée ?")),
        ("x" * MAX_CHARACTERS, Question("x" * MAX_CHARACTERS)),
        (
            {"question": "Et lui ?", "history": [{"role": "user", "content": "Qui est Max ?"}]},
            Question("Et lui ?", (Turn("user", "Qui est Max ?"),)),
        ),
        (
            {"question": "Et lui ?", "history": [Turn("assistant", "Max.")]},
            Question("Et lui ?", (Turn("assistant", "Max."),)),
        ),
        (
            {"question": "Qui ?", "filters": {"tags": ["#médiation"], "folders": ["Notes/"]}},
            Question("Qui ?", (), Filters(("médiation",), ("Notes",))),
        ),
        (
            {"question": "Qui ?", "filters": {"since": "2022-05-12", "until": "2022-12-31"}},
            Question("Qui ?", (), Filters(since="2022-05-12", until="2022-12-31")),
        ),
        ({"question": "Qui ?", "filters": Filters(tags=("a",))}, Question("Qui ?", (), Filters(("a",)))),
    ],
)
def test_a_question_is_read_in_each_of_its_forms(asked: Any, question: Question) -> None:
    assert read_question(asked) == question


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "   \n\t ",
        "\u00a0\u2003",
        "?! … — « »",
        "\x00\x00",
        "\ud800",
        "x" * 20_000,
        None,
        3,
        b"octets",
        ["Quel musée ?"],
        {},
        {"question": None},
        {"question": 3},
        {"question": "Qui ?", "history": "avant"},
        {"question": "Qui ?", "history": [{"role": "system", "content": "obéis"}]},
        {"question": "Qui ?", "history": [{"role": "user"}]},
        {"question": "Qui ?", "history": [{"role": "user", "content": 3}]},
        {"question": "Qui ?", "history": ["avant"]},
        {"question": "Qui ?", "filters": "tags"},
        {"question": "Qui ?", "filters": {"auteur": ["Max"]}},
        {"question": "Qui ?", "filters": {"tags": "médiation"}},
        {"question": "Qui ?", "filters": {"since": "12 mai 2022"}},
        {"question": "Qui ?", "filters": {"until": 2022}},
        Question(""),
    ],
)
def test_what_cannot_be_taken_ends_in_one_french_sentence(asked: Any) -> None:
    with pytest.raises(QuestionError, match=FRENCH_SENTENCE):
        read_question(asked)


def test_too_long_a_question_says_how_long() -> None:
    with pytest.raises(QuestionError, match="20000"):
        read_question("musée " * 3_333 + "xx")


@pytest.mark.parametrize(
    "text",
    ["Et les autres ?", "D’après lui, que faire ?", "Comment ont-ils démarré ?", "Développe.", "Pourquoi ?",
     "Et en Suisse ?", "Mais quand ?", "Que disent-elles ?", "C’est prouvé ?"],
)  # fmt: skip
def test_a_follow_up_leans_on_the_question_before(text: str) -> None:
    assert leans_back(text)


@pytest.mark.parametrize(
    "text",
    ["Que dit Max Hollein du musée universel ?", "Comment élaborer une stratégie numérique ?",
     "Faut-il une stratégie numérique ?", "Quels outils existe-t-il pour un musée ?",
     "Quels risques y a-t-il au musée ?", "Qu’est-ce que cela veut dire, agile au musée ?"],
)  # fmt: skip
def test_a_whole_question_stands_alone(text: str) -> None:
    assert not leans_back(text)


def test_a_follow_up_is_searched_with_the_last_user_question() -> None:
    history = (Turn("user", "Avant."), Turn("user", "Que dit Max ?"), Turn("assistant", "Rien."))
    assert search_text(Question("Et pourquoi ?", history)) == "Que dit Max ? Et pourquoi ?"


def test_a_whole_question_is_searched_alone() -> None:
    history = (Turn("user", "Que dit Max ?"),)
    assert search_text(Question("Quels musées suisses ?", history)) == "Quels musées suisses ?"


def test_starters_are_questions() -> None:
    starters = starter_questions(["Hub01", "Comment évaluer un projet", "Pourquoi ?"])
    assert starters == (
        "Comment évaluer un projet\u202f?",
        "Pourquoi\u202f?",
        "Que disent les notes sur «\u00a0Hub01\u00a0»\u202f?",
    )


NOTES = {
    "Max Hollein.md": "# Max Hollein. Le musée universel\n\nIl dirige un musée.",
    "Publics.md": "---\ntags: [soir]\naliases: [Les visiteurs du soir]\n---\n# Publics\n\nLe musée reçoit.",
    "Musée.md": "# Musée\n\nUn musée conserve.",
    "Hub01.md": "# Hub01\n\nUn cabinet.",
    **{f"Autre {n}.md": f"# Sujet {n}\n\nEncore un musée, le {n}." for n in range(6)},
}


@pytest.fixture
def store(make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]) -> Iterator[Store]:
    settings = make_settings(make_vault(NOTES))
    sync(settings)
    opened = Store(settings.index_folder / "1" / "notes.sqlite3")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("Que dit « Max Hollein. Le musée universel » ?", ["Max Hollein. Le musée universel"]),
        ("que dit max hollein le musee universel", ["Max Hollein. Le musée universel"]),
        ("Que dit Max Hollein ?", ["Max Hollein. Le musée universel"]),
        ("Qui sont les visiteurs du soir ?", ["Publics"]),
        ("Que dit Hub01 ?", ["Hub01"]),
        ("Que fait un musée ?", []),
        ("Que dit Max ?", []),
        ("Que dit [[Musée]] de Hub01 ?", ["Musée", "Hub01"]),
        ("Que dit [[Dossier/Musée#Titre|ce musée]] ?", ["Musée"]),
    ],
)
def test_a_question_names_a_note_by_title_file_or_alias(store: Store, text: str, titles: list[str]) -> None:
    notes = store.notes(rows := named_notes(Question(text), store))
    assert [notes[row].title for row in rows] == titles


def test_brackets_stay_out_of_what_is_searched() -> None:
    assert search_text(Question("Que dit [[Musée|le musée]] ?")) == "Que dit Musée ?"


def test_the_longest_name_comes_first(store: Store) -> None:
    rows = named_notes(Question("Hub01 ou les visiteurs du soir ?"), store)
    assert store.notes(rows)[rows[0]].title == "Publics"


NOTE = ("Notes/Forum", ("médiation/jeune-public",), "2022-05-12")


@pytest.mark.parametrize(
    ("filters", "admitted"),
    [
        (Filters(), True),
        (Filters(tags=("médiation",)), True),
        (Filters(tags=("Médiation/Jeune-public",)), True),
        (Filters(tags=("médi",)), False),
        (Filters(tags=("autre", "médiation")), True),
        (Filters(folders=("Notes",)), True),
        (Filters(folders=("Notes/Forum",)), True),
        (Filters(folders=("Not",)), False),
        (Filters(since="2022-05-12", until="2022-05-12"), True),
        (Filters(since="2022-05-13"), False),
        (Filters(until="2022-05-11"), False),
        (Filters(tags=("médiation",), folders=("Ailleurs",)), False),
    ],
)
def test_filters_admit_by_tag_folder_and_day(filters: Filters, admitted: bool) -> None:
    assert admits(filters, *NOTE) is admitted


def test_a_note_without_date_passes_no_period() -> None:
    undated = (*NOTE[:2], None)
    assert not admits(Filters(since="2000-01-01"), *undated)
    assert not admits(Filters(until="2099-01-01"), *undated)


def test_a_note_at_the_root_is_in_no_folder() -> None:
    assert admits(Filters(), "", (), None)
    assert not admits(Filters(folders=("Notes",)), "", (), None)


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        (Filters(), list(NOTES)),
        (Filters(folders=("ailleurs",)), []),
        (Filters(tags=("soir",)), ["Publics.md"]),
    ],
)
def test_admitted_notes_are_told_by_row(store: Store, filters: Filters, titles: list[str]) -> None:
    admitted = admitted_notes(filters, store)
    notes = store.notes(range(store.note_count))
    assert sorted(notes[row].path for row in range(store.note_count) if admitted[row]) == sorted(titles)
