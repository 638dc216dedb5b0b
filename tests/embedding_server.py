"""An embedding server on loopback that answers as it is told to, and keeps what it receives."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """How one request goes wrong: by its status, its body, its rows altered by `spoil`, or its pace.

    `hang_s` passes before the first byte; `drip_s` between the bytes of the head, for ever.
    """

    status: int = 200
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    spoil: Callable[[list[Row]], Any] = lambda rows: rows
    hang_s: float = 0.0
    drip_s: float = 0.0
    longest: int | None = None


@dataclass(slots=True)
class EmbeddingServer:
    """A running server; the n-th request has the n-th fault, further ones the last."""

    url: str
    faults: tuple[Fault, ...]
    dimension: int = 16
    requests: list[list[str]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def texts(self) -> list[str]:
        """All the texts received, one request after the other."""
        return [text for texts in self.requests for text in texts]


@contextmanager
def serve_embeddings(*faults: Fault) -> Iterator[EmbeddingServer]:
    """Serve on a free port of loopback until the end of the `with`."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.state = EmbeddingServer(f"http://127.0.0.1:{server.server_port}/v1", faults or (Fault(),))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.state
    finally:
        server.state.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    state: EmbeddingServer


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        state = cast("_Server", self.server).state
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        state.asked.append(asked)
        state.requests.append(asked["input"])
        state.keys.append(self.headers.get("Authorization", ""))
        fault = state.faults[min(len(state.requests), len(state.faults)) - 1]
        with suppress(BrokenPipeError, ConnectionResetError):
            self._reply(state, fault, asked["input"])

    def log_message(self, *arguments: object) -> None:
        """Stay silent."""

    def _reply(self, state: EmbeddingServer, fault: Fault, texts: list[str]) -> None:
        state.stopping.wait(fault.hang_s)
        while fault.drip_s:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: " if not state.stopping.is_set() else b"\r\n\r\n")
            self.wfile.flush()
            if state.stopping.wait(fault.drip_s):
                return
        status, body = fault.status, fault.body
        if fault.longest is not None and max(map(len, texts)) > fault.longest:
            status, body = 400, b'{"error": {"message": "maximum context length is 99 tokens"}}'
        if body is None:
            rows = [{"index": i, "embedding": _vector(text, state.dimension)} for i, text in enumerate(texts)]
            body = json.dumps({"object": "list", "model": "essai", "data": fault.spoil(rows)}).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Connection", "close"), *fault.headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _vector(text: str, dimension: int) -> list[float]:
    return [byte - 127.5 for byte in sha256(text.encode()).digest()[:dimension]]
