"""Open and list what lies in a vault without following a link, however it is swapped; read a file whole.

Each file is opened by its own name in its open folder, each folder in its open parent: no link in the midst
of a path is followed, and no path is too long. Where the system cannot (Windows), the real path is checked.
"""

import errno
import hashlib
import os
import queue
import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

T = TypeVar("T")
Parts = tuple[str, ...]
Kind = Literal["file", "folder", "link", "other"]

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FILE_FLAGS = os.O_RDONLY | _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_BY_DESCRIPTOR = {os.open, os.stat} <= os.supports_dir_fd and os.scandir in os.supports_fd
_OPEN_FOLDERS = 32  # a path of 4 096 bytes has up to 2 048 folders, a process often 256 descriptors
_PIECE_BYTES = 1 << 20
_READ_AGAIN = 3
_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file that did not change while they were read, and their SHA-256."""

    data: bytes
    sha256: str


class Folders:
    """The folders of a vault; a few stay open, so that a deep walk opens each but once."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)
        self._open: dict[Parts, int] = {}

    def listing(self, parts: Parts) -> list[tuple[str, Kind]]:
        """Return the name and kind of what lies in a folder, in order of name."""
        with os.scandir(self._folder(parts) if _BY_DESCRIPTOR else self._checked(parts)) as entries:
            return sorted((entry.name, _kind(entry)) for entry in entries)

    def open(self, parts: Parts) -> int:
        """Open a file; the descriptor is the caller's to close."""
        if not _BY_DESCRIPTOR:
            return os.open(self._checked(parts), _FILE_FLAGS)
        return os.open(parts[-1], _FILE_FLAGS, dir_fd=self._folder(parts[:-1]))

    def status(self, parts: Parts, descriptor: int) -> os.stat_result:
        """Return the status of what now bears the name of an open file."""
        if not _BY_DESCRIPTOR:
            return os.fstat(descriptor)
        return os.stat(parts[-1], dir_fd=self._folder(parts[:-1]), follow_symlinks=False)

    def close(self) -> None:
        """Close the folders that are open."""
        while self._open:
            os.close(self._open.popitem()[1])

    def _folder(self, parts: Parts) -> int:
        depth = next((size for size in range(len(parts), 0, -1) if parts[:size] in self._open), 0)
        if () not in self._open:
            self._open[()] = os.open(self._root, _FOLDER_FLAGS)
        for size in range(depth + 1, len(parts) + 1):
            parent = self._open[parts[: size - 1]]
            self._open[parts[:size]] = os.open(parts[size - 1], _FOLDER_FLAGS | _NO_LINK, dir_fd=parent)
            if len(self._open) > _OPEN_FOLDERS:
                os.close(self._open.pop(next(key for key in self._open if key)))
        return self._open[parts]

    def _checked(self, parts: Parts) -> str:
        path = os.path.join(self._root, *parts)
        if os.path.realpath(path) != path:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        return path


def _kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


def read_content(folders: Folders, parts: Parts, *, max_bytes: int) -> Content | str:
    """Read a file whole; one that changes meanwhile is read again, up to three times.

    Returns:
        Its content, or in French why there is none to have.

    Raises:
        OSError: It cannot be opened or read.
    """
    for attempt in range(1 + _READ_AGAIN):
        if attempt:
            time.sleep(_PAUSE_S * attempt)
        found = _read_once(folders, parts, max_bytes)
        if found is not None:
            return found
    return "modifié pendant la lecture ; relancez l’indexation"


def _read_once(folders: Folders, parts: Parts, max_bytes: int) -> Content | str | None:
    descriptor = folders.open(parts)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            return "n’est pas un fichier ordinaire"
        content = _read_pieces(descriptor, before.st_size, max_bytes) if before.st_size <= max_bytes else None
        if content is None:
            return f"plus de {max_bytes // 1_000_000 or 1} Mo"
        after = folders.status(parts, descriptor)
    finally:
        os.close(descriptor)
    return content if _version(before) == _version(after) else None


def _read_pieces(descriptor: int, size: int, max_bytes: int) -> Content | None:
    data = bytearray()
    digest = hashlib.sha256()
    piece_bytes = min(size + 1, _PIECE_BYTES)  # a larger buffer costs more than the reading itself
    while piece := os.read(descriptor, piece_bytes):
        digest.update(piece)
        data += piece
        if len(data) > max_bytes:
            return None
    return Content(bytes(data), digest.hexdigest())


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def refusal(error: OSError) -> tuple[Literal["skipped", "failed"], str]:
    """Return what a refusal of the system means: what is gone or swapped is skipped, the rest has failed."""
    if error.errno in {errno.ENOENT, errno.ESTALE}:
        return "skipped", "disparu pendant la lecture"
    if error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return "skipped", "remplacé par un lien pendant la lecture"
    if error.errno in {errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP, errno.EISDIR}:
        return "skipped", "n’est pas un fichier ordinaire"
    if isinstance(error, PermissionError):
        return "failed", "droit de lecture refusé"
    return "failed", f"lecture impossible (erreur {errno.errorcode.get(error.errno or 0, 'inconnue')})"


class Patience:
    """Makes calls one after the other in a thread of its own, and waits for each no longer than it should.

    A call on a disk that does not answer cannot be stopped: it is left behind with its thread.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="cimaise-vault", daemon=True).start()

    def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns.

        Raises:
            TimeoutError: It takes too long.
            OSError: What the function raises.
        """
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(function())
            except OSError as error:
                answer.set_exception(error)

        self._calls.put(run)
        return answer.result(self._seconds)

    def close(self) -> None:
        """Let the thread end once it is done with what it was given."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (run := self._calls.get()) is not None:
            run()
