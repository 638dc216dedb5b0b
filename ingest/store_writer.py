"""Write a snapshot's `notes.sqlite3`, once; `ingest.store` reads it."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from ingest.acronyms import find_acronyms
from ingest.errors import IndexWriteError
from ingest.french import line_key, stems, words
from ingest.indexed import IndexedNote
from ingest.lexicon import build_lexicon, pack_lexicon
from ingest.links import ResolvedLink
from ingest.vault import Outcome

_SCHEMA = """
CREATE TABLE notes (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE, path TEXT, raw_path BLOB, title TEXT, own_title TEXT,
    header_title TEXT, aliases TEXT, tags TEXT, date TEXT, encoding TEXT, sha256 TEXT, private INTEGER,
    warnings TEXT, text TEXT, body_start INTEGER);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, id TEXT UNIQUE, note INTEGER, heading TEXT,
    start INTEGER, "end" INTEGER, run INTEGER);
CREATE INDEX chunks_by_note ON chunks (note);
CREATE TABLE links (
    source INTEGER, target INTEGER, name TEXT, heading TEXT, alias TEXT, embed INTEGER,
    start INTEGER, "end" INTEGER, rivals TEXT);
CREATE INDEX links_by_source ON links (source);
CREATE INDEX links_by_target ON links (target);
CREATE TABLE outcomes (path TEXT, status TEXT, reason TEXT, raw_path BLOB, sha256 TEXT);
CREATE TABLE names (name TEXT, note INTEGER, PRIMARY KEY (name, note)) WITHOUT ROWID;
CREATE TABLE refrains (line TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE acronyms (first TEXT, phrase TEXT, other TEXT, PRIMARY KEY (first, phrase, other)) WITHOUT ROWID;
CREATE TABLE lexicon (name TEXT PRIMARY KEY, content BLOB);
"""

# Without secure_delete the unused end of a page is whatever this process had in memory there.
_PRAGMAS = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA secure_delete=ON; BEGIN;"
_NOTE_COLUMNS = 16
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
            _write_notes(connection, notes)
            rows = {item.file.path: row for row, item in enumerate(notes)}
            connection.executemany("INSERT INTO links VALUES (?,?,?,?,?,?,?,?,?)", _link_rows(links, rows))
            connection.executemany("INSERT INTO outcomes VALUES (?,?,?,?,?)", map(_outcome_row, outcomes))
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise IndexWriteError.because(path.parent.parent, error) from error


def _write_notes(connection: sqlite3.Connection, notes: Sequence[IndexedNote]) -> None:
    insert = connection.executemany
    note_rows = [_note_row(row, item) for row, item in enumerate(notes)]
    insert(f"INSERT INTO notes VALUES ({','.join('?' * _NOTE_COLUMNS)})", note_rows)  # noqa: S608
    insert("INSERT INTO names VALUES (?,?)", _name_rows(notes))
    insert("INSERT INTO chunks VALUES (?,?,?,?,?,?,?)", _chunk_rows(notes))
    insert("INSERT INTO refrains VALUES (?)", _refrain_rows(notes))
    insert("INSERT INTO acronyms VALUES (?,?,?)", _acronym_rows(notes))
    insert("INSERT INTO lexicon VALUES (?,?)", sorted(pack_lexicon(build_lexicon(notes)).items()))


def _name_rows(notes: Iterable[IndexedNote]) -> Iterator[tuple[str, int]]:
    for row, item in enumerate(notes):
        titles = (item.note.title, item.note.stem, *item.note.aliases)
        yield from ((name, row) for name in sorted({" ".join(words(title)) for title in titles} - {""}))


def _chunk_rows(notes: Iterable[IndexedNote]) -> Iterator[tuple[object, ...]]:
    chunks = ((row, chunk) for row, item in enumerate(notes) for chunk in item.chunks)
    for number, (row, chunk) in enumerate(chunks):
        yield (number, chunk.id, row, _json(chunk.heading), chunk.start, chunk.end, chunk.run)


def _acronym_rows(notes: Iterable[IndexedNote]) -> list[tuple[str, str, str]]:
    """Return each acronym and its name, the one standing for the other, as stems."""
    texts = (item.file.text[chunk.start : chunk.end] for item in notes for chunk in item.chunks)
    found = {pair for text in texts for pair in find_acronyms(text)}
    phrases = {tuple(" ".join(stems(part)) for part in pair) for pair in found}
    both = {pair for short, long in phrases for pair in ((short, long), (long, short)) if short and long}
    return sorted((phrase.partition(" ")[0], phrase, other) for phrase, other in both)


def _refrain_rows(notes: Iterable[IndexedNote]) -> list[tuple[str]]:
    lines: Counter[str] = Counter()
    for item in notes:
        lines.update(set(map(line_key, item.file.text.splitlines())))
    return sorted((line,) for line, count in lines.items() if line and count >= _REFRAIN)


def _note_row(row: int, item: IndexedNote) -> tuple[object, ...]:
    file, note = item.file, item.note
    return (
        row, file.id, file.path, file.raw_path, note.title, item.own_title, note.header_title,
        _json(note.aliases), _json(note.tags), note.date, file.encoding, file.sha256, int(note.private),
        _json(note.warnings), file.text, note.body_start,
    )  # fmt: skip


def _outcome_row(outcome: Outcome) -> tuple[object, ...]:
    file = outcome.file
    if file is None:
        return (outcome.path, outcome.status, outcome.reason, None, None)
    return (outcome.path, outcome.status, outcome.reason or file.warning or "", file.raw_path, file.sha256)


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
