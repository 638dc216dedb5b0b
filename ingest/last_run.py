"""What the last run read and found, so that only what changed since is read again; when it was.

The latter lies beside the snapshots, in `last_run.json`: a run that finds nothing new makes no snapshot.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest.indexed import IndexedChunk
from ingest.note import Note, Wikilink
from ingest.store import Store
from ingest.vault import NoteFile, Outcome


@dataclass(frozen=True, slots=True)
class LastRun:
    """When the last run that succeeded ended, and how long it took (seconds)."""

    ended_at: datetime
    took_s: float


def record_run(index: Path, run: LastRun) -> None:
    """Remember a run; it has published all the same where that cannot be written."""
    said = json.dumps({"ended_at": run.ended_at.isoformat(), "took_s": run.took_s})
    with suppress(OSError):
        (index / "last_run.new").write_text(said, encoding="utf-8")
        os.replace(index / "last_run.new", index / "last_run.json")


def recall_run(index: Path) -> LastRun | None:
    """Return the last run of an index, None where it is not remembered."""
    try:
        read = json.loads((index / "last_run.json").read_text(encoding="utf-8"))
        return LastRun(datetime.fromisoformat(read["ended_at"]), float(read["took_s"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def recall_hashes(store: Store) -> dict[bytes, str]:
    """Return the content hash of every file that was read, those without a word of text too, by raw path."""
    return dict(store.select("SELECT raw_path, sha256 FROM outcomes WHERE sha256 IS NOT NULL", ()))


def recall_outcomes(store: Store) -> list[Outcome]:
    """Return what became of each file of the vault, without its text."""
    found = store.select("SELECT path, status, reason FROM outcomes ORDER BY rowid", ())
    return [Outcome(path, status, reason) for path, status, reason in found]


def recall_warnings(store: Store) -> list[tuple[str, int, str]]:
    """Return (path, 1-based line, French sentence) for what parsing found to mend."""
    found = store.select("SELECT path, warnings FROM notes WHERE warnings != '[]' ORDER BY row", ())
    with store.reading():
        return [(path, line, said) for path, written in found for line, said in json.loads(written)]


def recall_note(store: Store, file: NoteFile) -> tuple[Note, tuple[IndexedChunk, ...]] | None:
    """Return what parsing this very file gave, its sections apart, or None when it is new or changed."""
    columns = "row, own_title, header_title, aliases, tags, date, body_start, private, warnings"
    sql = f"SELECT {columns} FROM notes WHERE id = ? AND sha256 = ?"  # noqa: S608
    found = store.select(sql, (file.id, file.sha256))
    if not found:
        return None
    row, title, header_title, aliases, tags, day, body_start, private, warnings = found[0]
    with store.reading():
        note = Note(
            path=file.path,
            text=file.text,
            title=title,
            header_title=header_title,
            aliases=tuple(json.loads(aliases)),
            tags=tuple(json.loads(tags)),
            date=day,
            links=_links(store, row),
            sections=(),
            body_start=body_start,
            private=bool(private),
            warnings=tuple((line, sentence) for line, sentence in json.loads(warnings)),
        )
    return note, tuple(
        IndexedChunk(c.id, c.heading, c.start, c.end, store.lexicon.words_of(c.row), c.run)
        for c in store.chunks_of(row)
    )


def _links(store: Store, row: int) -> tuple[Wikilink, ...]:
    sql = 'SELECT name, heading, alias, embed, start, "end" FROM links WHERE source = ? ORDER BY start'
    return tuple(
        Wikilink(name, heading, alias, bool(embed), start, end)
        for name, heading, alias, embed, start, end in store.select(sql, (row,))
    )
