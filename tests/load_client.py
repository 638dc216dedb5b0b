"""Visitors of the page without a browser: each has its cookie and its session, asks, and times what streams back."""

import asyncio
import json
import secrets
import statistics
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle

JOIN, READ, CANCEL = "/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/cancel"
HEARTBEAT = "/gradio_api/heartbeat/"
_LONGEST_LINE = 1 << 22  # bytes
_EVIDENCE, _TEXT = b"cim-num", b"cim-claim-text"
_DONE = (b'"msg":"process_completed"', b'"msg":"server_stopped"', b'"msg":"unexpected_error"')


@dataclass
class Chat:
    """What became of a question; durations from when it was sent (seconds), None where it did not happen."""

    status: int
    evidence_s: float | None = None
    text_s: float | None = None
    end_s: float | None = None
    size_bytes: int = 0
    updates: int = 0
    event_id: str = ""
    said: bytes = field(default=b"", repr=False)

    @property
    def answered(self) -> bool:
        """Whether it came to its end, with evidence and text on the way."""
        return self.end_s is not None and self.text_s is not None and b'"success":true' in self.said[-4_000:]


class Visitor:
    """A browser at the page.

    Args:
        port: Where it is served, on loopback.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.session = secrets.token_hex(8)
        self.cookie = ""
        self._asking: tuple[int, int] = (0, 0)

    async def arrive(self) -> "Visitor":
        """Open the page: that gives the cookie, and says what to ask."""
        _, headers, _ = await self.request("GET", "/")
        self.cookie = headers["set-cookie"].partition(";")[0]
        config = json.loads((await self.request("GET", "/config"))[2])
        send = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "send")
        asks = next(d["id"] for d in config["dependencies"] if [send, "click"] in d["targets"])
        self._asking = asks, send
        return self

    async def ask(self, question: str, *, folder: str = "", leave_at: bytes = b"") -> Chat:
        """Ask, and read all that comes.

        Args:
            question: As it is typed.
            folder: The part of the vault that is searched; the whole where there is none.
            leave_at: What makes the visitor leave as soon as it is seen; nothing where it is empty.
        """
        asks, send = self._asking
        context = json.dumps({"filters": {"folders": [folder]}}) if folder else ""
        sent = time.perf_counter()
        status, _, body = await self.post(
            JOIN, data=[question, context, None], event_data=None, fn_index=asks, trigger_id=send
        )
        chat = Chat(status, said=body)
        if status != 200:
            return chat
        chat.event_id = json.loads(body)["event_id"]
        async with self._open("GET", f"{READ}?session_hash={self.session}") as reader:
            async for line in _events(reader):
                now_s = time.perf_counter() - sent
                chat.said += line
                chat.size_bytes += len(line)
                chat.updates += 1
                if chat.evidence_s is None and _EVIDENCE in line:
                    chat.evidence_s = now_s
                if chat.text_s is None and _TEXT in line:
                    chat.text_s = now_s
                if any(done in line for done in _DONE):
                    chat.end_s = now_s
                    break
                if leave_at and leave_at in line:
                    break
        return chat

    async def post(self, path: str, /, **asked: object) -> tuple[int, dict[str, str], bytes]:
        """Post about this session."""
        return await self.request("POST", path, {"session_hash": self.session, **asked})

    async def request(
        self, method: str, path: str, asked: Mapping[str, object] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Return the status, the headers and the body of a whole answer."""
        body = b"" if asked is None else json.dumps(asked).encode()
        async with self._open(method, path, body) as reader:
            status, headers = await _head(reader)
            return status, headers, await _body(reader, headers)

    async def status(self, path: str) -> int:
        """Return the status of an answer that may not end."""
        async with self._open("GET", path) as reader:
            return (await _head(reader))[0]

    @asynccontextmanager
    async def _open(self, method: str, path: str, body: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=_LONGEST_LINE)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nCookie: {self.cookie}\r\n"
            f"Connection: close\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        try:
            yield reader
        finally:
            writer.close()


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    status = int((await reader.readline()).split()[1])
    headers = {}
    while line := (await reader.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return status, headers


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.read()
    pieces = []
    while size := int(await reader.readline(), 16):
        pieces.append((await reader.readexactly(size + 2))[:-2])
    return b"".join(pieces)


async def _events(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the events of a stream, one a line; the lines that only frame them are passed over."""
    while line := await reader.readline():
        if line.startswith(b"data: "):
            yield line


async def arrive(port: int, number: int) -> list[Visitor]:
    """Return so many visitors, each with the page open."""
    return [await Visitor(port).arrive() for _ in range(number)]


async def chat_at_once(visitors: Iterable[Visitor], questions: Iterable[str]) -> list[Chat]:
    """Have each visitor ask its question, all at the same time; the questions begin again where they end."""
    asked = (visitor.ask(question) for visitor, question in zip(visitors, cycle(questions), strict=False))
    return await asyncio.gather(*asked)


def p95(values: Iterable[float]) -> float:
    """Return the value that 95 % do not pass."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def summary(name: str, chats: Iterable[Chat]) -> str:
    """Return the figures of a run in one line: median, 95 % and longest (seconds), errors, size."""
    chats = list(chats)
    parts = [f"{name}: {len(chats)} chats"]
    for what in ("evidence_s", "text_s", "end_s"):
        took = [value for chat in chats if (value := getattr(chat, what)) is not None]
        if len(took) > 1:
            parts.append(f"{what} p50 {statistics.median(took):.2f} p95 {p95(took):.2f} max {max(took):.2f}")
    size = statistics.median(chat.size_bytes for chat in chats) / 1000
    updates = statistics.median(chat.updates for chat in chats)
    failed = sum(not chat.answered for chat in chats)
    return " | ".join([*parts, f"{size:.0f} kB in {updates:.0f} updates a chat", f"{failed} errors"])
