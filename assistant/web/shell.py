"""The HTML that Gradio sends for the page, made ours: in French, our style sheets and scripts first."""

import json
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.web import script_texts, texts
from assistant.web.files import static_url
from assistant.web.frontend import page_files

_CONFIG = re.compile(r"window\.gradio_config = (\{.*?\});</script>", re.DOTALL)


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
        + _announce(html)
    )
    html = re.sub(r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>\s*", "", html)
    html = html.replace('<meta charset="utf-8" />', head, 1).replace('lang="en"', 'lang="fr"', 1)
    return html.replace("<gradio-app", f"<noscript><p>{texts.NO_SCRIPT}</p></noscript><gradio-app", 1)


@lru_cache(maxsize=8)
def _announce(html: str) -> str:
    """Return links that have a browser fetch at once what Gradio would ask for one after the other."""
    found = _CONFIG.search(html)
    config = json.loads(found.group(1)) if found else {}
    components = frozenset(component["type"] for component in config.get("components", ()))
    kinds = {"js": 'rel="modulepreload"', "css": 'rel="preload" as="style"'}
    theme = f'<link rel="preload" as="style" href="/theme.css?v={config["theme_hash"]}">' if config else ""
    return theme + "".join(
        f'<link {kinds[name.rpartition(".")[2]]} crossorigin href="/assets/{name}">'
        for name in page_files(html, components, "fr")
    )


def _json(element_id: str, value: dict[str, Any]) -> str:
    said = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{element_id}">{said}</script>'
