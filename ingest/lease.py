"""Leases: a reader holds the snapshot it reads, and a snapshot goes when nobody holds it any more.

A lease is a shared lock on the snapshot's manifest, which the system releases even when a reader is killed.
Where there is no `flock` (Windows), an open file cannot be removed, which comes to the same.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_GONE = ".gone"
_SCRATCH = "cimaise-"


class Lease:
    """A snapshot held for reading, until `release`.

    Raises:
        OSError: There is no such snapshot (any more).
    """

    def __init__(self, folder: Path) -> None:
        self._stream: BinaryIO = (folder / "manifest.json").open("rb")
        if fcntl is not None:
            try:
                fcntl.flock(self._stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                self._stream.close()
                raise

    def release(self) -> None:
        """Let it go."""
        self._stream.close()


class Scratch:
    """A temporary folder, until `remove`; when its owner is killed, whoever makes the next one removes it.

    Raises:
        OSError: There is no room for it.
    """

    def __init__(self) -> None:
        _sweep_scratch()
        self.folder = Path(tempfile.mkdtemp(prefix=_SCRATCH))
        try:
            self._lock = (self.folder / "lock.new").open("wb")
            if fcntl is not None:
                fcntl.flock(self._lock, fcntl.LOCK_EX)
                os.replace(self.folder / "lock.new", self.folder / "lock")  # never seen before it is held
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def remove(self) -> None:
        """Remove it and all that it holds."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def remove_unless_held(folder: Path) -> bool:
    """Remove a snapshot that nobody reads; return whether it is gone."""
    try:
        stream = (folder / "manifest.json").open("rb")
    except OSError:
        return _remove(folder)  # never finished: nobody can read it
    with stream:
        if fcntl is not None:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            return _remove(folder)
    return _remove(folder)


def sweep_remains(index: Path) -> None:
    """Remove what an interrupted removal left behind."""
    for folder in index.glob(f"*{_GONE}"):
        shutil.rmtree(folder, ignore_errors=True)


def _sweep_scratch() -> None:
    """Remove our own temporary folders that nobody holds."""
    if fcntl is None:
        return
    for lock in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*/lock"):
        with suppress(OSError):
            if lock.parent.lstat().st_uid != os.geteuid():
                continue
            with open(os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock.parent, ignore_errors=True)


def _remove(folder: Path) -> bool:
    """Remove a folder under another name first, so that half of it is never taken for a snapshot."""
    gone = folder.with_name(f"{folder.name}{_GONE}")
    try:
        os.replace(folder, gone)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    shutil.rmtree(gone, ignore_errors=True)
    return True
