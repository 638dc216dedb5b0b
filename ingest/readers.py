"""The snapshot that readers share: each question sees one whole, the next question the newest."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.errors import StoreError
from ingest.snapshot import Snapshot, open_snapshot, publication

logger = logging.getLogger(__name__)


class SnapshotSource:
    """Lends the published snapshot to any number of threads, and follows its publications.

    A snapshot is closed when the last question that reads it is done. One that cannot be opened is not
    switched to: the one before goes on.

    Args:
        index: The index folder.
        embeddings: Fingerprint of the embeddings that questions will have.

    Raises:
        StoreError: There is no snapshot to begin with.
    """

    def __init__(self, index: Path, *, embeddings: str) -> None:
        self._index, self._embeddings = index, embeddings
        self._lock = threading.Lock()
        self._lent: dict[Snapshot, int] = {}
        self._closed = False
        self._seen = publication(index)
        self._current = open_snapshot(index, embeddings=embeddings)

    @contextmanager
    def lease(self) -> Iterator[Snapshot]:
        """Hold the newest snapshot for one question."""
        snapshot = self.take()
        try:
            yield snapshot
        finally:
            self.give_back(snapshot)

    def take(self) -> Snapshot:
        """Return the newest snapshot, which stays open until it is given back."""
        with self._lock:
            self._follow()
            self._lent[self._current] = self._lent.get(self._current, 0) + 1
            return self._current

    def give_back(self, snapshot: Snapshot) -> None:
        """Be done with a snapshot."""
        with self._lock:
            self._lent[snapshot] -= 1
            if not self._lent[snapshot]:
                del self._lent[snapshot]
                if snapshot is not self._current or self._closed:
                    snapshot.close()

    def close(self) -> None:
        """Release the files of what nobody reads; the rest goes when it is given back."""
        with self._lock:
            self._closed = True
            if self._current not in self._lent:
                self._current.close()

    def _follow(self) -> None:
        """Switch to what was published since, if it can be opened."""
        published = publication(self._index)
        if published in {None, self._seen}:
            return
        self._seen = published
        try:
            newest = open_snapshot(self._index, embeddings=self._embeddings)
        except StoreError as error:
            logger.warning("%s", error)
            return
        before, self._current = self._current, newest
        if before not in self._lent:
            before.close()
