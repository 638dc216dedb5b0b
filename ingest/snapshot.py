"""Snapshot folders and the pointer to the published one: readers see one complete snapshot or the next.

<index>/CURRENT            the number of the published snapshot
<index>/<n>/manifest.json  format, counts, embedding fingerprint, digest of notes.sqlite3
<index>/<n>/notes.sqlite3  the truth        <index>/<n>/chroma/  the vectors, disposable
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
    IndexWriteError,
)
from ingest.store import Store
from ingest.vectors import VectorIndex

FORMAT = 3
_REASONS = {
    errno.EACCES: "droit d’écriture refusé",
    errno.EPERM: "droit d’écriture refusé",
    errno.EROFS: "support en lecture seule",
    errno.ENOSPC: "disque plein",
    errno.EDQUOT: "quota atteint",
    errno.EFBIG: "fichier trop grand",
    errno.EEXIST: "un fichier porte ce nom",
    errno.ENOTDIR: "un fichier porte le nom d’un dossier",
}
_KEPT = 2  # the published snapshot and the one before, which a reader may still hold


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot says of itself; `digest` is the SHA-256 of its `notes.sqlite3`."""

    format: int
    notes: int
    chunks: int
    embeddings: str
    digest: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published snapshot, open for reading; `vectors` is None when Chroma cannot open its part."""

    folder: Path
    manifest: Manifest
    store: Store
    vectors: VectorIndex | None

    def close(self) -> None:
        """Release its files."""
        self.store.close()
        if self.vectors is not None:
            self.vectors.close()


def open_snapshot(index: Path, *, embeddings: str) -> Snapshot:
    """Open the published snapshot, its digest checked.

    Args:
        index: The index folder.
        embeddings: Fingerprint of the embeddings that questions will have.

    Raises:
        IndexMissingError: Nothing is published there.
        IndexDamagedError: The truth is not what was published.
        IndexMismatchError: The vectors are of other embeddings.
    """
    folder = current_folder(index)
    if folder is None:
        raise IndexMissingError(index)
    manifest = read_manifest(folder)
    if manifest.embeddings != embeddings:
        raise IndexMismatchError(indexed=manifest.embeddings, configured=embeddings)
    if _digest(folder / "notes.sqlite3") != manifest.digest:
        raise IndexDamagedError(folder, "notes.sqlite3 a été modifié")
    store = Store(folder / "notes.sqlite3")
    try:
        vectors: VectorIndex | None = VectorIndex(folder / "chroma")
    except IndexDamagedError:
        vectors = None
    return Snapshot(folder, manifest, store, vectors)


def current_folder(index: Path) -> Path | None:
    """Return the folder of the published snapshot, or None."""
    try:
        name = (index / "CURRENT").read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError):
        raise IndexDamagedError(index, "CURRENT est illisible") from None
    if not name.isdecimal():
        raise IndexDamagedError(index, "CURRENT est illisible")
    return index / name


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a snapshot.

    Raises:
        IndexDamagedError: It is missing, unreadable, or of another format.
    """
    try:
        manifest = Manifest(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        raise IndexDamagedError(folder, "manifest.json est illisible") from None
    if manifest.format != FORMAT:
        raise IndexDamagedError(folder, "format d’une autre version")
    return manifest


@contextmanager
def writing(index: Path) -> Iterator[None]:
    """Be the one writer of an index.

    Raises:
        IndexBusyError: Another process is, and who.
        IndexWriteError: The folder cannot be made or written.
    """
    try:
        index.mkdir(parents=True, exist_ok=True)
        lock = FileLock(index / "writer.lock", blocking=False)
        with lock:
            (index / "writer").write_text(f"processus {os.getpid()}", encoding="utf-8")
            yield
    except Timeout:
        raise IndexBusyError(_holder(index)) from None
    except OSError as error:
        raise IndexWriteError(index, _REASONS.get(error.errno or 0, f"erreur {error.errno}")) from error


def new_folder(index: Path) -> Path:
    """Make the folder of the next snapshot; what an unfinished run left behind goes."""
    published = current_folder_or_none(index)
    numbers = [int(entry.name) for entry in index.iterdir() if entry.name.isdecimal()]
    for number in numbers:
        if published is not None and number > int(published.name):
            shutil.rmtree(index / str(number), ignore_errors=True)
    number = int(published.name) + 1 if published is not None else max(numbers, default=0) + 1
    folder = index / str(number)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def current_folder_or_none(index: Path) -> Path | None:
    """Return the folder of the published snapshot, or None when there is none that can be read."""
    try:
        return current_folder(index)
    except IndexDamagedError:
        return None


def publish(folder: Path, *, notes: int, chunks: int, embeddings: str) -> Manifest:
    """Write the manifest, make everything durable, point CURRENT at the folder, drop the oldest snapshots."""
    manifest = Manifest(FORMAT, notes, chunks, embeddings, _digest(folder / "notes.sqlite3"))
    _write_durably(folder / "manifest.json", json.dumps(asdict(manifest), indent=1))
    for path in folder.rglob("*"):
        _fsync(path)
    _fsync(folder)
    index = folder.parent
    _write_durably(index / "CURRENT.new", folder.name)
    os.replace(index / "CURRENT.new", index / "CURRENT")
    _fsync(index)
    for entry in index.iterdir():
        if entry.name.isdecimal() and int(entry.name) <= int(folder.name) - _KEPT:
            shutil.rmtree(entry, ignore_errors=True)
    return manifest


def _holder(index: Path) -> str:
    try:
        return (index / "writer").read_text(encoding="utf-8")
    except OSError:
        return "autre processus"


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        raise IndexDamagedError(path.parent, f"{path.name} est illisible") from None


def _write_durably(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    _fsync(path)


def _fsync(path: Path) -> None:
    if os.name == "nt":  # Windows opens no folder, and flushes on rename
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
