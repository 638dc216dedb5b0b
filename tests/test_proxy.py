"""Behind a proxy: the page under its public name, and nothing that a visitor says of itself believed."""

import asyncio
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Semaphore
from typing import TYPE_CHECKING, Any

import pytest

from assistant import Settings
from assistant.desk import Desk
from assistant.web import texts
from assistant.web.door.proxy import BehindProxy
from tests.desk_site import serve_desk
from tests.index_life import NearVerifier
from tests.page_site import MARKS, STEP, Site, StubChain, ask, open_page, serve, watch
from tests.proxy_site import NAME, Proxy, leading_to, open_proxy

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WARNINGS = [mark for mark in MARKS if mark.name == "filterwarnings"]
pytestmark = WARNINGS
PASSWORD = "atelier-du-musée"  # noqa: S105
URL = "https://cimaise.musee.fr"
NOBODY: Any = None  # who is neither heard nor answered


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that gives another Host to what is behind it."""
    with ExitStack() as opened:
        proxy = open_proxy(tmp_path_factory.mktemp("proxy"))
        opened.enter_context(closing(proxy.listener))
        site = opened.enter_context(serve(StubChain(), password=PASSWORD, public_url=proxy.url))
        opened.enter_context(leading_to(proxy, int(site.url.rpartition(":")[2])))
        yield proxy


def _log_in(proxy: Proxy, password: str, *, visitor: str, **headers: str) -> int:
    sent = {"Origin": proxy.url, "Content-Type": "application/x-www-form-urlencoded", **headers}
    return proxy.ask("/login", "POST", f"password={password}".encode(), sent, visitor=visitor)[0]


# Through a proxy


def test_who_has_the_password_comes_in_with_a_cookie_that_never_goes_unencrypted(proxy: Proxy) -> None:
    status, headers, _ = proxy.ask("/", headers={"Accept": "text/html"})
    assert (status, headers["location"]) == (303, "/login")
    status, headers, _ = proxy.ask("/login", "POST", f"password={PASSWORD}".encode(), {"Origin": proxy.url})
    assert (status, headers["location"]) == (303, "/")
    assert "Secure" in headers["set-cookie"].split("; ")
    cookie = {"Cookie": headers["set-cookie"].partition(";")[0]}
    status, _, page = proxy.ask("/", headers=cookie)
    assert status == 200
    assert json.loads(proxy.ask("/config", headers=cookie)[2])["root"] == proxy.url
    assert not re.search(r"http://127\.0\.0\.1", page)


def test_patience_is_with_each_visitor_and_not_with_the_proxy(proxy: Proxy) -> None:
    guesses = [
        _log_in(proxy, "faux", visitor="127.0.0.2", **{"X-Forwarded-For": f"192.0.2.{number}"})
        for number in range(8)
    ]
    assert guesses[-1] == 429
    assert _log_in(proxy, PASSWORD, visitor="127.0.0.2") == 429
    assert _log_in(proxy, PASSWORD, visitor="127.0.0.3") == 303


@pytest.mark.parametrize(
    "origin",
    ["http://{name}:{port}", "https://{name}", "https://evil.example", "null", "http://127.0.0.1:{port}"],
)
def test_a_page_of_another_origin_changes_nothing(proxy: Proxy, origin: str) -> None:
    forged = {"Origin": origin.format(name=NAME, port=proxy.url.rpartition(":")[2])}
    status, _, said = proxy.ask(
        "/login", "POST", f"password={PASSWORD}".encode(), forged, visitor="127.0.0.4"
    )
    assert (status, said) == (403, texts.REFUSED_ORIGIN)


def test_without_a_public_address_no_program_chooses_where_it_guesses_from() -> None:
    with serve(StubChain(), password=PASSWORD) as site:
        statuses = []
        for number in range(8):
            forged = {
                "X-Forwarded-For": f"192.0.2.{number}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            connection = http.client.HTTPConnection(site.url.removeprefix("http://"), timeout=20)
            with closing(connection):
                connection.request("POST", "/login", b"password=faux", forged)
                statuses.append(connection.getresponse().status)
    assert statuses[-1] == 429


# Whom a request is of


def _seen(
    headers: dict[str, str], *, peer: str = "127.0.0.1", public_url: str | None = URL
) -> tuple[str, str, str, set[str]]:
    """Return the scheme, the host, the client and the other headers that are seen behind a proxy."""
    caught: list[Any] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        del receive, send
        caught.append(scope)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "scheme": "http", "client": (peer, 5), "headers": raw}
    asyncio.run(BehindProxy(inside, public_url=public_url)(scope, NOBODY, NOBODY))
    [seen] = caught
    kept = {name.decode(): value.decode() for name, value in seen["headers"]}
    return seen["scheme"], kept.pop("host"), seen["client"][0], set(kept)


@pytest.mark.parametrize(
    "host", ["cimaise.musee.fr", "CIMAISE.musee.fr:443", "127.0.0.1:7860", "localhost:7860"]
)
def test_a_request_of_the_proxy_is_its_visitor_s(host: str) -> None:
    said = {"Host": host, "X-Forwarded-For": "1.1.1.1, 192.0.2.7", "X-Forwarded-Host": "evil.example"}
    assert _seen(said) == ("https", "cimaise.musee.fr", "192.0.2.7", set())


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("192.0.2.7:5123", "192.0.2.7"),
        ("[2001:db8::1]:5123", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("192.0.2.7, ", "127.0.0.1"),
        ("inconnu", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_the_last_hop_is_an_address_or_nothing(said: str, client: str) -> None:
    assert _seen({"Host": "cimaise.musee.fr", "X-Forwarded-For": said})[2] == client


@pytest.mark.parametrize("host", ["cimaise.musee.fr", "192.168.1.20:7860"])
def test_another_machine_is_never_believed_about_its_address(host: str) -> None:
    forged = {"Host": host, "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Forwarded": "for=::1"}
    assert _seen(forged, peer="192.0.2.66")[2:] == ("192.0.2.66", set())


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "evil.example"])
def test_another_machine_or_another_name_is_never_taken_for_the_public_address(host: str) -> None:
    forged = {"Host": host, "X-Forwarded-Host": "cimaise.musee.fr", "X-Forwarded-Proto": "https"}
    assert _seen(forged, peer="192.0.2.66")[:2] == ("http", host)
    if host == "evil.example":
        assert _seen(forged)[:2] == ("http", host)


def test_without_a_public_address_nobody_is_believed() -> None:
    forged = {
        "Host": "127.0.0.1:7860",
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Proto": "https",
        "Accept": "*/*",
    }
    assert _seen(forged, public_url=None) == ("http", "127.0.0.1:7860", "127.0.0.1", {"accept"})


def test_who_sits_at_the_machine_still_comes_under_its_own_name() -> None:
    assert _seen({"Host": "127.0.0.1:7860", "Origin": "http://127.0.0.1:7860"})[:2] == (
        "http",
        "127.0.0.1:7860",
    )


@pytest.mark.parametrize(("kind", "told"), [("text/event-stream; charset=utf-8", "no"), ("text/html", None)])
def test_a_proxy_is_told_to_pass_events_on_one_by_one(kind: str, told: str | None) -> None:
    sent: list[Any] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        headers = [(b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def send(message: Any) -> None:
        sent.append(message)

    app = BehindProxy(inside, public_url=None)
    asyncio.run(app({"type": "http", "headers": []}, NOBODY, send))
    assert dict(sent[0]["headers"]).get(b"x-accel-buffering") == (told and told.encode())


# What is only of this machine


def test_nothing_is_chosen_behind_a_proxy_under_any_name(
    demonstration_vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.watch.Verifier", NearVerifier)
    settings = Settings(vault=demonstration_vault, index=tmp_path / "index")
    with closing(Desk(settings)) as desk, serve_desk(desk, public_url=URL) as site:
        for host in (f"127.0.0.1:{site.port}", "cimaise.musee.fr"):
            status, view = site.ask("/index", headers={"Host": host})
            assert status == 200
            assert "<form" not in view
            assert str(demonstration_vault) not in view
            assert site.ask("/index/folders?q=/", headers={"Host": host})[0] == 404
        assert site.post("/index/vault", vault="/")[0] == 404
        assert site.ask("/", headers={"Host": "evil.example"})[0] == 421


# In a browser


@pytest.mark.browser
@pytest.mark.skipif(MARKS[-1].args[0], reason="no Chromium on this machine")
def test_the_page_streams_through_a_proxy_under_its_public_name(browser: "Browser", tmp_path: Path) -> None:
    with ExitStack() as opened:
        proxy = open_proxy(tmp_path)
        opened.enter_context(closing(proxy.listener))
        chain = StubChain(gate=Semaphore(2))  # the passages and the first sentence, then nothing more
        site: Site = opened.enter_context(serve(chain, public_url=proxy.url))
        opened.enter_context(leading_to(proxy, int(site.url.rpartition(":")[2]), keeps_host=True))
        context = opened.enter_context(browser.new_context(ignore_https_errors=True))
        page = context.new_page()
        faults = watch(page, proxy.url)
        open_page(page, proxy.url)
        ask(page, "Par quelles étapes\u202f?")
        page.wait_for_selector(f"#chat .cim-claim:has-text('{STEP}')")
        assert page.locator("#stop").is_visible()  # it is still being written
        chain.gate.release(1000)
        page.wait_for_selector("#chat .cim-after")
        assert [cookie["secure"] for cookie in context.cookies()] == [True]
        assert faults == []
