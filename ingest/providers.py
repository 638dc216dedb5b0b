"""One context manager that turns what openai and LangChain raise into our errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.errors import (
    CimaiseError,
    ProviderAuthError,
    ProviderError,
    ProviderNotFoundError,
    ProviderRateLimitError,
    ProviderRefusedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    TextTooLongError,
)

_BY_STATUS: dict[int, type[ProviderError]] = {
    400: ProviderRefusedError,
    401: ProviderAuthError,
    403: ProviderAuthError,
    404: ProviderNotFoundError,
    408: ProviderTimeoutError,
    413: TextTooLongError,
    422: ProviderRefusedError,
    429: ProviderRateLimitError,
}
# What OpenAI, llama.cpp, vLLM, Ollama and TEI say of a text beyond their context, with 400, 413, 422 or 500.
_TOO_LONG = re.compile(
    r"maximum (?:context|input)|context (?:length|size|window)|exceed_context|too (?:large|long)"
    r"|must have less than",
    re.IGNORECASE,
)


@contextmanager
def provider_errors() -> Iterator[None]:
    """Translate a provider's failure by its status; its own words, which may hold the key, go no further.

    Raises:
        ProviderError: The one that says what to do, `from None`.
    """
    try:
        yield
    except (CimaiseError, KeyboardInterrupt, GeneratorExit):
        raise
    except TimeoutError:
        raise ProviderTimeoutError from None
    except Exception as error:  # noqa: BLE001 - bare JSON, index and type errors come through the clients too
        raise _translate(error) from None


def _translate(error: Exception) -> ProviderError:
    translated = _by_kind(error)()
    translated.retry_after_s = _retry_after_s(error)
    translated.streamed_nothing = "No generation chunks" in str(error)  # LangChain's own words
    return translated


def _by_kind(error: Exception) -> type[ProviderError]:
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        if status in {400, 422, 500} and _TOO_LONG.search(str(error)):
            return TextTooLongError
        if status in _BY_STATUS:
            return _BY_STATUS[status]
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"APITimeoutError", "TimeoutException"}:
        return ProviderTimeoutError
    if "api_key" in str(error) or "Missing credentials" in str(error):
        return ProviderAuthError
    return ProviderUnavailableError


def _retry_after_s(error: Exception) -> float | None:
    """Return the seconds of a `Retry-After`; one that is a date is left to our own patience."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    told = headers.get("retry-after", "")
    return float(told) if re.fullmatch(r"\d{1,9}(?:\.\d+)?", told) else None
