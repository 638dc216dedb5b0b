"""HTTP responses that end before their deadline, whatever keeps them alive: a comment is bytes too."""

import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import httpx2
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient


def bounded_clients(*, limit_s: float, near: bool) -> dict[str, Any]:
    """Return the sync and async HTTP clients of a chat model, by LangChain's names.

    Args:
        limit_s: Longest time a response may take (seconds).
        near: Whether the endpoint is this machine or its network: then no proxy of the environment is used.
    """
    options: Any = {"follow_redirects": False, "trust_env": not near}  # a redirect would take the notes along
    return {
        "http_client": DefaultHttpxClient(**options, event_hooks={"response": [partial(_bound, limit_s)]}),
        "http_async_client": DefaultAsyncHttpxClient(
            **options, event_hooks={"response": [partial(_abound, limit_s)]}
        ),
    }


class _Bounded(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream, limit_s: float) -> None:
        self._stream, self._deadline = stream, time.monotonic() + limit_s

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            if time.monotonic() > self._deadline:
                raise TimeoutError
            yield piece

    def close(self) -> None:
        self._stream.close()


class _AsyncBounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, limit_s: float) -> None:
        self._stream, self._deadline = stream, time.monotonic() + limit_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            if time.monotonic() > self._deadline:
                raise TimeoutError
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _bound(limit_s: float, response: Any) -> None:
    response.stream = _Bounded(response.stream, limit_s)


async def _abound(limit_s: float, response: Any) -> None:
    response.stream = _AsyncBounded(response.stream, limit_s)
