"""The guard: who may ask, for what, how much; and what every response carries."""

import asyncio
from typing import Any

import pytest

from assistant.web.door.guard import CONTENT_SECURITY_POLICY, MAX_BODY_BYTES, Guard, allowed_hosts, host_name

PATHS = ("GET /", "GET /note/*", "POST /ask")


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    if scope["method"] == "POST":
        body = (await receive())["body"]
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"Referrer-Policy", b"unsafe-url")]}
    )
    await send({"type": "http.response.body", "body": body})


def _call(
    method: str = "GET",
    path: str = "/",
    headers: dict[str, str] | None = None,
    chunks: tuple[bytes, ...] = (b"",),
    host: str = "127.0.0.1",
) -> tuple[int, dict[str, str], bytes]:
    given = {"host": "127.0.0.1:7860"} | (headers or {})
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    pending = list(chunks)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pending.pop(0), "more_body": bool(pending)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": raw, "query_string": b""}
    asyncio.run(Guard(_echo, host=host, open_paths=PATHS)(scope, receive, send))
    names = [name.lower() for name, _ in sent[0]["headers"]]
    assert len(names) == len(set(names))
    shown = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], shown, b"".join(message.get("body", b"") for message in sent[1:])


@pytest.mark.parametrize("path", ["/", "/note/x", "/nowhere"])
def test_every_response_carries_the_headers_once(path: str) -> None:
    _, headers, _ = _call(path=path)
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_policy_lets_no_script_be_evaluated_and_nothing_come_from_elsewhere() -> None:
    assert "unsafe-eval" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    "host", ["127.0.0.1:7860", "localhost:7860", "LOCALHOST", "[::1]:7860", "localhost."]
)
def test_loopback_names_are_answered(host: str) -> None:
    assert _call(headers={"host": host})[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "10.0.0.9", ""]
)
def test_other_names_are_refused_against_dns_rebinding(host: str) -> None:
    assert _call(headers={"host": host})[0] == 421


def test_wildcard_answers_to_addresses_but_not_to_names() -> None:
    assert _call(headers={"host": "192.168.1.20:7860"}, host="0.0.0.0")[0] == 200
    assert _call(headers={"host": "evil.example"}, host="0.0.0.0")[0] == 421


def test_bound_name_is_answered() -> None:
    assert "musee.local" in allowed_hosts("Musee.local")[0]
    assert host_name("[fe80::1]:80") == "fe80::1"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:7860"]
)
def test_another_origin_is_refused(origin: str) -> None:
    assert _call("POST", "/ask", {"origin": origin})[0] == 403


def test_own_origin_and_no_origin_are_answered() -> None:
    assert _call("POST", "/ask", {"origin": "http://127.0.0.1:7860"}, (b"x",))[2] == b"x"
    assert _call("POST", "/ask")[0] == 200


def test_cross_site_post_is_refused_without_an_origin_too() -> None:
    assert _call("POST", "/ask", {"sec-fetch-site": "cross-site"})[0] == 403


@pytest.mark.parametrize(
    "asked",
    ["GET /docs", "POST /", "POST /note/x", "OPTIONS /", "GET /ask", "GET /note", "get /", "GET /Note/x"],
)
def test_what_is_not_listed_is_closed(asked: str) -> None:
    method, path = asked.split()
    assert _call(method, path)[0] == 404


def test_head_goes_with_get() -> None:
    assert _call("HEAD", "/note/x")[0] == 200


def test_body_up_to_the_limit_arrives_whole() -> None:
    half = b"x" * (MAX_BODY_BYTES // 2)
    assert _call("POST", "/ask", chunks=(half, half))[2] == half + half


def test_longer_body_is_refused_whatever_its_header_says() -> None:
    too_long = (b"x" * MAX_BODY_BYTES, b"x")
    assert _call("POST", "/ask", chunks=too_long)[0] == 413
    assert _call("POST", "/ask", {"content-length": "10"}, too_long)[0] == 413


@pytest.mark.parametrize("length", [str(MAX_BODY_BYTES + 1), "9" * 40, "-1", "abc"])
def test_announced_length_is_refused_before_reading(length: str) -> None:
    assert _call("POST", "/ask", {"content-length": length}, ())[0] == 413


def test_refusals_are_in_french() -> None:
    assert "n’existe pas" in _call(path="/docs")[2].decode()


def test_websockets_are_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {}

    asyncio.run(Guard(_echo, host="127.0.0.1", open_paths=PATHS)({"type": "websocket"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_path_with_a_limit_of_its_own_takes_no_more_than_that() -> None:
    guard = Guard(_echo, host="127.0.0.1", open_paths=("POST /long",), long_bodies={"/long": 100_000})
    sent: list[Any] = []
    pending = [b"x" * 100_000, b"x"]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pending.pop(0), "more_body": bool(pending)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": "/long", "headers": headers, "query_string": b""}
    asyncio.run(guard(scope, receive, send))
    assert sent[0]["status"] == 413
    pending[:] = [b"x" * 100_000]
    asyncio.run(guard(scope, receive, send))
    assert len(sent[-1]["body"]) == 100_000
