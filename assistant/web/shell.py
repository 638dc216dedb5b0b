"""The HTML that Gradio sends for the page, made ours: in French, our style sheets and scripts first."""

import hashlib
import json
import mimetypes
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web import script_texts, texts

STATIC = Path(__file__).parent / "static"
_STYLES = ("cimaise.css", "side.css", "views.css", "index.css", "sheet.css")
_SCRIPTS = (
    "cimaise.js", "reader.js", "page.js", "sending.js", "welcome.js", "side.js", "views.js", "scope.js",
    "talks.js", "acts.js", "complete.js", "tip.js", "index.js", "sheet.js", "connection.js",
)  # fmt: skip
_BUNDLES = {"all.css": _STYLES, "all.js": _SCRIPTS}  # browsers ask for six files at a time: ours are two
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}  # an address changes with its content


class FrenchShell:
    """Rewrites the HTML that Gradio sends for the page: language, title, our style sheet and script first.

    Args:
        app: Gradio's.
        describe: Returns what the door says to who asks.
    """

    def __init__(self, app: ASGIApp, describe: Callable[[Scope], Awaitable[dict[str, Any]]]) -> None:
        self._app, self._describe = app, describe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as Gradio does, but for its page."""
        if scope["type"] != "http" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await self._send_french(start, bytes(body), await self._describe(scope), send)

        plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, collect)

    async def _send_french(self, start: Message, body: bytes, welcome: dict[str, Any], send: Send) -> None:
        if body and start["status"] == 200:
            body = french_shell(body.decode(), welcome).encode()
        headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def french_shell(html: str, welcome: dict[str, Any] | None = None) -> str:
    """Return Gradio's HTML in French, without its outside addresses, with our files before its own.

    Args:
        html: Gradio's.
        welcome: What the door says now, for our script to draw without asking.
    """
    head = (
        f'<meta charset="utf-8" /><title>{texts.PAGE_TITLE}</title>'
        f'<link rel="icon" href="/cimaise/icon.svg" type="image/svg+xml">'
        f'<link rel="stylesheet" href="{static_url("all.css")}">'
        + _json("cim-texts", script_texts.SCRIPT)
        + _json("cim-welcome", welcome or {})
        + f'<script src="{static_url("all.js")}"></script>'
    )
    html = re.sub(r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>\s*", "", html)
    html = html.replace('<meta charset="utf-8" />', head, 1).replace('lang="en"', 'lang="fr"', 1)
    return html.replace("<gradio-app", f"<noscript><p>{texts.NO_SCRIPT}</p></noscript><gradio-app", 1)


def _json(element_id: str, value: dict[str, Any]) -> str:
    said = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{element_id}">{said}</script>'


@lru_cache
def static_url(name: str) -> str:
    """Return the address of a static file, or of a bundle of them, which changes with its content."""
    digest = hashlib.sha256(_read(name)).hexdigest()[:12]
    return f"/cimaise/{name}?v={digest}"


def add_bundles(app: FastAPI) -> None:
    """Add the routes of what the page loads of ours: all its styles, all its scripts."""
    for name in _BUNDLES:
        app.add_route(f"/cimaise/{name}", _show_bundle)


async def _show_bundle(request: Request) -> Response:
    name = request.url.path.rpartition("/")[2]
    kind = mimetypes.guess_type(name)[0]
    return Response(_read(name), media_type=kind, headers=_FOREVER)


@lru_cache
def _read(name: str) -> bytes:
    return b"\n".join((STATIC / part).read_bytes() for part in _BUNDLES.get(name, (name,)))
