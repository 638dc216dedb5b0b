"""The door: a cookie of ours, sessions that nobody else can use, a password that cannot be guessed."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from assistant.web.door import texts as door_texts
from assistant.web.door.door import Door
from assistant.web.door.login import Password, place_of
from assistant.web.door.visitors import Visitors, read_session

PASSWORD = "atelier-du-musée"  # noqa: S105
JOIN = "/gradio_api/queue/join"


class Visit:
    """A browser at a door: it keeps its cookie."""

    def __init__(self, door: Door, address: str = "192.0.2.7") -> None:
        self.door, self.address = door, address
        self.cookie = ""
        self.headers: dict[str, str] = {}

    def ask(
        self, path: str, *, query: str = "", post: bytes | None = None, accept: str = "text/html"
    ) -> tuple[int, str]:
        """Return the status and the text of the answer."""
        headers = {"cookie": self.cookie, "accept": accept}
        scope = {
            "type": "http", "method": "GET" if post is None else "POST", "path": path, "scheme": "http",
            "query_string": query.encode(), "client": (self.address, 5), "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        }  # fmt: skip
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": post or b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.door(scope, receive, send))
        self.headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        if "set-cookie" in self.headers:
            self.cookie = self.headers["set-cookie"].partition(";")[0]
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode()

    def join(self, session: Any) -> int:
        return self.ask(JOIN, post=json.dumps({"session_hash": session}).encode())[0]

    def log_in(self, password: str) -> int:
        return self.ask("/login", post=f"password={password}".encode())[0]


async def _inside(scope: Any, receive: Any, send: Any) -> None:
    body = (await receive())["body"]
    await PlainTextResponse(b"inside " + body)(scope, receive, send)


@pytest.fixture
def door() -> Door:
    """A door that asks nothing."""
    return Door(_inside, style_urls=("/cimaise/cimaise.css",))


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time at the closed door (seconds)."""
    return Clock()


@pytest.fixture
def closed(clock: Clock) -> Door:
    """A door that asks for the password."""
    return Door(_inside, style_urls=("/cimaise/cimaise.css",), password=Password(PASSWORD, now=clock))


# Cookies and sessions


def test_the_page_brings_a_cookie_that_no_script_reads_and_no_other_site_sends(door: Door) -> None:
    visit = Visit(door)
    assert visit.ask("/")[0] == 200
    attributes = visit.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert not any(a.startswith(("Expires", "Max-Age", "Domain")) for a in attributes)
    token = attributes[0].partition("=")[2].partition(".")[0]
    assert len(token) >= 43  # 256 bits
    visit.ask("/")
    assert "set-cookie" not in visit.headers


def test_a_session_is_of_the_browser_that_used_it_first(door: Door) -> None:
    visitor, thief = Visit(door), Visit(door)
    visitor.ask("/")
    thief.ask("/")
    assert visitor.join("s1") == 200
    assert visitor.ask("/gradio_api/queue/data", query="session_hash=s1")[0] == 200
    assert visitor.ask("/gradio_api/heartbeat/s1")[0] == 200
    assert thief.join("s1") == 403
    assert thief.ask("/gradio_api/queue/data", query="session_hash=s1") == (403, door_texts.REFUSED_SESSION)
    assert thief.ask("/gradio_api/heartbeat/s1")[0] == 403
    assert (
        thief.ask("/gradio_api/cancel", post=b'{"session_hash": "s1", "fn_index": 0, "event_id": "e"}')[0]
        == 403
    )
    assert thief.join("s2") == 200
    assert visitor.join("s1") == 200


@pytest.mark.parametrize(
    "query", ["", "session_hash=s1&session_hash=s2", "session_hash=", "session_hash[]=s1"]
)
def test_a_request_that_hides_its_session_shares_one_with_nobody(door: Door, query: str) -> None:
    visitor, other = Visit(door), Visit(door)
    for visit in (visitor, other):
        visit.ask("/")
    first = visitor.ask("/gradio_api/queue/data", query=query)[0]
    assert (first, other.ask("/gradio_api/queue/data", query=query)[0]) == (403, 403)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b'{"session_hash": 1}', b'{"session_hash": null}', b"[" * 9_000]
)
def test_a_body_without_a_session_is_refused(door: Door, body: bytes) -> None:
    visit = Visit(door)
    visit.ask("/")
    assert visit.ask(JOIN, post=body)[0] == 403


def test_without_our_cookie_no_session_is_used(door: Door) -> None:
    stranger = Visit(door)
    assert stranger.join("s1") == 403
    for forged in ("cimaise=abc.1.def", "cimaise=", "cimaise=..", "cimaise=\udcff.0.é", 'cimaise="x', "x=y"):
        stranger.cookie = forged.encode("utf-8", "surrogatepass").decode("latin-1")
        assert stranger.join("s1") == 403


