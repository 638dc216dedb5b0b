"""What the tests of the index's life share: embeddings that count, a verifier at hand, what lies on the disk."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.embeddings import Embeddings

from ingest.embeddings import HashedEmbeddings, fingerprint
from ingest.errors import IndexDamagedError
from ingest.settings import IngestSettings
from ingest.snapshot import Snapshot, open_snapshot, published_folder
from ingest.sync import SyncReport, sync
from ingest.verify import Verifier, try_folder

HASHED = fingerprint(HashedEmbeddings(), "hashed")
LASTING = {
    "CURRENT",
    "last_run.json",
    "writer",
    "writer.lock",
    "vectors.sqlite3",
}  # beside the published snapshot


class NearVerifier(Verifier):
    """Tries a folder in this very process: a second sooner than in another one."""

    def __enter__(self) -> "NearVerifier":
        return self

    def check(self, folder: Path, chunks: int) -> None:
        if not try_folder(folder, chunks):
            raise IndexDamagedError(folder, "Chroma ne le relit pas")


class CountingEmbeddings(Embeddings):
    """Hashed embeddings of any dimension that keep what they were paid for; `spoil` alters each batch."""

    def __init__(
        self, dimension: int = 16, *, spoil: Callable[[list[list[float]]], Any] = lambda vectors: vectors
    ) -> None:
        self.paid: list[str] = []
        self.spoil = spoil
        self._hashed = HashedEmbeddings(dimension)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self.spoil(self._hashed.embed_documents(texts))
        self.paid += texts
        return vectors

    def embed_query(self, text: str) -> list[float]:
        return self._hashed.embed_query(text)


def sync_near(settings: IngestSettings, **options: Any) -> SyncReport:
    """Synchronise, the verification in this process."""
    return sync(settings, verifier=NearVerifier(), **options)


def published(settings: IngestSettings) -> Path:
    """Return the folder of the published snapshot; there is one."""
    folder = published_folder(settings.index_folder)
    assert folder is not None
    return folder


@contextmanager
def opened(settings: IngestSettings, *, embeddings: str = HASHED) -> Any:
    """Open the published snapshot and close it."""
    snapshot = open_snapshot(settings.index_folder, embeddings=embeddings)
    try:
        yield snapshot
    finally:
        snapshot.close()


def texts_of(snapshot: Snapshot) -> dict[str, str]:
    """Return the text of every note of a snapshot by its path."""
    notes = snapshot.store.notes(range(snapshot.manifest.notes))
    return {note.path: note.text for note in notes.values()}


def texts_in(settings: IngestSettings, *, embeddings: str = HASHED) -> dict[str, str]:
    """Return the text of every note published, by its path."""
    with opened(settings, embeddings=embeddings) as snapshot:
        return texts_of(snapshot)


def bytes_hold(folder: Path, words: str) -> list[str]:
    """Return the files under a folder whose bytes hold the words."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path.relative_to(folder)) for path in files if words.encode() in path.read_bytes()]
