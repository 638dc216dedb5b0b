"""Gold questions: what is asked of a vault, and the notes that answer it; one JSON object a line."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.answer import Question
from assistant.question import read_question
from ingest.decoding import decode
from ingest.errors import GoldError, QuestionError
from ingest.links import link_key

_LINE_END = re.compile(r"\r\n|\r|\n")  # not splitlines: a JSON text may hold U+2028
_EXAMPLE = '{"question": "…", "expected_notes": ["Nom de la note"]}'


@dataclass(frozen=True, slots=True)
class GoldCase:
    """A question, and what answers it.

    `expected` are the notes that hold the answer, none when the vault does not say; `acceptable` are all that
    may be cited, those expected first. A note goes by its file name or its path, with or without suffix.
    `quote` is text of an expected note, or empty.
    """

    id: str
    kind: str
    question: Question
    expected: tuple[str, ...]
    acceptable: tuple[str, ...]
    quote: str = ""

    @property
    def answerable(self) -> bool:
        """Whether the notes hold the answer."""
        return bool(self.expected)


def load_gold(path: Path) -> tuple[GoldCase, ...]:
    """Return the questions of a file, in its order; keys that are not known are ignored.

    Only `question` and `expected_notes` must be there. A question without `id` goes by its line's number.

    Raises:
        GoldError: The file cannot be read, a line of it is malformed, or it asks nothing.
    """
    try:
        text, _, _ = decode(path.read_bytes())
    except OSError as error:
        raise GoldError(
            path, "le fichier ne peut pas être lu ; vérifiez son chemin et vos droits."
        ) from error
    except UnicodeDecodeError as error:
        raise GoldError(path, "le fichier n’est pas du texte ; enregistrez-le en UTF-8.") from error
    cases = tuple(_cases(path, text))
    if not cases:
        raise GoldError(path, f"le fichier ne pose aucune question ; écrivez-en une par ligne : {_EXAMPLE}.")
    return cases


def names_note(name: str, path: str) -> bool:
    """Tell whether a gold name means the note at a path."""
    return link_key(name) in note_names(path)


def note_names(path: str) -> tuple[str, ...]:
    """Return what a note may be called, as `link_key` has it: its path, and every end of it."""
    parts = link_key(path).split("/")
    return tuple("/".join(parts[start:]) for start in range(len(parts)))


def _cases(path: Path, text: str) -> Iterator[GoldCase]:
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if line.strip():
            try:
                yield _case(_object(line), number)
            except QuestionError as error:
                raise GoldError(path, f"{error}", line=number) from error


def _object(line: str) -> Mapping[str, Any]:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise QuestionError(f"ce n’est pas du JSON ; écrivez-y une question, {_EXAMPLE}.") from error
    if not isinstance(read, Mapping):
        raise QuestionError(f"ce n’est pas un objet JSON ; écrivez-y une question, {_EXAMPLE}.")
    return read


def _case(read: Mapping[str, Any], number: int) -> GoldCase:
    expected = _names(read, "expected_notes")
    acceptable = (*expected, *_names(read, "acceptable_notes", ()))
    return GoldCase(
        id=_text(read, "id", str(number)),
        kind=_text(read, "kind", ""),
        question=read_question({name: read.get(name) for name in ("question", "history", "filters")}),
        expected=expected,
        acceptable=tuple(dict.fromkeys(acceptable)) if expected else (),
        quote=_text(read, "quote", ""),
    )


def _text(read: Mapping[str, Any], key: str, default: str) -> str:
    value = read.get(key)
    if value is None or (isinstance(value, str) and not value.strip()):
        return default
    if isinstance(value, str | int):
        return str(value)
    raise QuestionError(f"« {key} » doit être un texte ; corrigez-le ou ôtez-le.")


def _names(read: Mapping[str, Any], key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    value = default if read.get(key) is None else read[key]
    if isinstance(value, list | tuple) and all(isinstance(name, str) and link_key(name) for name in value):
        return tuple(dict.fromkeys(value))
    raise QuestionError(
        f"« {key} » doit être une liste de noms de notes, vide si les notes ne répondent pas ; corrigez-la."
    )