def test_the_body_is_given_on_whole(door: Door) -> None:
    visit = Visit(door)
    visit.ask("/")
    assert visit.ask("/export/text", post=b"[1, 2]")[1] == "inside [1, 2]"


def test_sessions_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.web.door.visitors._MOST_SESSIONS", 100)
    visitors = Visitors(open_to_all=True)
    visitor = visitors.welcome()
    for number in range(1_000):
        assert visitors.may_use(visitor, str(number))
    assert len(visitors._owners) == 100


def test_sessions_are_read_where_gradio_reads_them() -> None:
    assert read_session("/", b"", b"") is None
    assert read_session("/note/x", b"session_hash=a", b"") is None
    assert read_session(JOIN, b"session_hash=a", b'{"session_hash": "b"}') == "b"
    assert read_session(JOIN, b"", b'{"session_hash": "a", "session_hash": "b"}') == "b"  # as FastAPI does


# The password


def test_nothing_is_open_before_the_password(closed: Door) -> None:
    visit = Visit(closed)
    for path in (
        "/",
        "/note/x",
        "/scope",
        "/titles",
        "/config",
        "/gradio_api/queue/data",
        "/assets/index.js",
    ):
        assert visit.ask(path)[0] == 303
        assert visit.headers["location"] == "/login"
        assert visit.ask(path, accept="*/*") == (401, door_texts.REFUSED_VISITOR)
    assert visit.join("s1") == 401
    assert visit.ask("/cimaise/cimaise.css")[0] == 200
    status, page = visit.ask("/login")
    assert status == 200
    assert door_texts.LABEL in page
    assert 'autocomplete="current-password"' in page


def test_the_password_opens_and_makes_another_visitor(closed: Door) -> None:
    visit = Visit(closed)
    assert visit.log_in("atelier-du-mus%C3%A9e") == 303
    assert visit.headers["location"] == "/"
    assert visit.ask("/") == (200, "inside ")
    assert visit.join("s1") == 200


def test_a_cookie_of_the_open_page_does_not_open_the_closed_one(closed: Door) -> None:
    visit = Visit(closed)
    visit.log_in("atelier-du-mus%C3%A9e")
    token, _, signature = visit.cookie.partition("=")[2].partition(".1.")
    visit.cookie = f"cimaise={token}.0.{signature}"
    assert visit.ask("/", accept="*/*")[0] == 401


def test_a_wrong_password_is_said_and_never_repeated(closed: Door) -> None:
    visit = Visit(closed)
    status, page = visit.ask("/login", post=b"password=<b>faux</b>")
    assert status == 403
    assert door_texts.WRONG in page
    assert "faux" not in page
    assert visit.ask("/", accept="*/*")[0] == 401


@pytest.mark.parametrize(
    "body", [b"", b"password", b"password=", b"\xff\xfe", b"password=" + b"x" * 60_000, b"a=1&password="]
)
def test_a_malformed_form_opens_nothing(closed: Door, body: bytes) -> None:
    assert Visit(closed).ask("/login", post=body)[0] == 403


def test_500_guesses_in_a_row_are_not_heard(closed: Door, clock: Clock) -> None:
    guesser, neighbour = Visit(closed), Visit(closed, "192.0.2.8")
    statuses = []
    for number in range(500):
        statuses.append(guesser.log_in(f"guess{number}"))
        clock.now += 0.001
    assert statuses.count(403) <= 10
    assert int(guesser.headers["retry-after"]) >= 1
    assert guesser.log_in("atelier-du-mus%C3%A9e") == 429  # even the right one has to wait
    assert neighbour.log_in("atelier-du-mus%C3%A9e") == 303
    clock.now += 301
    assert guesser.log_in("atelier-du-mus%C3%A9e") == 303


def test_patience_grows_and_is_bounded(clock: Clock) -> None:
    password = Password(PASSWORD, now=clock)
    waits = []
    for _ in range(20):
        clock.now += password.wait_s("192.0.2.7")
        password.opens("faux", "192.0.2.7")
        waits.append(password.wait_s("192.0.2.7"))
    assert waits[:7] == [0, 0, 0, 0, 1, 2, 4]
    assert waits[-1] == 300


@pytest.fixture
def addresses() -> Iterator[str]:
    """Addresses of one network of IPv6."""
    return (f"2001:db8:1:2::{number:x}" for number in range(1, 60))


def test_a_whole_network_of_ipv6_is_one_place(clock: Clock, addresses: Iterator[str]) -> None:
    password = Password(PASSWORD, now=clock)
    heard = sum(
        password.wait_s(address) == 0 and not password.opens("faux", address) for address in addresses
    )
    assert heard <= 10
    assert place_of("::ffff:192.0.2.7") == place_of("192.0.2.7")
    assert place_of("fe80::1%eth0") == place_of("fe80::2")
    assert place_of("testclient") == "testclient"
