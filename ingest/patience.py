"""How long a provider is waited for, and how often it is asked again."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

from ingest.errors import (
    CimaiseError,
    ProviderRateLimitError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)
from ingest.providers import provider_errors

_PAUSES_S = (1.0, 4.0, 15.0)
_LONGEST_PAUSE_S = 60.0  # a provider that asks for more has to be asked another day

Result = TypeVar("Result")


def within(limit_s: float, call: Callable[[], Result]) -> Result:
    """Return what a call to a provider returns, if it does in time.

    It runs aside: no client has a deadline that a drip of headers does not stretch. One that is late ends by
    itself, and keeps no program from ending.

    Args:
        limit_s: Longest wait (seconds).
        call: What asks the provider.

    Raises:
        ProviderError: It failed, or was late.
    """
    outcome: Future[Result] = Future()
    context = copy_context()

    def run() -> None:
        try:
            with provider_errors():
                outcome.set_result(context.run(call))
        except CimaiseError as error:
            outcome.set_exception(error)

    Thread(target=run, name="provider", daemon=True).start()
    with provider_errors():
        return outcome.result(limit_s)


def patiently(call: Callable[[], Result], *, pauses_s: Sequence[float] | None = None) -> Result:
    """Return what a call returns, made again after a pause when the provider may do better then.

    Args:
        call: Raises a ProviderError when it fails.
        pauses_s: What to wait before each further try (seconds), unless the provider says how long.

    Raises:
        ProviderError: The last failure; at once when asking again is of no use.
    """
    for pause_s in _PAUSES_S if pauses_s is None else pauses_s:
        try:
            return call()
        except (ProviderRateLimitError, ProviderTimeoutError, ProviderUnavailableError) as error:
            wait_s = pause_s if error.retry_after_s is None else error.retry_after_s
            if wait_s > _LONGEST_PAUSE_S:
                raise
        time.sleep(wait_s)
    return call()
