"""Files of gold questions: what is read of them, and what is said of those that cannot be."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from assistant.gold import GoldCase, load_gold, names_note
from ingest.errors import GoldError

LINE = '{"question": "Quand ouvre le musée ?", "expected_notes": ["Horaires"]}'

Load = Callable[[str | bytes], tuple[GoldCase, ...]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a function that reads gold questions of a content."""

    def read(content: str | bytes) -> tuple[GoldCase, ...]:
        path = tmp_path / "questions.jsonl"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_gold(path)

    return read


def _line(**keys: Any) -> str:
    return json.dumps({"question": "Quand ?", "expected_notes": ["Horaires"], **keys}, ensure_ascii=False)


def test_question_and_expected_notes_are_enough(load: Load) -> None:
    [case] = load(LINE)
    assert (case.id, case.kind, case.quote) == ("1", "", "")
    assert case.question.text == "Quand ouvre le musée ?"
    assert case.expected == case.acceptable == ("Horaires",)


def test_acceptable_notes_hold_those_expected_whatever_the_file_says(load: Load) -> None:
    [case] = load(_line(acceptable_notes=["Plan"]))
    assert case.acceptable == ("Horaires", "Plan")


def test_nothing_is_acceptable_where_nothing_is_expected(load: Load) -> None:
    [case] = load(_line(expected_notes=[], acceptable_notes=["Plan"]))
    assert (case.answerable, case.acceptable) == (False, ())


def test_unknown_keys_and_nulls_are_ignored(load: Load) -> None:
    [case] = load(
        _line(key_facts=[1], note={}, kind=None, id=None, quote=None, history=None, acceptable_notes=None)
    )
    assert (case.id, case.kind, case.quote, case.question.history) == ("1", "", "", ())


def test_history_comes_with_the_question(load: Load) -> None:
    turns = [{"role": "user", "content": "Avant ?"}, {"role": "assistant", "content": "Oui."}]
    [case] = load(_line(history=turns))
    assert [turn.content for turn in case.question.history] == ["Avant ?", "Oui."]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_lines_are_skipped_and_ids_are_those_of_the_lines(load: Load, end: str) -> None:
    assert [case.id for case in load(end.join(["", LINE, "  ", LINE]))] == ["2", "4"]


def test_line_separator_of_unicode_within_a_text_does_not_end_the_line(load: Load) -> None:
    [case] = load(_line(quote="un\u2028deux\x85trois"))
    assert case.quote == "un\u2028deux\x85trois"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encoding_is_that_of_the_file(load: Load, encoding: str) -> None:
    [case] = load(_line(expected_notes=["Été à Évian"]).encode(encoding))
    assert case.expected == ("Été à Évian",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "ce n’est pas du JSON"),
        ("bonjour", "ce n’est pas du JSON"),
        ("[" * 100_000, "ce n’est pas"),
        (f"[{LINE}]", "ce n’est pas un objet JSON"),
        ('"texte"', "ce n’est pas un objet JSON"),
        ('{"question": "Quand ?"}', "« expected_notes » doit être une liste"),
        ('{"expected_notes": []}', "La question doit être un texte"),
        (_line(question="  "), "La question est vide"),
        (_line(question="?!"), "aucun mot"),
        (_line(expected_notes="Horaires"), "« expected_notes » doit être une liste"),
        (_line(expected_notes=[3]), "« expected_notes » doit être une liste"),
        (_line(expected_notes=[" "]), "« expected_notes » doit être une liste"),
        (_line(acceptable_notes="Plan"), "« acceptable_notes » doit être une liste"),
        (_line(kind=["a"]), "« kind » doit être un texte"),
        (_line(quote={}), "« quote » doit être un texte"),
        (_line(history="avant"), "« history » doit être une liste"),
        (_line(history=[{"role": "system", "content": "x"}]), "« history »"),
    ],
)  # fmt: skip
def test_malformed_line_is_named_with_its_number(load: Load, content: str, words: str) -> None:
    with pytest.raises(GoldError) as caught:
        load(f"{LINE}\n\n{content}\n{LINE}")
    assert caught.value.line == 3
    assert "(ligne\u00a03)" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("content", ["", "\n \n", "\ufeff"])
def test_file_that_asks_nothing_is_refused_with_an_example(load: Load, content: str) -> None:
    with pytest.raises(GoldError, match=r"ne pose aucune question.*expected_notes"):
        load(content)


def test_file_that_is_not_text_is_refused(load: Load) -> None:
    with pytest.raises(GoldError, match="n’est pas du texte"):
        load(bytes(range(256)) * 8)


@pytest.mark.parametrize("name", ["absent.jsonl", "."])
def test_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(GoldError, match="ne peut pas être lu"):
        load_gold(tmp_path / name)


@pytest.mark.parametrize(
    "name", ["Été", "Été.md", "été.MD", "Lieux/Été", "Villes/Lieux/Été.md", "/Lieux/Été"]
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_note_goes_by_its_file_name_or_the_end_of_its_path(name: str, form: Literal["NFC", "NFD"]) -> None:
    path = unicodedata.normalize("NFD" if form == "NFC" else "NFC", "Villes/Lieux/Été.md")
    assert names_note(unicodedata.normalize(form, name), path)


@pytest.mark.parametrize("name", ["té", "Lieux", "ieux/Été", "Été.txt", "Autre/Été", ""])
def test_part_of_a_name_means_no_note(name: str) -> None:
    assert not names_note(name, "Villes/Lieux/Été.md")


def test_stop_within_a_file_name_is_no_suffix() -> None:
    assert names_note("AMS. Une approche globale.", "AMS. Une approche globale..md")
