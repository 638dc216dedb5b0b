"""Snapshot folders and the pointer to the published one: readers see one complete snapshot or the next.

<index>/CURRENT            the number of the published snapshot
<index>/<n>/manifest.json  counts, fingerprints, the digests of all other files, and its own
<index>/<n>/notes.sqlite3  the truth        <index>/<n>/chroma/  the vectors, disposable
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
    IndexWriteError,
)
from ingest.lease import Lease, Scratch, remove_unless_held, sweep_remains
from ingest.manifest import Manifest, check_files, read_manifest, render_manifest, seal_manifest
from ingest.store import Store
from ingest.vectors import VectorIndex

_OPENING_TRIES = 50  # how many publications an opening may be overtaken by
_NUMBER = re.compile(r"[1-9][0-9]{0,15}")
_SIGNING_S = 0.1  # what a new holder of the lock may take to say who it is


class Snapshot:
    """A published snapshot, held and open for reading; `vectors` is None when Chroma's part is broken.

    Chroma rewrites the files it opens: it is given a copy, so that what was published stays as it was.

    Raises:
        IndexDamagedError: The truth is not what was published.
    """

    def __init__(self, folder: Path, manifest: Manifest, lease: Lease) -> None:
        self.folder, self.manifest = folder, manifest
        self._lease = lease
        self._copy: Scratch | None = None
        self.vectors: VectorIndex | None = None
        try:
            check_files(folder, manifest, under="notes.sqlite3")
            self.store = Store(folder / "notes.sqlite3")
        except BaseException:
            lease.release()
            raise
        self.vectors = self._open_vectors()

    def close(self) -> None:
        """Release its files; a snapshot that is no longer the published one goes with its last reader."""
        self.store.close()
        if self.vectors is not None:
            self.vectors.close()
        if self._copy is not None:
            self._copy.remove()
        self._lease.release()
        if published_folder(self.folder.parent) not in {None, self.folder}:
            remove_unless_held(self.folder)

    def _open_vectors(self) -> VectorIndex | None:
        try:
            check_files(self.folder, self.manifest, under="chroma/")
            self._copy = Scratch()
            copy = shutil.copytree(self.folder / "chroma", self._copy.folder / "chroma")
            return VectorIndex(copy)
        except (IndexDamagedError, OSError):
            return None


def open_snapshot(index: Path, *, embeddings: str) -> Snapshot:
    """Open the published snapshot, its digests checked.

    Args:
        index: The index folder.
        embeddings: Fingerprint of the embeddings that questions will have.

    Raises:
        IndexMissingError: Nothing is published there.
        IndexDamagedError: The truth is not what was published.
        IndexMismatchError: The vectors are of other embeddings.
    """
    for _ in range(_OPENING_TRIES):
        folder = current_folder(index)
        if folder is None:
            raise IndexMissingError(index)
        try:
            lease = Lease(folder)
        except OSError:
            if published_folder(index) == folder:
                raise IndexDamagedError(folder, "manifest.json est illisible") from None
            continue
        if published_folder(index) != folder:  # overtaken before it was held: it may be going
            lease.release()
            continue
        try:
            manifest = read_manifest(folder)
            if manifest.embeddings != embeddings:
                raise IndexMismatchError(indexed=manifest.embeddings, configured=embeddings)
        except BaseException:
            lease.release()
            raise
        return Snapshot(folder, manifest, lease)
    raise IndexDamagedError(index, "CURRENT change sans cesse")


def current_folder(index: Path) -> Path | None:
    """Return the folder of the published snapshot, or None when nothing is published.

    Raises:
        IndexDamagedError: The pointer cannot be read.
    """
    try:
        name = (index / "CURRENT").read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError):
        raise IndexDamagedError(index, "CURRENT est illisible") from None
    if not _NUMBER.fullmatch(name):
        raise IndexDamagedError(index, "CURRENT est illisible")
    return index / name


def published_folder(index: Path) -> Path | None:
    """Return the folder of the published snapshot, or None when there is none that can be told."""
    try:
        return current_folder(index)
    except IndexDamagedError:
        return None


def publication(index: Path) -> tuple[int, int] | None:
    """Return what tells one publication from all others, or None when there is none.

    A number does not: whoever removes the whole index and makes it again begins at 1.
    """
    try:
        pointer = (index / "CURRENT").stat()
    except OSError:
        return None
    return pointer.st_ino, pointer.st_mtime_ns


@contextmanager
def writing(index: Path) -> Iterator[None]:
    """Be the one writer of an index; what an interrupted one left behind goes.

    Raises:
        IndexBusyError: Another process is, and who.
        IndexWriteError: The folder cannot be made or written.
    """
    try:
        index.mkdir(parents=True, exist_ok=True)
        with FileLock(index / "writer.lock", blocking=False):
            since = time.strftime("%H:%M:%S")
            (index / "writer").write_text(f"processus {os.getpid()}, depuis {since}", encoding="utf-8")
            sweep(index)
            yield
    except Timeout:
        time.sleep(_SIGNING_S)
        raise IndexBusyError(_holder(index)) from None
    except OSError as error:
        raise IndexWriteError.because(index, error) from error


def new_folder(index: Path) -> Path:
    """Make the folder of the next snapshot."""
    published = published_folder(index)
    taken = [*index.iterdir(), *([published] if published else [])]
    numbers = [int(entry.name) for entry in taken if _NUMBER.fullmatch(entry.name)]
    folder = index / str(max(numbers, default=0) + 1)
    folder.mkdir()
    return folder


def sweep(index: Path) -> None:
    """Remove all that was not published, and every snapshot before, those apart that somebody still reads.

    While the pointer cannot be read, nothing goes: what it points to may be whole.
    """
    try:
        published = current_folder(index)
    except IndexDamagedError:
        return
    (index / "CURRENT.new").unlink(missing_ok=True)
    sweep_remains(index)
    for entry in index.iterdir():
        if _NUMBER.fullmatch(entry.name) and entry != published:
            remove_unless_held(entry)


def publish(folder: Path, manifest: Manifest) -> Manifest:
    """Seal and write the manifest, make all durable, point CURRENT at the folder, let the others go."""
    manifest = seal_manifest(manifest, folder)
    _write_durably(folder / "manifest.json", render_manifest(manifest))
    for path in folder.rglob("*"):
        _fsync(path)
    _fsync(folder)
    index = folder.parent
    _write_durably(index / "CURRENT.new", folder.name)
    os.replace(index / "CURRENT.new", index / "CURRENT")
    _fsync(index)
    sweep(index)
    return manifest


def _holder(index: Path) -> str:
    try:
        return (index / "writer").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "autre processus"


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
