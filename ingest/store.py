"""`notes.sqlite3`, the truth of a snapshot: notes, chunks as spans, links, outcomes and the lexicon.

Written once by `ingest.store_writer`; here it is opened read-only and immutable.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from ingest.errors import IndexDamagedError
from ingest.lexicon import Lexicon, unpack_lexicon

_NOTE_COLUMNS = (
    "row, id, path, raw_path, title, aliases, tags, date, encoding, sha256, private, text, body_start"
)


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A note of a snapshot; `text` is what every offset counts into, its header ending at `body_start`."""

    row: int
    id: str
    path: str
    raw_path: bytes
    title: str
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    date: str | None
    encoding: str
    sha256: str
    private: bool
    text: str
    body_start: int = 0

    @property
    def folder(self) -> str:
        """The folder of the note relative to the vault, empty at its root."""
        return self.path.rpartition("/")[0]

    @property
    def stem(self) -> str:
        """The file name without its suffix."""
        return PurePosixPath(self.path).stem


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk of a snapshot, as a span; chunks of one `run` of a note have no comment between them."""

    row: int
    id: str
    note: int
    heading: tuple[str, ...]
    start: int
    end: int
    run: int


class Store:
    """A published `notes.sqlite3`, read-only; safe to share between threads.

    Raises:
        IndexDamagedError: The file is missing or is not a store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_file():
            raise IndexDamagedError(path, "fichier absent")
        with self.reading():
            uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        try:
            counts = "SELECT count(*) FROM notes UNION ALL SELECT count(*) FROM chunks"
            (self.note_count,), (self.chunk_count,) = self.select(counts, ())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    @cached_property
    def lexicon(self) -> Lexicon:
        """The words of the snapshot, counted."""
        packed = dict(self.select("SELECT name, content FROM lexicon", ()))
        try:
            return unpack_lexicon(packed)
        except (KeyError, ValueError) as error:
            raise IndexDamagedError(self._path, str(error)) from error

    def chunks(self, rows: Iterable[int]) -> dict[int, StoredChunk]:
        """Return chunks by row."""
        return {chunk.row: chunk for chunk in self._chunks_where("row", rows)}

    def chunks_by_id(self, ids: Iterable[str]) -> dict[str, StoredChunk]:
        """Return chunks by id; ids the store does not know are left out."""
        return {chunk.id: chunk for chunk in self._chunks_where("id", ids)}

    def notes(self, rows: Iterable[int]) -> dict[int, StoredNote]:
        """Return notes by row."""
        marks, values = _marks(rows)
        sql = f"SELECT {_NOTE_COLUMNS} FROM notes WHERE row IN ({marks})"  # noqa: S608
        with self.reading():
            return {row[0]: _stored_note(row) for row in self.select(sql, values)}

    def facts(self) -> list[tuple[str, tuple[str, ...], str | None]]:
        """Return (folder, tags, date) of every note, by row."""
        found = self.select("SELECT path, tags, date FROM notes ORDER BY row", ())
        with self.reading():
            return [(path.rpartition("/")[0], tuple(json.loads(tags)), day) for path, tags, day in found]

    def private_notes(self) -> list[int]:
        """Return the rows of the notes that no remote service may be sent."""
        return [row for (row,) in self.select("SELECT row FROM notes WHERE private ORDER BY row", ())]

    def titles(self, rows: Iterable[int] | None) -> dict[int, str]:
        """Return the titles of notes by row, of all of them for None."""
        if rows is None:
            return dict(self.select("SELECT row, title FROM notes ORDER BY row", ()))
        marks, values = _marks(rows)
        return dict(self.select(f"SELECT row, title FROM notes WHERE row IN ({marks})", values))  # noqa: S608

    def note(self, note_id: str) -> StoredNote | None:
        """Return the note with an opaque id, or None."""
        known = note_id.encode(errors="replace").decode()  # a lone surrogate names no note
        found = self.select(f"SELECT {_NOTE_COLUMNS} FROM notes WHERE id = ?", (known,))  # noqa: S608
        with self.reading():
            return _stored_note(found[0]) if found else None

    def hashes(self) -> dict[bytes, str]:
        """Return the content hash of every note by its path as the file system has it."""
        return dict(self.select("SELECT raw_path, sha256 FROM notes", ()))

    def named(self, names: Iterable[str]) -> list[tuple[str, int]]:
        """Return (name, note row) for the analysed names that are a title, file name or alias."""
        marks, values = _marks(names)
        sql = f"SELECT name, note FROM names WHERE name IN ({marks}) ORDER BY name, note"  # noqa: S608
        return self.select(sql, values)

    def linked_from(self, row: int) -> list[int]:
        """Return the rows of the notes that a note links to, in its order, each once."""
        found = self.select(
            "SELECT target FROM links WHERE source = ? AND target IS NOT NULL ORDER BY start", (row,)
        )
        return [target for target in dict.fromkeys(item[0] for item in found) if target != row]

    def linked_to(self, rows: Iterable[int]) -> dict[int, list[int]]:
        """Return, for each of the notes that others link to, the rows of those others, each once."""
        marks, values = _marks(rows)
        sql = f"SELECT DISTINCT target, source FROM links WHERE target IN ({marks}) AND source != target"  # noqa: S608
        sources: dict[int, list[int]] = {}
        for target, source in self.select(sql, values):
            sources.setdefault(target, []).append(source)
        return sources

    def hubs(self, limit: int) -> list[tuple[str, int]]:
        """Return (title, links) of the notes that link to the most others, most first."""
        sql = (
            "SELECT title, count(DISTINCT target) AS n FROM notes JOIN links ON source = row "
            "WHERE target IS NOT NULL AND target != source GROUP BY row ORDER BY n DESC, title LIMIT ?"
        )
        return self.select(sql, (limit,))

    def landmarks(self, limit: int) -> list[tuple[str, int]]:
        """Return (title, links) of the notes that the most others link to, most first."""
        sql = (
            "SELECT title, count(DISTINCT source) AS n FROM notes JOIN links ON target = row "
            "WHERE target != source GROUP BY row ORDER BY n DESC, title LIMIT ?"
        )
        return self.select(sql, (limit,))

    def acronyms(self, keys: Iterable[str]) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
        """Return (phrase, what it stands for), as stems, of the acronyms and names that begin with these."""
        marks, values = _marks(keys)
        found = self.select(f"SELECT phrase, other FROM acronyms WHERE first IN ({marks})", values)  # noqa: S608
        return [(tuple(phrase.split()), [tuple(other.split())]) for phrase, other in found]

    @cached_property
    def refrains(self) -> frozenset[str]:
        """The lines, as `french.line_key` has them, that several notes share: a template left them."""
        return frozenset(line for (line,) in self.select("SELECT line FROM refrains", ()))

    def chunks_of(self, note: int) -> list[StoredChunk]:
        """Return the chunks of a note, in order."""
        return list(self._chunks_where("note", (note,)))

    def _chunks_where(self, column: str, keys: Iterable[int | str]) -> Iterator[StoredChunk]:
        marks, values = _marks(keys)
        sql = f"SELECT * FROM chunks WHERE {column} IN ({marks}) ORDER BY row"  # noqa: S608
        with self.reading():
            for row, chunk_id, note, heading, start, end, run in self.select(sql, values):
                yield StoredChunk(row, chunk_id, note, _heading(heading), start, end, run)

    def select(self, sql: str, values: Sequence[object]) -> list[Any]:
        """Return the rows that a statement of this package selects."""
        with self.reading():
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Tell what cannot be read back as damage to the index."""
        try:
            yield
        except (sqlite3.DatabaseError, json.JSONDecodeError) as error:
            raise IndexDamagedError(self._path, str(error)) from error


def _stored_note(row: tuple[Any, ...]) -> StoredNote:
    number, note_id, path, raw_path, title, aliases, tags, day, encoding, sha256, private, text, body = row
    return StoredNote(
        number, note_id, path, raw_path, title, tuple(json.loads(aliases)), tuple(json.loads(tags)), day,
        encoding, sha256, bool(private), text, body,
    )  # fmt: skip


@lru_cache(maxsize=10_000)
def _heading(written: str) -> tuple[str, ...]:
    return tuple(json.loads(written))


def _marks(keys: Iterable[int | str]) -> tuple[str, list[int | str]]:
    """Return the place holders of a list of keys, and the keys."""
    values = list(keys)
    return ",".join("?" * len(values)), values
