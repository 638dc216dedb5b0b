"""Bodies of requests, read before those who need them: bounded, and given again to the next."""

from starlette.types import Message, Receive


async def read_body(receive: Receive) -> bytes:
    """Return the whole body."""
    return await read_bounded(receive, None) or b""


async def read_bounded(receive: Receive, max_bytes: int | None) -> bytes | None:
    """Return the body, or None when it is longer than allowed (bytes), whatever its Content-Length says."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if max_bytes is not None and len(body) > max_bytes:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a channel that gives a body again, and then goes on as before."""
    pending = [body]

    async def replayed() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replayed
