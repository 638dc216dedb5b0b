"""Try a Chroma folder in a process of its own: what cannot be read back crashes there, and is not published.

Run as `python -m ingest.verify`; it reads the folder and the number of chunks from standard input, so that it
can be started, and import Chroma, while the folder is still being written.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from ingest.errors import IndexDamagedError
from ingest.lease import Scratch
from ingest.vectors import VectorIndex, load_chroma

_TRIED = 20  # chunks that must find themselves
_TIMEOUT_S = 300


class Verifier:
    """A process that waits for a folder to try; it starts, once, within a `with`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Verifier":
        """Start the process, unless it runs already; it imports Chroma meanwhile."""
        self._started()
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.kill()
            process.wait()
            with suppress(BrokenPipeError):
                process.stdin.close()

    def check(self, folder: Path, chunks: int) -> None:
        """Raise IndexDamagedError unless the folder opens, holds as many chunks, and they find themselves."""
        process = self._started()
        if process is None:
            if not try_folder(folder, chunks):
                raise IndexDamagedError(folder, "Chroma ne le relit pas")
            return
        try:
            process.communicate(f"{folder}\n{chunks}\n", timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise IndexDamagedError(folder, "Chroma ne le relit pas à temps") from None
        if process.returncode != 0:
            raise IndexDamagedError(folder, "Chroma ne le relit pas")

    def _started(self) -> subprocess.Popen[str] | None:
        """Return the process, begun now if need be; None where this one may start no other."""
        if self._process is None:
            home = str(Path(__file__).parents[1])
            path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
            with suppress(OSError):
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "ingest.verify"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd=tempfile.gettempdir(),  # Chroma reads any `.env` of the current folder
                    env=os.environ | {"PYTHONPATH": path},
                    text=True,
                )
        return self._process


def try_folder(folder: Path, chunks: int) -> bool:
    """Open a copy of a Chroma folder, count, and look for chunks by their own vectors."""
    scratch = Scratch()
    try:
        with closing(VectorIndex(shutil.copytree(folder, scratch.folder / "chroma"))) as vectors:
            return vectors.count() == chunks and vectors.find_themselves(_TRIED)
    finally:
        scratch.remove()


def main() -> int:
    """Wait for a folder, try it, and say how it went by the exit code."""
    load_chroma()  # while the folder is being written
    folder, chunks = sys.stdin.readline().rstrip("\n"), sys.stdin.readline().strip()
    return 0 if folder and try_folder(Path(folder), int(chunks)) else 1


if __name__ == "__main__":
    sys.exit(main())
