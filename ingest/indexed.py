"""A note ready for the index: the same whether it was parsed just now or read back from the last snapshot."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from sys import intern

from ingest.chunk import split_note
from ingest.french import content_words
from ingest.note import Note
from ingest.vault import NoteFile

_PARSERS = ("chunk", "clean", "dates", "decoding", "french", "header", "indexed", "note", "oddities")


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk as a span of its note; `words` counts its content words, headings above included.

    `run` numbers the stretches of the note that no comment breaks: chunks of one run can be read as one.
    """

    id: str
    heading: tuple[str, ...]
    start: int
    end: int
    words: Counter[str]
    run: int


@dataclass(frozen=True, slots=True)
class IndexedNote:
    """A note on its way into the store; `own_title` is its title before those of all notes were settled."""

    file: NoteFile
    note: Note
    own_title: str
    chunks: Sequence[IndexedChunk]


def index_chunks(note: Note) -> tuple[IndexedChunk, ...]:
    """Return the chunks of a note with their words counted."""
    return tuple(
        IndexedChunk(
            chunk.id,
            chunk.heading,
            chunk.start,
            chunk.end,
            Counter(map(intern, sorted(content_words(" ".join((*chunk.heading[:-1], chunk.cleaned)))))),
            chunk.run,
        )
        for chunk in split_note(note)
    )


@cache
def parser_fingerprint() -> str:
    """Return what changes when notes are read in another way: then nothing of the last snapshot is reused."""
    digest = hashlib.sha256()
    for name in _PARSERS:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return digest.hexdigest()[:16]
