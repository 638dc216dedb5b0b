"""Prompts are files in French whose placeholders are checked when loaded."""

from pathlib import Path

import pytest

from assistant import prompts
from assistant.prompts import load_prompt
from assistant.verdict import NEAREST
from ingest.errors import PromptError

NONE: frozenset[str] = frozenset()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of prompts in the place of the shipped one, nothing remembered of it before or after."""
    load_prompt.cache_clear()
    monkeypatch.setattr(prompts, "_FOLDERS", (tmp_path / "absent", tmp_path))
    return tmp_path


@pytest.fixture(autouse=True)
def _forget() -> None:
    load_prompt.cache_clear()


def test_the_rules_take_the_count_and_the_refusal() -> None:
    rules = load_prompt("answer", frozenset({"count", "refusal"})).format(count=10, refusal=NEAREST)
    assert "de 1 à 10" in rules
    assert NEAREST in rules
    assert "réponds en français" in rules


def test_the_passages_come_before_the_question() -> None:
    asked = load_prompt("passages", frozenset({"passages", "question"})).format(passages="P#", question="Q#")
    assert asked.index("P#") < asked.index("Q#")


def test_every_shipped_prompt_is_one_that_is_used() -> None:
    shipped = {path.name for path in (Path(__file__).parents[1] / "prompts").iterdir()}
    assert shipped == {"answer.md", "condense.md", "passages.md"}


def test_a_prompt_is_loaded_from_where_it_lies(folder: Path) -> None:
    (folder / "essai.md").write_text("Réponds à {question}, {{ainsi}}.", encoding="utf-8")
    text = load_prompt("essai", frozenset({"question"}))
    assert text.format(question="tout") == "Réponds à tout, {ainsi}."


@pytest.mark.parametrize(
    ("content", "placeholders", "words"),
    [
        ("Sans rien.", {"question"}, "exactement {question}"),
        ("{question} {autre}", {"question"}, "exactement {question}"),
        ("{Question}", {"question"}, "exactement {question}"),
        ("{}", {"question"}, "exactement {question}"),
        ("{question.__class__}", {"question"}, "exactement {question}"),
        ("{b}", {"a", "b"}, "exactement {a}, {b}"),
        ("{question", {"question"}, "accolade"),
        ("question}", {"question"}, "accolade"),
        (b"caf\xe9 {question}", {"question"}, "UTF-8"),
    ],
)
def test_a_prompt_that_was_altered_says_what_to_do(
    folder: Path, content: str | bytes, placeholders: set[str], words: str
) -> None:
    (folder / "essai.md").write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(PromptError) as caught:
        load_prompt("essai", frozenset(placeholders))
    assert words in str(caught.value)
    assert "essai.md" in str(caught.value)


@pytest.mark.parametrize("content", ["{question[0]}", "{question:{autre}}", "{question!r:>{n}}"])
def test_a_placeholder_is_a_plain_name(folder: Path, content: str) -> None:
    (folder / "essai.md").write_text(content, encoding="utf-8")
    with pytest.raises(PromptError):
        load_prompt("essai", frozenset({"question"}))


def test_a_prompt_that_takes_nothing_may_not_hold_a_placeholder(folder: Path) -> None:
    (folder / "essai.md").write_text("{question}", encoding="utf-8")
    with pytest.raises(PromptError):
        load_prompt("essai", NONE)


def test_a_missing_prompt_names_its_file(folder: Path) -> None:
    with pytest.raises(PromptError, match=r"essai\.md.*réinstallez") as caught:
        load_prompt("essai", NONE)
    assert caught.value.path == folder / "essai.md"


@pytest.mark.parametrize("content", ["{a", "{b}"])
def test_a_prompt_error_shows_no_trace_of_python(folder: Path, content: str) -> None:
    (folder / "essai.md").write_text(content, encoding="utf-8")
    with pytest.raises(PromptError) as caught:
        load_prompt("essai", frozenset({"a"}))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
