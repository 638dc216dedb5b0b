"""The HTML that Gradio sends for the page, made ours: in French, our style sheets and scripts first."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web import script_texts, texts

STATIC = Path(__file__).parent / "static"
_STYLES = ("cimaise.css", "side.css", "views.css", "index.css", "sheet.css")
_SCRIPTS = (
    "cimaise.js", "reader.js", "page.js", "sending.js", "welcome.js", "side.js", "views.js", "scope.js",
    "talks.js", "acts.js", "complete.js", "tip.js", "index.js", "sheet.js", "connection.js",
)  # fmt: skip


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
        + "".join(f'<link rel="stylesheet" href="{static_url(name)}">' for name in _STYLES)
        + _json("cim-texts", script_texts.SCRIPT)
        + _json("cim-welcome", welcome or {})
        + "".join(f'<script src="{static_url(name)}"></script>' for name in _SCRIPTS)
    )
    html = re.sub(r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>\s*", "", html)
    html = html.replace('<meta charset="utf-8" />', head, 1).replace('lang="en"', 'lang="fr"', 1)
    return html.replace("<gradio-app", f"<noscript><p>{texts.NO_SCRIPT}</p></noscript><gradio-app", 1)


def _json(element_id: str, value: dict[str, Any]) -> str:
    said = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{element_id}">{said}</script>'


def static_url(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/cimaise/{name}?v={digest}"
