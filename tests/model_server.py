"""An OpenAI-compatible server on loopback, started and stopped by a `with`, that answers as it is told to."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Reply:
    """How a chat completion goes: `body` is sent as it is, else `pieces` are streamed, `pause_s` between them.

    `finish` None cuts the stream cleanly without a `finish_reason`; `endless` starts the pieces over and over,
    for 20 s at most; `tail` is sent raw after the pieces; `hang_s` passes before the first byte, `stall_s`
    before the end. `deltas` are streamed as they are, after the pieces. `raw` is all that is sent, without a
    head, `pause_s` between. `whole` is one that cannot stream, whatever it is asked. `reset` drops the connection as a killed process does.
    """

    pieces: tuple[str, ...] = ()
    finish: str | None = "stop"
    status: int = 200
    body: bytes | None = None
    content_type: str = "text/event-stream"
    headers: tuple[tuple[str, str], ...] = ()
    pause_s: float = 0.0
    endless: bool = False
    tail: bytes = b""
    hang_s: float = 0.0
    stall_s: float = 0.0
    deltas: tuple[dict[str, Any], ...] = ()
    raw: tuple[bytes, ...] = ()
    whole: bool = False
    reset: bool = False
    usage: tuple[int, int] | None = (120, 30)


@dataclass(slots=True)
class ModelServer:
    """A running server: what it was asked, and whether a client left before the end."""

    url: str
    replies: list[Reply]
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    left: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def asked(self) -> str:
        """All the text of the last request's messages."""
        return "\n".join(str(message["content"]) for message in self.requests[-1]["messages"])


@contextmanager
def serve_model(*replies: Reply) -> Iterator[ModelServer]:
    """Serve on a free port of loopback; the n-th chat request has the n-th reply, further ones the last."""
    server = _Server(("127.0.0.1", 0), _Handler)
    model = ModelServer(f"http://127.0.0.1:{server.server_address[1]}/v1", list(replies) or [Reply()])
    server.model = model
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield model
    finally:
        model.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """Waits for its threads when it closes, so that no test leaves one behind."""

    daemon_threads = False
    request_queue_size = 128  # a room knocks at once
    model: ModelServer


class _Handler(BaseHTTPRequestHandler):
    """Answers `/v1/chat/completions` and `/v1/embeddings`; each reply ends its connection."""

    def do_POST(self) -> None:
        model = cast("_Server", self.server).model
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not body:
            return  # who asked has left already
        asked = json.loads(body)
        model.requests.append(asked)
        model.keys.append(self.headers.get("Authorization", ""))
        with suppress(BrokenPipeError, ConnectionResetError):
            if self.path.endswith("/embeddings"):
                self._embed(asked)
            else:
                reply = model.replies[min(len(model.requests), len(model.replies)) - 1]
                self._chat(model, reply, streamed=asked.get("stream", False) and not reply.whole)
            return
        model.left.set()

    def log_message(self, *arguments: object) -> None:
        """Stay silent."""

    def _chat(self, model: ModelServer, reply: Reply, *, streamed: bool) -> None:
        model.stopping.wait(reply.hang_s)
        for raw in reply.raw:
            self._send(raw)
            model.stopping.wait(reply.pause_s)
        if reply.raw:
            return
        self._head(reply.status, reply.content_type, reply.headers)
        if reply.body is not None:
            self.wfile.write(reply.body)
            return
        if not streamed:
            self.wfile.write(_completion(reply))
            return
        for _ in range(2_000 if reply.endless else 1):
            for piece in reply.pieces:
                self._send(piece if piece.startswith(":") else _event({"content": piece}))
                if model.stopping.wait(reply.pause_s) or (reply.endless and model.stopping.wait(0.01)):
                    return
        for delta in reply.deltas:
            self._send(_event(delta))
        self._send(reply.tail)
        model.stopping.wait(reply.stall_s)
        self._end(reply)

    def _end(self, reply: Reply) -> None:
        if reply.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif reply.finish is not None:
            self._send(_event({}, finish=reply.finish))
            if reply.usage is not None:
                self._send(_event(None, usage=reply.usage))
            self._send("data: [DONE]\n\n")

    def _embed(self, asked: dict[str, Any]) -> None:
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        rows = [
            {"object": "embedding", "index": i, "embedding": _vector(text)} for i, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        self._head(200, "application/json", ())
        self.wfile.write(
            json.dumps({"object": "list", "model": "essai", "data": rows, "usage": usage}).encode()
        )

    def _head(self, status: int, content_type: str, headers: tuple[tuple[str, str], ...]) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", content_type), ("Connection", "close"), *headers):
            self.send_header(name, value)
        self.end_headers()

    def _send(self, text: str | bytes) -> None:
        self.wfile.write(text.encode() if isinstance(text, str) else text)
        self.wfile.flush()


def _completion(reply: Reply) -> bytes:
    message = {"role": "assistant", "content": "".join(reply.pieces)}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish}
    asked, said = reply.usage or (0, 0)
    usage = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
    whole = {"id": "c", "object": "chat.completion", "created": 1, "model": "essai"}
    return json.dumps({**whole, "choices": [choice], "usage": usage}).encode()


def _event(
    delta: dict[str, Any] | None, *, finish: str | None = None, usage: tuple[int, int] | None = None
) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    event: dict[str, Any] = {
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "essai", "choices": choices,
    }  # fmt: skip
    if usage is not None:
        event["usage"] = dict(
            zip(("prompt_tokens", "completion_tokens", "total_tokens"), (*usage, sum(usage)), strict=True)
        )
    return f"data: {json.dumps(event)}\n\n"


def _vector(text: str) -> list[float]:
    """Return a unit vector that depends on the text alone."""
    values = [byte - 127.5 for byte in sha256(text.encode()).digest()]
    norm = sum(value * value for value in values) ** 0.5
    return [value / norm for value in values]
