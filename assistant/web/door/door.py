"""The door behind the guard: it knows each visitor, asks for the password, and keeps sessions apart."""

from collections.abc import Sequence
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web import texts
from assistant.web.door import login
from assistant.web.door import texts as door_texts
from assistant.web.door.bodies import read_body, replay
from assistant.web.door.login import Password
from assistant.web.door.visitors import Visitor, Visitors, read_session

_FOR_ALL = ("/cimaise/", "/favicon.ico")  # what the page of the door itself is made of


class Door:
    """An ASGI application that lets in who may come.

    Args:
        app: What is behind.
        style_urls: Addresses of the style sheets, for the page that asks for the password.
        password: What it asks for; without one, everybody may come in.
    """

    def __init__(self, app: ASGIApp, *, style_urls: Sequence[str], password: Password | None = None) -> None:
        self._app = app
        self._style_urls = tuple(style_urls)
        self._password = password
        self._visitors = Visitors(open_to_all=password is None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it at the door."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = b""
        if scope["method"] not in {"GET", "HEAD"}:
            body = await read_body(receive)
            receive = replay(body, receive)
        visitor = self._visitors.read_cookie(Headers(scope=scope).get("cookie", ""))
        answer = self._answer(scope, body, visitor)
        if answer is not None:
            await answer(scope, receive, send)
            return
        if visitor is None and scope["path"] == "/":
            send = _with_cookie(send, self._cookie(scope, self._visitors.welcome()))
        await self._app(scope, receive, send)

    def _answer(self, scope: Scope, body: bytes, visitor: Visitor | None) -> Response | None:
        """Return what is said at the door, None for who may go on."""
        if scope["path"] == login.PATH:
            return self._log_in(scope, body, self._password)
        if self._password is not None:
            inside = visitor is not None and visitor.admitted
            if not inside and not scope["path"].startswith(_FOR_ALL):
                return _send_to_login(scope)
        session = read_session(scope["path"], scope["query_string"], body)
        if session is not None and not self._visitors.may_use(visitor, session):
            return PlainTextResponse(door_texts.REFUSED_SESSION, 403)
        return None

    def _log_in(self, scope: Scope, body: bytes, password: Password | None) -> Response:
        if password is None:
            return PlainTextResponse(texts.NOT_FOUND, 404)
        if scope["method"] != "POST":
            return HTMLResponse(login.render_login(self._style_urls))
        address = (scope.get("client") or ("",))[0]
        given = parse_qs(body.decode("utf-8", "replace")).get("password", [""])[-1]
        if len(given) <= login.LONGEST and password.opens(given, address):
            response: Response = RedirectResponse("/", 303)
            response.headers["set-cookie"] = self._cookie(scope, self._visitors.welcome(admitted=True))
            return response
        wait_s = password.wait_s(address)
        problem = login.too_many(wait_s) if wait_s else door_texts.WRONG
        headers = {"retry-after": str(int(wait_s) + 1)} if wait_s else None
        return HTMLResponse(
            login.render_login(self._style_urls, problem=problem), 429 if wait_s else 403, headers
        )

    def _cookie(self, scope: Scope, visitor: Visitor) -> str:
        return self._visitors.write_cookie(visitor, secure=scope["scheme"] == "https")


def _send_to_login(scope: Scope) -> Response:
    asks_for_page = scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
    return (
        RedirectResponse(login.PATH, 303)
        if asks_for_page
        else PlainTextResponse(door_texts.REFUSED_VISITOR, 401)
    )


def _with_cookie(send: Send, cookie: str) -> Send:
    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("set-cookie", cookie)
        await send(message)

    return send_with_cookie
