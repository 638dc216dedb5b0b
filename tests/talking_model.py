"""A chat model on loopback, in a process of its own, that says a text piece by piece to as many as ask at once.

python -m tests.talking_model TEXT PIECES PAUSE_S     prints its port; GET /counts tells who stayed to the end.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n\r\n"


@dataclass
class Counts:
    """Requests that began, that were heard to the end, that were left before."""

    begun: int = 0
    whole: int = 0
    left: int = 0


def pieces_of(text: str, number: int) -> list[bytes]:
    """Return a text as events of an OpenAI stream, so many at most: its first sentence at once, then the rest."""
    first = text.index("]. ") + 3
    size = -(-(len(text) - first) // number)
    cuts = [text[:first], *(text[start : start + size] for start in range(first, len(text), size))]
    return [
        *(_event({"content": cut}) for cut in cuts),
        _event({}, finish="stop"),
        b"data: [DONE]\n\n",
    ]


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "essai",
        "choices": [choice],
    }
    return f"data: {json.dumps(event)}\n\n".encode()


async def main(text: str, number: int, pause_s: float) -> None:
    """Serve until killed."""
    counts, pieces = Counts(), pieces_of(text, number)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET"):
            writer.write(_HEAD % b"application/json" + json.dumps(asdict(counts)).encode())
            writer.close()
            return
        counts.begun += 1
        writer.write(_HEAD % b"text/event-stream")
        gone = asyncio.create_task(_until_gone(reader))
        for piece in pieces:
            if gone.done():
                break
            writer.write(piece)
            await asyncio.sleep(pause_s)
        counts.left, counts.whole = counts.left + gone.done(), counts.whole + (not gone.done())
        gone.cancel()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how its port is told
    await server.serve_forever()


async def _until_gone(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(65_536):
            pass
    except ConnectionError:
        pass


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
