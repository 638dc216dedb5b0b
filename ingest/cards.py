"""The notes of a snapshot as one browses them: a card each, and the links between them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.store import Store

_LINK_COLUMNS = 'source, target, name, heading, start, "end"'


@dataclass(frozen=True, slots=True)
class NoteCard:
    """What a list says of a note; `cites` other notes, and is `cited` by others, so many times."""

    row: int
    id: str
    path: str
    title: str
    tags: tuple[str, ...]
    date: str | None
    cites: int = 0
    cited: int = 0

    @property
    def folder(self) -> str:
        """The folder of the note relative to the vault, empty at its root."""
        return self.path.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class StoredLink:
    """A wikilink, `text[start:end]` of the note at row `source`; `target` is None when no note answers."""

    source: int
    target: int | None
    name: str
    heading: str
    start: int
    end: int


def load_cards(store: Store, rows: Iterable[int] | None = None) -> list[NoteCard]:
    """Return the cards of the notes at these rows, of all notes for None, by row."""
    kept = "" if rows is None else f"WHERE row IN ({','.join(str(int(row)) for row in rows)})"
    found = store.select(f"SELECT row, id, path, title, tags, date FROM notes {kept} ORDER BY row", ())  # noqa: S608
    cites, cited = _counts(store, "source", "target"), _counts(store, "target", "source")
    with store.reading():
        return [
            NoteCard(
                row, note_id, path, title, tuple(json.loads(tags)), day, cites.get(row, 0), cited.get(row, 0)
            )
            for row, note_id, path, title, tags, day in found
        ]


def links_from(store: Store, row: int) -> list[StoredLink]:
    """Return the wikilinks of a note, in its order."""
    sql = f"SELECT {_LINK_COLUMNS} FROM links WHERE source = ? ORDER BY start"  # noqa: S608
    return [StoredLink(*found) for found in store.select(sql, (row,))]


def links_to(store: Store, row: int) -> list[StoredLink]:
    """Return the wikilinks of other notes that lead to a note, those of one note together."""
    sql = (
        f"SELECT {_LINK_COLUMNS} FROM links WHERE target = ? AND source != target "  # noqa: S608
        "ORDER BY source, start"
    )
    return [StoredLink(*found) for found in store.select(sql, (row,))]


def _counts(store: Store, own: str, other: str) -> dict[int, int]:
    """Return how many different notes each note is linked with, one way."""
    sql = (
        f"SELECT {own}, count(DISTINCT {other}) FROM links "  # noqa: S608
        "WHERE target IS NOT NULL AND source != target GROUP BY 1"
    )
    return dict(store.select(sql, ()))
