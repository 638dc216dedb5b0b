"""What the published notes are: how many, which, where they lead; each answer is of the newest snapshot."""

import os
from dataclasses import dataclass

from assistant.answer import Answer
from assistant.leads import complete_title, find_leads
from assistant.question import starter_questions
from assistant.scope import Scope, survey_scope
from ingest.readers import SnapshotSource
from ingest.store import StoredNote


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the index holds: `vectors` chunks have one, `by_vectors` tells whether they can be searched."""

    notes: int
    chunks: int
    vectors: int
    by_vectors: bool


class Catalogue:
    """The notes of an index, as one browses them.

    Args:
        snapshots: Lends the published snapshot; `close` closes it.
    """

    def __init__(self, snapshots: SnapshotSource) -> None:
        self._snapshots = snapshots

    @property
    def note_count(self) -> int:
        """How many notes the index holds."""
        with self._snapshots.lease() as snapshot:
            return snapshot.manifest.notes

    @property
    def holdings(self) -> Holdings:
        """What the index holds."""
        with self._snapshots.lease() as snapshot:
            held = snapshot.manifest
            return Holdings(held.notes, held.chunks, held.vectors, snapshot.vectors is not None)

    @property
    def note_paths(self) -> frozenset[str]:
        """The paths, relative to the vault, of the notes that the index holds."""
        with self._snapshots.lease() as snapshot:
            return frozenset(map(os.fsdecode, snapshot.store.hashes()))

    def note(self, note_id: str) -> StoredNote | None:
        """Return a note of the snapshot by its opaque id, or None."""
        with self._snapshots.lease() as snapshot:
            return snapshot.store.note(note_id)

    def starters(self, limit: int = 4) -> tuple[str, ...]:
        """Return questions to begin with: the titles of the notes that link to the most others."""
        with self._snapshots.lease() as snapshot:
            titles = [title for title, _ in snapshot.store.hubs(40)]
        return starter_questions(titles)[:limit]

    def scope(self) -> Scope:
        """Return the folders, tags and years that a search can keep to."""
        with self._snapshots.lease() as snapshot:
            return survey_scope(snapshot.store.facts())

    def leads(self, answer: Answer) -> tuple[str, ...]:
        """Return questions that the notes an answer cites lead to."""
        with self._snapshots.lease() as snapshot:
            return find_leads([citation.note_id for citation in answer.citations], snapshot.store)

    def titles(self, typed: str) -> tuple[str, ...]:
        """Return titles of notes that hold what was typed."""
        with self._snapshots.lease() as snapshot:
            return complete_title(typed, snapshot.store)

    def close(self) -> None:
        """Release the snapshot's files."""
        self._snapshots.close()
