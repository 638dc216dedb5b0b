"""HTTP responses that end, whatever keeps them alive: a comment is bytes too, a line may be endless."""

import ssl
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import httpx2
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

_MOST_BYTES = 64_000_000  # a batch of vectors, as decimal figures, is a few millions


def bounded_clients(*, limit_s: float, near: bool, most_bytes: int = _MOST_BYTES) -> dict[str, Any]:
    """Return the sync and async HTTP clients of a provider, by LangChain's names.

    Args:
        limit_s: Longest time a response may take (seconds).
        near: Whether the endpoint is this machine or its network: then no proxy of the environment is used.
        most_bytes: Longest response. It is asked for uncompressed, and refused otherwise: a little of it
            would unpack into a lot.
    """
    options: Any = {
        "follow_redirects": False,  # a redirect would take the notes along
        "trust_env": not near,
        "headers": {"Accept-Encoding": "identity"},
        "verify": _certificates(trust_env=not near),
    }
    limits = _Limits(limit_s, most_bytes)
    return {
        "http_client": DefaultHttpxClient(**options, event_hooks={"response": [partial(_bound, limits)]}),
        "http_async_client": DefaultAsyncHttpxClient(
            **options, event_hooks={"response": [partial(_abound, limits)]}
        ),
    }


@lru_cache(maxsize=2)
def _certificates(*, trust_env: bool) -> ssl.SSLContext:
    """Return the authorities that a client trusts, which take 25 ms to read."""
    return httpx2.create_ssl_context(trust_env=trust_env)


@dataclass(frozen=True, slots=True)
class _Limits:
    limit_s: float
    most_bytes: int


class _Gauge:
    """What is left of a response's limits."""

    def __init__(self, limits: _Limits) -> None:
        self._deadline, self._left = time.monotonic() + limits.limit_s, limits.most_bytes

    def pass_on(self, piece: bytes) -> bytes:
        """Return a piece that keeps within them."""
        self._left -= len(piece)
        if time.monotonic() > self._deadline:
            raise TimeoutError
        if self._left < 0:
            raise ValueError("the response is too long")
        return piece


class _Bounded(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream, limits: _Limits) -> None:
        self._stream, self._gauge = stream, _Gauge(limits)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            yield self._gauge.pass_on(piece)

    def close(self) -> None:
        self._stream.close()


class _AsyncBounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, limits: _Limits) -> None:
        self._stream, self._gauge = stream, _Gauge(limits)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield self._gauge.pass_on(piece)

    async def aclose(self) -> None:
        await self._stream.aclose()


def _bound(limits: _Limits, response: Any) -> None:
    _check_plain(response)
    response.stream = _Bounded(response.stream, limits)


async def _abound(limits: _Limits, response: Any) -> None:
    _check_plain(response)
    response.stream = _AsyncBounded(response.stream, limits)


def _check_plain(response: Any) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ValueError("the response is compressed, which was not asked for")
