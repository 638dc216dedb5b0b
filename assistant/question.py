"""What a caller may ask with, read into a Question; what to search, notes it names, filters."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assistant.answer import Filters, Question, Turn
from assistant.followup import complete
from ingest.errors import QuestionError
from ingest.french import STOP_WORDS, words
from ingest.store import Store

MAX_CHARACTERS = 2000
_LONGEST_NAME = 20  # words of a title that a question may quote
_CONTROLS = dict.fromkeys((*range(32), 127, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), " ")
_QUESTION_WORDS = frozenset("pourquoi comment qu que quel quelle quels quelles qui ou peut".split())
_FINAL_MARK = re.compile(r"[\s?]*\Z")
# « [[Note]] », with a heading or another wording after it: bounded, so that it is linear.
_WIKILINK = re.compile(r"\[\[([^\[\]|#\n]{1,200})(?:[|#][^\[\]\n]{0,200})?\]\]")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

Mask = np.typing.NDArray[np.bool_]
QuestionInput = str | Question | Mapping[str, Any]


def read_question(asked: QuestionInput) -> Question:
    """Return the Question that a string, a Question or a mapping stands for, checked.

    Args:
        asked: `"…"`, a Question, or `{"question", "history": [{"role", "content"}], "filters": {"tags",
            "folders", "since", "until"}}`; the last two are optional.

    Raises:
        QuestionError: Nothing is asked, it is too long, or a part is of another form.
    """
    if isinstance(asked, Question):
        return Question(_text(asked.text), asked.history, asked.filters)
    if isinstance(asked, str):
        return Question(_text(asked))
    if isinstance(asked, Mapping):
        history = tuple(_turn(turn) for turn in _items(asked.get("history"), "history"))
        return Question(_text(asked.get("question")), history, read_filters(asked.get("filters")))
    raise QuestionError("La question doit être un texte, ou un objet avec une clé « question ».")


def search_text(question: Question, *, quoting: bool = False) -> str:
    """Return what to search for a question: its rewriting by a model, or itself with what it leans on.

    Args:
        question: In its conversation.
        quoting: Whether words of the last answer may be taken; it may quote private notes.
    """
    return _WIKILINK.sub(r"\1", question.standalone or complete(question, quoting=quoting))


def is_question(title: str) -> bool:
    """Tell whether a title asks something."""
    return (words(title) or [""])[0] in _QUESTION_WORDS


def starter_questions(titles: Sequence[str]) -> tuple[str, ...]:
    """Return questions to begin with: the titles that are questions, then what one may ask of the others."""
    asked = [title for title in titles if is_question(title)]
    others = [f"Que disent les notes sur «\u00a0{title}\u00a0»" for title in titles if title not in asked]
    return tuple(_FINAL_MARK.sub("\u202f?", question, count=1) for question in (*asked, *others))


def named_notes(question: Question, store: Store) -> list[int]:
    """Return the rows of the notes whose title, file name or alias the question holds.

    Those in [[brackets]] come first, then the longest names. A one-word name without brackets counts only
    when few chunks hold the word: « musée » names no note, « [[Musée]] » does.
    """
    asked = words(question.standalone or question.text)
    runs = {
        " ".join(asked[start:end])
        for start in range(len(asked))
        for end in range(start + 1, min(start + _LONGEST_NAME, len(asked)) + 1)
    }
    linked = {
        " ".join(words(form))
        for name in _WIKILINK.findall(question.text)
        for form in (name, name.rpartition("/")[2])
    }
    few = max(3.0, store.chunk_count / 50)
    named = []
    for name, row in store.named(runs | linked):
        content = [word for word in name.split() if word not in STOP_WORDS]
        rare = len(content) > 1 or any(store.lexicon.frequency(word) <= few for word in content)
        if name in linked or rare:
            named.append((name not in linked, -len(content), row))
    return list(dict.fromkeys(row for *_, row in sorted(named)))


def admitted_notes(filters: Filters, store: Store) -> Mask:
    """Return, for each note by its row, whether it passes the filters."""
    if filters == Filters():
        return np.ones(store.note_count, bool)
    return np.array([admits(filters, *facts) for facts in store.facts()], bool)


def admits(filters: Filters, folder: str, tags: Sequence[str], date: str | None) -> bool:
    """Tell whether a note passes the filters; a note without a date passes no period."""
    own = {tag.casefold() for tag in tags}
    wanted = [tag.casefold() for tag in filters.tags]
    if wanted and not any(tag == mine or mine.startswith(f"{tag}/") for tag in wanted for mine in own):
        return False
    if filters.folders and not any(f"{folder}/".startswith(f"{wanted}/") for wanted in filters.folders):
        return False
    if filters.since and (date is None or date < filters.since):
        return False
    return not (filters.until and (date is None or date > filters.until))


def read_filters(value: object) -> Filters:
    """Return the Filters that a mapping of `tags`, `folders`, `since` and `until` stands for; none for None.

    Raises:
        QuestionError: It has other keys, or a value of another form.
    """
    if value is None:
        return Filters()
    if isinstance(value, Filters):
        return value
    if not isinstance(value, Mapping) or not value.keys() <= {"tags", "folders", "since", "until"}:
        raise QuestionError("« filters » n’admet que « tags », « folders », « since » et « until ».")
    tags = tuple(str(tag).removeprefix("#") for tag in _items(value.get("tags"), "tags"))
    folders = tuple(str(folder).strip("/") for folder in _items(value.get("folders"), "folders"))
    return Filters(tags, folders, _day(value.get("since")), _day(value.get("until")))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise QuestionError("La question doit être un texte.")
    kept = value.encode("utf-8", "ignore").decode("utf-8")
    text = " ".join(unicodedata.normalize("NFC", kept).translate(_CONTROLS).split())
    if not text:
        raise QuestionError("La question est vide ; écrivez ce que vous cherchez dans vos notes.")
    if len(text) > MAX_CHARACTERS:
        raise QuestionError(
            f"La question fait {len(text)} caractères ; raccourcissez-la à {MAX_CHARACTERS} au plus."
        )
    if not words(text):
        raise QuestionError(
            "La question ne contient aucun mot ; écrivez ce que vous cherchez dans vos notes."
        )
    return text


def _turn(turn: object) -> Turn:
    if isinstance(turn, Turn):
        return turn
    if isinstance(turn, Mapping):
        role, content = turn.get("role"), turn.get("content")
        if role in ("user", "assistant") and isinstance(content, str):
            return Turn(role, content)
    raise QuestionError(
        "Chaque tour de « history » doit avoir « role » (user ou assistant) et « content » (texte)."
    )


def _items(value: object, name: str) -> Sequence[object]:
    if value is None:
        return ()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise QuestionError(f"« {name} » doit être une liste.")


def _day(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        return value
    raise QuestionError("« since » et « until » doivent être des dates de la forme 2022-05-12.")
