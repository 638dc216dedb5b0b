"""The guard around every request: allowed hosts, origins, paths and sizes; headers of every response.

Gradio brings some fifty routes; the page needs a dozen. What is not listed as open is answered 404 here and
never reaches Gradio: uploads, its proxy, its API and their documentation are closed by not being listed.
"""

import ipaddress
import socket
from collections.abc import Iterable, Mapping

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web import texts
from assistant.web.door.bodies import read_bounded, replay

MAX_BODY_BYTES = 64 * 1024
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self' 'unsafe-inline'; connect-src 'self'; font-src 'self' data:; form-action 'self'; "
    "base-uri 'self'; object-src 'none'; frame-ancestors 'self'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_OUR_NAMES = frozenset(name.lower().encode() for name in SECURITY_HEADERS)


class Guard:
    """An ASGI application that refuses what the page never asks for, in French.

    Args:
        app: What is guarded.
        host: The address the server is bound to; a wildcard such as `0.0.0.0` allows any IP address and the
            machine's own name, since DNS rebinding needs a name of the attacker's.
        open_paths: “METHOD /path”; a path that ends with `*` opens all that starts so. HEAD goes with GET.
        long_bodies: The most bytes that a path takes, where it is not `MAX_BODY_BYTES`.
        public_host: The name that a proxy before the server is asked by.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        open_paths: Iterable[str],
        long_bodies: Mapping[str, int] | None = None,
        public_host: str | None = None,
    ) -> None:
        self._app = app
        self._long_bodies = dict(long_bodies or {})
        names, self._any_address = allowed_hosts(host)
        self._hosts = names | {public_host}
        paths = frozenset(open_paths)
        self._exact = frozenset(path for path in paths if not path.endswith("*"))
        self._prefixes = tuple(path[:-1] for path in paths if path.endswith("*"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._guarded(scope, receive, _with_headers(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope)
        if refusal is None and scope["method"] not in {"GET", "HEAD"}:
            body = await read_bounded(receive, self._limit(scope))
            if body is None:
                refusal = 413, texts.REFUSED_SIZE
            else:
                receive = replay(body, receive)
        if refusal is not None:
            status, sentence = refusal
            await PlainTextResponse(sentence, status)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(host):
            return 421, texts.REFUSED_HOST
        elsewhere = not _is_own(headers.get("origin"), host, secure=scope.get("scheme") == "https")
        posted = scope["method"] not in {"GET", "HEAD"}
        if elsewhere or (posted and headers.get("sec-fetch-site") == "cross-site"):
            return 403, texts.REFUSED_ORIGIN
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        wanted = f"{method} {scope['path']}"
        if wanted not in self._exact and not wanted.startswith(self._prefixes):
            return 404, texts.NOT_FOUND
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 12 or int(length) > self._limit(scope):
            return 413, texts.REFUSED_SIZE
        return None

    def _limit(self, scope: Scope) -> int:
        return self._long_bodies.get(scope["path"], MAX_BODY_BYTES)

    def _is_ours(self, host: str) -> bool:
        name = host_name(host)
        return name in self._hosts or (self._any_address and _is_address(name))


def allowed_hosts(host: str) -> tuple[frozenset[str], bool]:
    """Return the names a server bound to `host` answers to, and whether any IP address will do."""
    bound = host.lower().strip("[]")
    if _is_address(bound) and ipaddress.ip_address(bound).is_unspecified:
        machine = socket.gethostname().lower()
        return LOOPBACK | {machine, f"{machine.removesuffix('.local')}.local"}, True
    return LOOPBACK | {bound}, False


def host_name(host: str) -> str:
    """Return the name in a Host header, without port, brackets or final dot."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    return name.strip("[]").lower().removesuffix(".")


def _is_own(origin: str | None, host: str, *, secure: bool) -> bool:
    """Tell whether a request is of our own page; an encrypted one has no part in those that are not."""
    if origin is None:
        return True
    scheme, _, place = origin.partition("://")
    return place == host and (scheme == "https" or not secure)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in _OUR_NAMES]
            ours = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
            message = {**message, "headers": [*kept, *ours]}
        await send(message)

    return send_with_headers
