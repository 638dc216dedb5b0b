"""One vault's index kept up to date behind the page: one run at a time, its progress, its outcome."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from assistant.settings import Settings
from ingest.errors import CimaiseError, IndexBusyError
from ingest.sync import SyncReport, sync
from ingest.verify import Verifier
from ingest.watch import follow_vault

_STOP_S = 30.0  # for a stage that cannot be cut: it publishes, or leaves nothing behind
_PAUSE_S = 60.0  # between two readings that visitors ask for
_BEGINNING = "Lecture des notes"


@dataclass(frozen=True, slots=True)
class IndexState:
    """Where the index stands.

    `stage`, `done` and `total` are of the run under way; there is none while `stage` is empty. `report` is
    what the last run that succeeded saw; `error` is why the last one failed, None when it did not.
    """

    stage: str = ""
    done: int = 0
    total: int | None = None
    report: SyncReport | None = None
    error: CimaiseError | None = None

    @property
    def running(self) -> bool:
        """Whether the notes are being read."""
        return bool(self.stage)

    @property
    def read_at(self) -> datetime | None:
        """When the last run that succeeded ended."""
        return self.report.run.ended_at if self.report and self.report.run else None


class IndexingStoppedError(IndexBusyError):
    """Whoever wanted the index left before it was done; nothing was published."""

    def __init__(self) -> None:
        super().__init__("lecture arrêtée")


class Indexing:
    """Reads the notes at once, again after each change, and when asked.

    Args:
        settings: Names the vault and the index.
        on_change: Given each new state, from the thread that reads.
    """

    def __init__(self, settings: Settings, on_change: Callable[[IndexState], None]) -> None:
        self._settings, self._on_change = settings, on_change
        self._state = IndexState()
        self._turn, self._stop = threading.Lock(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._asked_s = -math.inf  # when the last reading that somebody asked for ended (monotonic)

    @property
    def state(self) -> IndexState:
        """Where the index stands."""
        return self._state

    @property
    def index(self) -> Path:
        """The folder of the index."""
        return self._settings.index_folder

    @property
    def pause_s(self) -> float:
        """How long visitors have to wait before they may ask for another reading (seconds)."""
        return max(0.0, self._asked_s + _PAUSE_S - time.monotonic())

    @property
    def alive(self) -> bool:
        """Whether a thread of it is still at work."""
        return any(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Read the notes now, and follow them."""
        self._tell(replace(self._state, stage=_BEGINNING))
        self._spawn(self._follow)

    def reindex(self, *, force: bool = False) -> bool:
        """Read the notes anew, in a thread of its own; return False where they are being read already.

        Args:
            force: Rebuild all, even when more than half of the notes are gone.
        """
        if self._stop.is_set() or not self._turn.acquire(blocking=False):
            return False
        self._tell(replace(self._state, stage=_BEGINNING, done=0, total=None))
        self._spawn(lambda: self._run_once(force=force))
        return True

    def stop(self) -> None:
        """Ask the run under way to end at its next step; nothing is published then."""
        self._stop.set()

    def close(self) -> None:
        """Stop, and wait for the run under way to have ended."""
        self.stop()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_STOP_S)

    def _spawn(self, target: Callable[[], None]) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=target, name="indexing", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _follow(self) -> None:
        follow_vault(self._settings, stop=self._stop, run=self._run_in_turn, on_error=self._fail)

    def _run_in_turn(self, verifier: Verifier) -> None:
        with self._turn:
            self._run(force=False, verifier=verifier)

    def _run_once(self, *, force: bool) -> None:
        try:
            self._run(force=force, verifier=None)
        except CimaiseError as error:
            self._fail(error)
        finally:
            self._asked_s = time.monotonic()
            self._turn.release()

    def _run(self, *, force: bool, verifier: Verifier | None) -> None:
        try:
            report = sync(self._settings, force=force, on_progress=self._progress, verifier=verifier)
        except CimaiseError as error:
            self._fail(error)
            raise
        else:
            self._tell(IndexState(report=report))
        finally:
            if self._state.running:  # whatever happened, it is over
                self._tell(replace(self._state, stage="", done=0, total=None))

    def _progress(self, stage: str, done: int, total: int | None) -> None:
        if self._stop.is_set():
            raise IndexingStoppedError
        self._tell(replace(self._state, stage=stage, done=done, total=total))

    def _fail(self, error: CimaiseError) -> None:
        if self._state.error is not error:
            self._tell(replace(self._state, stage="", done=0, total=None, error=error))

    def _tell(self, state: IndexState) -> None:
        self._state = state
        if not self._stop.is_set():
            self._on_change(state)
