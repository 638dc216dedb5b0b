"""One context manager that turns what openai and LangChain raise into our errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from ingest.errors import (
    CimaiseError,
    ProviderAuthError,
    ProviderError,
    ProviderNotFoundError,
    ProviderRateLimitError,
    ProviderTimeoutError,
    ProviderUnavailableError,
)

_BY_STATUS: dict[int, type[ProviderError]] = {
    401: ProviderAuthError,
    403: ProviderAuthError,
    404: ProviderNotFoundError,
    408: ProviderTimeoutError,
    429: ProviderRateLimitError,
}


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
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status in _BY_STATUS:
        return _BY_STATUS[status]()
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"APITimeoutError", "TimeoutException"}:
        return ProviderTimeoutError()
    if "api_key" in str(error) or "Missing credentials" in str(error):
        return ProviderAuthError()
    return ProviderUnavailableError()
