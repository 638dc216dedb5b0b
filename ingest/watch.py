"""Follow a vault: bring the index up to date each time its notes have been still for a moment."""

import math
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from watchfiles import watch

from ingest.errors import BusyError, CimaiseError
from ingest.settings import IngestSettings
from ingest.vault import check_vault
from ingest.verify import Verifier

QUIET_S = 2.0  # a file that a synchroniser is still writing is not read by halves
_LOOK_MS = 100
_RETRY_S = 5.0
_LONGEST_RETRY_S = 300.0


def follow_vault(
    settings: IngestSettings,
    *,
    stop: threading.Event,
    run: Callable[[Verifier], object],
    on_error: Callable[[CimaiseError], None],
    quiet_s: float = QUIET_S,
) -> None:
    """Synchronise now and after each change, until told to stop.

    An error is told once and does not end it: what was published serves on, and the next change tries again.
    Without one it is tried again too, after a pause that doubles each time: a server comes back unseen.

    Args:
        settings: Names the vault and the index.
        stop: Set by another thread to end it.
        run: Synchronises with a warm verifier.
        on_error: Given each error.
        quiet_s: How long nothing must move before notes are read (seconds).
    """
    _Follower(settings, stop, run, on_error).follow(quiet_s)


class _Follower:
    """What was said of the last error, and how long it is waited before the next try."""

    def __init__(
        self,
        settings: IngestSettings,
        stop: threading.Event,
        run: Callable[[Verifier], object],
        on_error: Callable[[CimaiseError], None],
    ) -> None:
        self._settings, self._stop = settings, stop
        self._run, self._on_error = run, on_error
        self._said = ""
        self._pause_s = _RETRY_S

    def follow(self, quiet_s: float) -> None:
        """Watch the vault, again each time that its folder went."""
        while not self._stop.is_set():
            try:
                check_vault(self._settings.vault)
                self._watch(quiet_s)
            except CimaiseError as error:
                self._tell(error)
                self._stop.wait(_RETRY_S)  # to look whether a folder is there costs nothing
            except OSError:  # it went while it was watched: check_vault says so
                self._stop.wait(_RETRY_S)

    def _watch(self, quiet_s: float) -> None:
        """Read at once, whenever the vault is still after a change, and when a failed reading is due again.

        Raises:
            VaultError: The folder went, and what watches it with it.
        """
        moves = watch(
            self._settings.vault,
            watch_filter=None,
            step=_LOOK_MS,
            debounce=_LOOK_MS,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            stop_event=self._stop,
        )
        due_s, verifier = time.monotonic(), Verifier()
        with ExitStack() as warm:
            for changes in moves:
                if changes:
                    due_s, self._pause_s = time.monotonic() + quiet_s, _RETRY_S
                    warm.enter_context(verifier)
                if time.monotonic() >= due_s:
                    warm.enter_context(verifier)
                    check_vault(self._settings.vault)
                    due_s = time.monotonic() + self._read(verifier)
                    warm.close()

    def _read(self, verifier: Verifier) -> float:
        """Synchronise; return how long to wait before the next try without a change (seconds)."""
        try:
            self._run(verifier)
        except BusyError:  # whoever writes will soon have done
            return _RETRY_S
        except CimaiseError as error:
            self._tell(error)
            pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, _LONGEST_RETRY_S)
            return pause_s
        self._said = ""
        return math.inf

    def _tell(self, error: CimaiseError) -> None:
        if str(error) != self._said:
            self._on_error(error)
        self._said = str(error)
