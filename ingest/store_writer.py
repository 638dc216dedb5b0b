"""Write a snapshot's `notes.sqlite3`, once; `ingest.store` reads it."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from operator import mul
from pathlib import Path

import numpy as np

from ingest.errors import IndexWriteError
from ingest.french import distinct_words, gram_count, grams, line_key, stem, words
from ingest.indexed import IndexedChunk, IndexedNote
from ingest.links import ResolvedLink
from ingest.vault import Outcome

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value REAL) WITHOUT ROWID;
CREATE TABLE notes (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE, path TEXT, raw_path BLOB, title TEXT, own_title TEXT,
    header_title TEXT, aliases TEXT, tags TEXT, date TEXT, encoding TEXT, sha256 TEXT, private INTEGER,
    warnings TEXT, text TEXT, body_start INTEGER);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE, note INTEGER, heading TEXT,
    start INTEGER, "end" INTEGER, words TEXT);
CREATE INDEX chunks_by_note ON chunks (note);
CREATE TABLE links (
    source INTEGER, target INTEGER, name TEXT, heading TEXT, alias TEXT, embed INTEGER,
    start INTEGER, "end" INTEGER, rivals TEXT);
CREATE INDEX links_by_source ON links (source);
CREATE INDEX links_by_target ON links (target);
CREATE TABLE outcomes (path TEXT, status TEXT, reason TEXT, raw_path BLOB, sha256 TEXT);
CREATE TABLE names (name TEXT, note INTEGER, PRIMARY KEY (name, note)) WITHOUT ROWID;
CREATE TABLE vocabulary (word TEXT PRIMARY KEY, frequency INTEGER) WITHOUT ROWID;
CREATE TABLE grams (gram TEXT PRIMARY KEY, frequency INTEGER) WITHOUT ROWID;
CREATE TABLE refrains (line TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE chunk_search USING fts5(title, body, content='', tokenize='unicode61');
CREATE VIRTUAL TABLE note_search USING fts5(title, body, content='', tokenize='unicode61');
CREATE VIRTUAL TABLE note_stems USING fts5vocab(note_search, row);
"""

# Without secure_delete the unused end of a page is whatever this process had in memory there.
_PRAGMAS = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA secure_delete=ON; BEGIN;"
_REFRAIN = 3  # notes that hold the same line: a template's words, not an author's


def write_store(
    path: Path, notes: Sequence[IndexedNote], links: Iterable[ResolvedLink], outcomes: Iterable[Outcome]
) -> None:
    """Write a new store; the same notes give the same bytes.

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
            connection.executescript(_PRAGMAS + _SCHEMA)
            _NoteWriter(connection).write(notes)
            rows = {item.file.path: row for row, item in enumerate(notes, start=1)}
            connection.executemany("INSERT INTO links VALUES (?,?,?,?,?,?,?,?,?)", _link_rows(links, rows))
            connection.executemany("INSERT INTO outcomes VALUES (?,?,?,?,?)", map(_outcome_row, outcomes))
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise IndexWriteError.because(path.parent.parent, error) from error


class _NoteWriter:
    """Writes notes and chunks, and counts what all of them hold."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._vocabulary: Counter[str] = Counter()
        self._grams = _GramCounts()
        self._lines: Counter[str] = Counter()
        self._chunk_row = 0
        self._total_grams = 0

    def write(self, notes: Sequence[IndexedNote]) -> None:
        insert = self._connection.executemany
        for row, item in enumerate(notes, start=1):
            self._write_note(row, item)
        insert("INSERT INTO vocabulary VALUES (?,?)", sorted(self._vocabulary.items()))
        insert("INSERT INTO grams VALUES (?,?)", self._grams.items())
        refrains = sorted(line for line, count in self._lines.items() if line and count >= _REFRAIN)
        insert("INSERT INTO refrains VALUES (?)", ((line,) for line in refrains))
        mean = self._total_grams / max(self._chunk_row, 1)
        meta = {"notes": len(notes), "chunks": self._chunk_row, "mean_chunk_grams": mean}
        insert("INSERT INTO meta VALUES (?,?)", meta.items())

    def _write_note(self, row: int, item: IndexedNote) -> None:
        values = _note_row(row, item)
        self._connection.execute(f"INSERT INTO notes VALUES ({','.join('?' * len(values))})", values)  # noqa: S608
        titles = (item.note.title, item.note.stem, *item.note.aliases)
        names = sorted({" ".join(words(title)) for title in titles} - {""})
        self._connection.executemany("INSERT INTO names VALUES (?,?)", ((name, row) for name in names))
        title = distinct_words(titles)
        stemmed = " ".join(map(stem, title))
        bodies = [self._write_chunk(row, chunk, stemmed) for chunk in item.chunks]
        self._index("note_search", row, stemmed, " ".join(bodies))
        self._vocabulary.update(title)
        self._lines.update(set(map(line_key, item.file.text.splitlines())))

    def _write_chunk(self, note_row: int, chunk: IndexedChunk, title: str) -> str:
        """Write one chunk and return its stems."""
        self._chunk_row += 1
        heading, counted = _json(chunk.heading), _json(chunk.words)
        record = (self._chunk_row, chunk.id, note_row, heading, chunk.start, chunk.end, counted)
        self._connection.execute("INSERT INTO chunks VALUES (?,?,?,?,?,?,?)", record)
        body = " ".join(map(stem, chunk.words.elements()))
        self._index("chunk_search", self._chunk_row, title, body)
        self._vocabulary.update(chunk.words.keys())
        self._grams.add(chunk.words)
        self._total_grams += sum(map(mul, map(gram_count, chunk.words), chunk.words.values()))
        return body

    def _index(self, table: str, row: int, title: str, body: str) -> None:
        sql = f"INSERT INTO {table} (rowid, title, body) VALUES (?,?,?)"  # noqa: S608 - one of our two tables
        self._connection.execute(sql, (row, title, body))


class _GramCounts:
    """In how many chunks each n-gram stands; numbered, so that counting is an array's work."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._by_word: dict[str, np.typing.NDArray[np.int64]] = {}
        self._counts = np.zeros(1 << 16, np.int64)

    def add(self, held: Iterable[str]) -> None:
        """Count the n-grams of one chunk's distinct words, each once."""
        found = [self._numbered(word) for word in held]
        if found:
            if len(self._numbers) > len(self._counts):
                self._counts = np.append(self._counts, np.zeros(len(self._numbers), np.int64))
            self._counts[np.concatenate(found)] += 1  # an index given twice counts once

    def items(self) -> Iterator[tuple[str, int]]:
        """Yield each n-gram with its count, in order."""
        return ((gram, int(self._counts[number])) for gram, number in sorted(self._numbers.items()))

    def _numbered(self, word: str) -> "np.typing.NDArray[np.int64]":
        known = self._by_word.get(word)
        if known is None:
            numbers = [self._numbers.setdefault(gram, len(self._numbers)) for gram in grams(word)]
            known = self._by_word[word] = np.array(numbers, np.int64)
        return known


def _note_row(row: int, item: IndexedNote) -> tuple[object, ...]:
    file, note = item.file, item.note
    return (
        row, file.id, file.path, file.raw_path, note.title, item.own_title, note.header_title,
        _json(note.aliases), _json(note.tags), note.date, file.encoding, file.sha256, int(note.private),
        _json(note.warnings), file.text, note.body_start,
    )  # fmt: skip


def _outcome_row(outcome: Outcome) -> tuple[object, ...]:
    file = outcome.file
    read = (file.raw_path, file.sha256) if file is not None else (None, None)
    return (outcome.path, outcome.status, outcome.reason, *read)


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
