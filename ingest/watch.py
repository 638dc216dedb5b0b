"""Follow a vault: bring the index up to date each time its notes have been still for a moment."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from watchfiles import watch

from ingest.errors import BusyError, CimaiseError
from ingest.settings import IngestSettings
from ingest.vault import check_vault
from ingest.verify import Verifier

QUIET_S = 2.0  # a file that a synchroniser is still writing is not read by halves
_LOOK_MS = 100
_RETRY_S = 5.0


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

    Args:
        settings: Names the vault and the index.
        stop: Set by another thread to end it.
        run: Synchronises with a warm verifier.
        on_error: Given each error.
        quiet_s: How long nothing must move before notes are read (seconds).
    """
    said = ""
    while not stop.is_set():
        try:
            check_vault(settings.vault)
            for verifier in _quiet_moments(settings, stop, quiet_s):
                run(verifier)
                said = ""
        except CimaiseError as error:
            if str(error) != said and not isinstance(error, BusyError):
                on_error(error)
            said = str(error)
            stop.wait(_RETRY_S)
        except OSError:  # the folder went while it was watched: check_vault says so
            stop.wait(_RETRY_S)


def _quiet_moments(settings: IngestSettings, stop: threading.Event, quiet_s: float) -> Iterator[Verifier]:
    """Yield a warm verifier at once, and then each time the vault is still after a change."""
    moves = watch(
        settings.vault,
        watch_filter=None,
        step=_LOOK_MS,
        debounce=_LOOK_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
        stop_event=stop,
    )
    moved_at: float | None = time.monotonic() - quiet_s
    with ExitStack() as warm:
        verifier = warm.enter_context(Verifier())
        for changes in moves:
            if changes and moved_at is None:
                verifier = warm.enter_context(Verifier())
            moved_at = time.monotonic() if changes else moved_at
            if moved_at is not None and time.monotonic() - moved_at >= quiet_s:
                moved_at = None
                yield verifier
                warm.close()
