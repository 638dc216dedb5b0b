"""Write a snapshot's `notes.sqlite3`, once; `ingest.store` reads it."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ingest.chunk import Chunk
from ingest.clean import clean
from ingest.errors import IndexWriteError
from ingest.french import content_words, distinct_words, grams, line_key, stem, words
from ingest.links import ResolvedLink
from ingest.note import Note
from ingest.vault import NoteFile, Outcome

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value REAL) WITHOUT ROWID;
CREATE TABLE notes (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE, path TEXT, raw_path BLOB, title TEXT, aliases TEXT, tags TEXT,
    date TEXT, encoding TEXT, sha256 TEXT, private INTEGER, warnings TEXT, text TEXT,
    body_start INTEGER);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE, note INTEGER, heading TEXT,
    start INTEGER, "end" INTEGER, words TEXT);
CREATE INDEX chunks_by_note ON chunks (note);
CREATE TABLE links (
    source INTEGER, target INTEGER, name TEXT, heading TEXT, alias TEXT, embed INTEGER,
    start INTEGER, "end" INTEGER, rivals TEXT);
CREATE INDEX links_by_source ON links (source);
CREATE INDEX links_by_target ON links (target);
CREATE TABLE outcomes (path TEXT, status TEXT, reason TEXT);
CREATE TABLE names (name TEXT, note INTEGER, PRIMARY KEY (name, note)) WITHOUT ROWID;
CREATE TABLE vocabulary (word TEXT PRIMARY KEY, frequency INTEGER) WITHOUT ROWID;
CREATE TABLE grams (gram TEXT PRIMARY KEY, frequency INTEGER) WITHOUT ROWID;
CREATE TABLE refrains (line TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE chunk_search USING fts5(title, body, content='', tokenize='unicode61');
CREATE VIRTUAL TABLE note_search USING fts5(title, body, content='', tokenize='unicode61');
CREATE VIRTUAL TABLE note_stems USING fts5vocab(note_search, row);
"""

_REFRAIN = 3  # notes that hold the same line: a template's words, not an author's


@dataclass(frozen=True, slots=True)
class IndexedNote:
    """A note on its way into the store."""

    file: NoteFile
    note: Note
    chunks: Sequence[Chunk]


def write_store(
    path: Path, notes: Sequence[IndexedNote], links: Iterable[ResolvedLink], outcomes: Iterable[Outcome]
) -> None:
    """Write a new store.

    Args:
        path: Must not exist.
        notes: In the order of their rows.
        links: Of those notes; each `source` is the path of one of them.
        outcomes: One per file of the vault.

    Raises:
        IndexWriteError: The disk is full or refuses.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;" + _SCHEMA)
            _NoteWriter(connection).write(notes)
            rows = {item.file.path: row for row, item in enumerate(notes, start=1)}
            connection.executemany("INSERT INTO links VALUES (?,?,?,?,?,?,?,?,?)", _link_rows(links, rows))
            kept = ((outcome.path, outcome.status, outcome.reason) for outcome in outcomes)
            connection.executemany("INSERT INTO outcomes VALUES (?,?,?)", kept)
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise IndexWriteError(path.parent.parent, str(error)) from error


class _NoteWriter:
    """Writes notes and chunks, and counts what all of them hold."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._vocabulary: Counter[str] = Counter()
        self._grams: Counter[str] = Counter()
        self._lines: Counter[str] = Counter()
        self._chunk_row = 0
        self._total_grams = 0

    def write(self, notes: Sequence[IndexedNote]) -> None:
        insert = self._connection.executemany
        for row, item in enumerate(notes, start=1):
            self._write_note(row, item)
        insert("INSERT INTO vocabulary VALUES (?,?)", sorted(self._vocabulary.items()))
        insert("INSERT INTO grams VALUES (?,?)", sorted(self._grams.items()))
        refrains = sorted(line for line, count in self._lines.items() if count >= _REFRAIN)
        insert("INSERT INTO refrains VALUES (?)", ((line,) for line in refrains))
        mean = self._total_grams / max(self._chunk_row, 1)
        meta = {"notes": len(notes), "chunks": self._chunk_row, "mean_chunk_grams": mean}
        insert("INSERT INTO meta VALUES (?,?)", meta.items())

    def _write_note(self, row: int, item: IndexedNote) -> None:
        self._connection.execute(
            "INSERT INTO notes VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", _note_row(row, item)
        )
        titles = (item.note.title, item.note.stem, *item.note.aliases)
        names = sorted({" ".join(words(title)) for title in titles} - {""})
        self._connection.executemany("INSERT INTO names VALUES (?,?)", ((name, row) for name in names))
        title = distinct_words(titles)
        body: list[str] = []
        for chunk in item.chunks:
            body += self._write_chunk(row, chunk, title)
        self._index("note_search", row, title, body)
        self._vocabulary.update(title)
        self._lines.update({line_key(clean(line)) for line in item.note.text.splitlines()} - {""})

    def _write_chunk(self, note_row: int, chunk: Chunk, title: Sequence[str]) -> list[str]:
        """Write one chunk and return its words, those of the headings above it included."""
        self._chunk_row += 1
        held = content_words(" ".join((*chunk.heading[:-1], chunk.cleaned)))
        counts = Counter(held)
        heading, counted = _json(chunk.heading), _json(counts)
        record = (self._chunk_row, chunk.id, note_row, heading, chunk.start, chunk.end, counted)
        self._connection.execute("INSERT INTO chunks VALUES (?,?,?,?,?,?,?)", record)
        self._index("chunk_search", self._chunk_row, title, held)
        self._vocabulary.update(counts.keys())
        self._grams.update({gram for word in counts for gram in grams(word)})
        self._total_grams += sum(len(grams(word)) * count for word, count in counts.items())
        return held

    def _index(self, table: str, row: int, title: Iterable[str], body: Iterable[str]) -> None:
        sql = f"INSERT INTO {table} (rowid, title, body) VALUES (?,?,?)"  # noqa: S608 - one of our two tables
        self._connection.execute(sql, (row, " ".join(map(stem, title)), " ".join(map(stem, body))))


def _note_row(row: int, item: IndexedNote) -> tuple[object, ...]:
    file, note = item.file, item.note
    return (
        row, file.id, file.path, file.raw_path, note.title, _json(note.aliases), _json(note.tags), note.date,
        file.encoding, file.sha256, int(note.private), _json(note.warnings), file.text,
        note.body_start,
    )  # fmt: skip


def _link_rows(links: Iterable[ResolvedLink], rows: dict[str, int]) -> Iterator[tuple[object, ...]]:
    for resolved in links:
        link = resolved.link
        target = rows.get(resolved.target) if resolved.target is not None else None
        yield (
            rows[resolved.source], target, link.target, link.heading, link.alias, int(link.embed),
            link.start, link.end, _json(resolved.rivals),
        )  # fmt: skip


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
