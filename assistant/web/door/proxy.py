"""A proxy before the server: what one of this machine says of a visitor is believed, what others say is not.

Gradio and uvicorn would believe whoever sends `X-Forwarded-*`; behind this, nothing is left of it.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.reach import is_loopback
from assistant.web.door.guard import host_name

_SAID = (b"x-forwarded-", b"forwarded", b"x-real-ip", b"x-gradio-server")


class BehindProxy:
    """An ASGI application that sees a request as its visitor sent it, to the public address of the page.

    It came by the proxy when it asks that address, or when a program of this machine passes it on under a
    local name and says so. Its scheme and its host are then those of the public address; its client is the
    last one of `X-Forwarded-For`, where that program is of this machine: what stands before, visitors write.

    Args:
        app: What is behind.
        public_url: The origin that visitors ask, `https://cimaise.musee.fr`; None without a proxy.
    """

    def __init__(self, app: ASGIApp, *, public_url: str | None) -> None:
        self._app = app
        self._url = public_url
        self._public = urlsplit(public_url or "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as it was before the proxy."""
        if scope["type"] == "http":
            scope, send = self._seen(scope), _unbuffered(send)
        await self._app(scope, receive, send)

    def _seen(self, scope: Scope) -> Scope:
        kept = [pair for pair in scope["headers"] if not pair[0].lower().startswith(_SAID)]
        headers = Headers(scope=scope)
        peer = (scope.get("client") or ("", 0))[0]
        near = is_loopback(peer)
        if not self._was_asked(headers, near=near):
            return {**scope, "headers": kept}
        rest = [pair for pair in kept if pair[0].lower() != b"host"]
        return {
            **scope,
            "scheme": self._public.scheme,
            "client": (_last_hop(headers) or peer if near else peer, 0),
            "headers": [(b"host", self._public.netloc.encode()), *rest],
        }

    def _was_asked(self, headers: Headers, *, near: bool) -> bool:
        """Tell whether a request was sent to the public address; `near` when this machine passes it on."""
        name = host_name(headers.get("host", ""))
        if self._url is None or name == self._public.hostname:
            return self._url is not None
        passed_on = headers.get("origin") == self._url or any(
            pair[0].startswith(_SAID) for pair in headers.raw
        )
        return near and passed_on and is_loopback(name)


def _last_hop(headers: Headers) -> str | None:
    """Return the address that the nearest proxy saw, None where it says none."""
    hop = ",".join(headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    for address in (hop, host_name(hop)):  # some write a port too
        try:
            return str(ipaddress.ip_address(address))
        except ValueError:
            continue
    return None


def _unbuffered(send: Send) -> Send:
    """Have a proxy pass events on one by one; of itself nginx keeps them until there are many."""

    async def send_unbuffered(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/event-stream"):
                headers["x-accel-buffering"] = "no"
        await send(message)

    return send_unbuffered
