"""A real desk behind our server on loopback, for the tests of the « Index » view."""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from assistant.desk import Desk
from assistant.web.app import build_app
from tests.serving import serve_app

PATIENCE_S = 30.0


@dataclass
class DeskSite:
    """A desk, its address, and how to ask it as our page does."""

    desk: Desk
    port: int
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """Return the status and the text of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.read().decode()

    def post(self, path: str, /, **asked: Any) -> tuple[int, dict[str, Any]]:
        """Post what our page does, from its own origin."""
        headers = {"Origin": self.url, "Content-Type": "application/json"}
        status, text = self.ask(path, "POST", json.dumps(asked).encode(), headers)
        return status, json.loads(text) if text.startswith("{") else {"error": text}

    def settle(self) -> None:
        """Wait until the notes are read."""
        until(lambda: self.desk.ready and not self.desk.state.running)


def until(happened: Callable[[], object]) -> None:
    """Wait until something has happened."""
    started = time.monotonic()
    while not happened():
        assert time.monotonic() - started < PATIENCE_S
        time.sleep(0.01)


@contextmanager
def serve_desk(desk: Desk, *, bound: str = "127.0.0.1", public_url: str | None = None) -> Iterator[DeskSite]:
    """Serve a desk on a free port of loopback, as though bound to another address where one is given."""
    with serve_app(lambda: build_app(desk, bound, desk, public_url=public_url)) as port:
        yield DeskSite(desk, port)
