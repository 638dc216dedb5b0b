"""What the published notes are: how many, which, where they lead; each answer is of the newest snapshot."""

import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.answer import Answer
from assistant.browse import FileState, Listing, Reading, Wanted, cut_page, list_notes, read_around
from assistant.leads import complete_title, find_leads
from assistant.question import is_question, starter_questions
from assistant.scope import Scope, survey_scope
from assistant.search import search_notes
from ingest.cards import load_cards
from ingest.health.report import HealthReport, examine_vault
from ingest.readers import SnapshotSource
from ingest.settings import IngestSettings
from ingest.store import StoredNote
from ingest.vault import read_note_file

_REPORT_S = 60  # how long a report of the vault's health is good for (seconds)


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
        settings: The vault.
    """

    def __init__(self, snapshots: SnapshotSource, settings: IngestSettings) -> None:
        self._snapshots = snapshots
        self._vault = settings
        self._report: tuple[float, HealthReport] | None = None
        self._examining = threading.Lock()

    @property
    def vault(self) -> Path:
        """The folder of notes."""
        return self._vault.vault.resolve()

    @property
    def vault_name(self) -> str:
        """The name of the folder of notes."""
        return self.vault.name

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
        """Return questions to begin with: those that hubs ask, then on the notes that most others cite."""
        with self._snapshots.lease() as snapshot:
            hubs = [title for title, _ in snapshot.store.hubs(40)]
            cited = [title for title, _ in snapshot.store.landmarks(40)]
        return starter_questions(list(dict.fromkeys([*filter(is_question, hubs), *cited, *hubs])))[:limit]

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

    def browse(self, wanted: Wanted) -> Listing:
        """Return a page of the notes, those that a search finds where there is one.

        Raises:
            QuestionError: The search holds no word, or is too long.
        """
        with self._snapshots.lease() as snapshot:
            if wanted.text.strip():
                return cut_page(search_notes(wanted, snapshot), wanted.page)
            return cut_page(list_notes(wanted, snapshot.store), wanted.page)

    def read(self, note_id: str) -> Reading | None:
        """Return a note with the notes around it, or None."""
        with self._snapshots.lease() as snapshot:
            note = snapshot.store.note(note_id)
            return None if note is None else read_around(note, snapshot.store, self.file_state(note))

    def file_state(self, note: StoredNote) -> FileState:
        """Tell whether the file of a note is still what was read, whatever its date says."""
        limit = self._vault.max_note_bytes
        file = read_note_file(self._vault.vault, note.raw_path, max_note_bytes=limit)
        return "gone" if file is None else "same" if file.sha256 == note.sha256 else "changed"

    def note_ids(self) -> Mapping[str, str]:
        """Return the opaque id of every note by its path."""
        with self._snapshots.lease() as snapshot:
            return {card.path: card.id for card in load_cards(snapshot.store)}

    def health(self) -> HealthReport:
        """Return what is to mend in the vault as it is, or as it was less than a minute ago.

        Raises:
            VaultError: The vault cannot be read, or holds no note.
        """
        with self._examining:
            if self._report is None or time.monotonic() - self._report[0] > _REPORT_S:
                report = examine_vault(self._vault)
                self._report = time.monotonic(), report
            return self._report[1]

    def close(self) -> None:
        """Release the snapshot's files."""
        self._snapshots.close()
