"""What openai and its transports raise, translated: every class, by status, and never in their own words."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore
import httpx
import httpx2
import openai
import pytest

from ingest.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNotFoundError,
    ProviderRateLimitError,
    ProviderRefusedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    TextTooLongError,
)
from ingest.providers import provider_errors

KEY = "sk-canari-123456"
BY_BASE: tuple[tuple[type[Exception], type[ProviderError]], ...] = (
    (openai.AuthenticationError, ProviderAuthError),
    (openai.PermissionDeniedError, ProviderAuthError),
    (openai.NotFoundError, ProviderNotFoundError),
    (openai.RateLimitError, ProviderRateLimitError),
    (openai.BadRequestError, ProviderRefusedError),
    (openai.UnprocessableEntityError, ProviderRefusedError),
    (openai.APITimeoutError, ProviderTimeoutError),
    (httpx.TimeoutException, ProviderTimeoutError),
    (httpx2.TimeoutException, ProviderTimeoutError),
    (httpcore.TimeoutException, ProviderTimeoutError),
    (TimeoutError, ProviderTimeoutError),
)
ROOTS: tuple[type[Exception], ...] = (
    openai.OpenAIError, httpx.HTTPError, httpx.InvalidURL, httpx.StreamError,
    httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError,
    httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException,
)  # fmt: skip
OTHERS: list[Exception] = [
    json.JSONDecodeError("Expecting value", "<html>", 0),
    IndexError("list index out of range"),
    TypeError("'NoneType' object is not iterable"),
    ValueError("No generation chunks were returned"),
    AttributeError("'str' object has no attribute 'choices'"),
    ConnectionResetError(104, "reset"),
    socket.gaierror(-2, "Name or service not known"),
    TimeoutError(),
]


def _family(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)


FOREIGN = sorted(
    {kind for root in ROOTS for kind in _family(root)}, key=lambda kind: (kind.__module__, kind.__name__)
)


def _expected(kind: type[Exception]) -> type[ProviderError]:
    return next((ours for base, ours in BY_BASE if issubclass(kind, base)), ProviderUnavailableError)


def _translated(error: BaseException) -> ProviderError:
    with pytest.raises(ProviderError) as caught, provider_errors():
        raise error
    return caught.value


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_foreign_class_has_its_translation(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    error.args = ("some words of the provider",)
    assert type(_translated(error)) is _expected(kind)


def test_the_families_are_whole() -> None:
    assert {"APITimeoutError", "RateLimitError", "ReadTimeout", "PoolTimeout", "ConnectError"} <= {
        kind.__name__ for kind in FOREIGN
    }
    assert len(FOREIGN) > 50


@pytest.mark.parametrize("error", OTHERS, ids=lambda error: type(error).__name__)
def test_bare_errors_of_the_clients_are_translated(error: Exception) -> None:
    assert type(_translated(error)) is _expected(type(error))


@pytest.mark.parametrize("error", [ProviderRateLimitError(), KeyboardInterrupt(), GeneratorExit(), SystemExit(4),
                                   asyncio.CancelledError()], ids=lambda error: type(error).__name__)  # fmt: skip
def test_our_errors_and_interruptions_pass_as_they_are(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, provider_errors():
        raise error
    assert caught.value is error


def test_nothing_raised_is_nothing_changed() -> None:
    with provider_errors():
        value = 1
    assert value == 1


def test_words_of_the_provider_go_no_further() -> None:
    translated = _translated(ValueError(f"Incorrect API key provided: {KEY}"))
    assert KEY not in str(translated)
    assert translated.__cause__ is None
    assert translated.__suppress_context__


def test_client_that_is_given_no_key_is_a_matter_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ProviderAuthError), provider_errors():
        openai.OpenAI(base_url="http://127.0.0.1:1/v1")


@contextmanager
def _endpoint(status: int, body: bytes, kind: str = "application/json") -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def _ask(url: str) -> None:
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=0, timeout=5) as client, provider_errors():
        reply = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Bonjour"}])
        reply.choices[0]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, ProviderRefusedError),
        (401, ProviderAuthError),
        (403, ProviderAuthError),
        (404, ProviderNotFoundError),
        (408, ProviderTimeoutError),
        (409, ProviderUnavailableError),
        (413, TextTooLongError),
        (418, ProviderUnavailableError),
        (422, ProviderRefusedError),
        (429, ProviderRateLimitError),
        (500, ProviderUnavailableError),
        (503, ProviderUnavailableError),
        (529, ProviderUnavailableError),
    ],
)
def test_status_of_a_real_endpoint_decides(status: int, expected: type[ProviderError]) -> None:
    body = json.dumps({"error": {"message": f"key {KEY} …", "type": "x", "code": None}}).encode()
    with _endpoint(status, body) as url, pytest.raises(ProviderError) as caught:
        _ask(url)
    assert type(caught.value) is expected
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "This model's maximum context length is 8192 tokens, however you requested 9000 tokens"),
        (400, "the request exceeds the available context size (512 tokens), try increasing it"),
        (
            500,
            "input (600 tokens) is too large to process. increase the physical batch size (current batch size: 512)",
        ),
        (422, "`inputs` must have less than 512 tokens. Given: 600"),
    ],
)
def test_text_beyond_the_context_is_told_from_other_refusals(status: int, words: str) -> None:
    body = json.dumps({"error": {"message": words}}).encode()
    with _endpoint(status, body) as url, pytest.raises(TextTooLongError):
        _ask(url)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>Bonjour</html>", "text/html"),
        (b"<html>Bonjour</html>", "application/json"),
        (b'{"choices": []}', "application/json"),
        (b'{"choices"', "application/json"),
        (b"", "application/json"),
        (b"null", "application/json"),
    ],
)
def test_nonsense_of_a_real_endpoint_is_unavailable(body: bytes, kind: str) -> None:
    with _endpoint(200, body, kind) as url, pytest.raises(ProviderUnavailableError):
        _ask(url)


def test_endpoint_that_nobody_listens_on_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ProviderUnavailableError):
        _ask(f"http://127.0.0.1:{port}/v1")
