"""The ASGI server: the Gradio page, the notes behind its citations, and our own static files.

`check_port` needs neither gradio nor fastapi, so that a taken port is known before any heavy work.
"""

import asyncio
import errno
import hashlib
import json
import logging
import re
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assistant.web import script_texts, texts
from ingest.errors import PortInUseError, SettingsError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from assistant.web.asking import PageChain

logger = logging.getLogger(__name__)

_STATIC = Path(__file__).parent / "static"
_STYLES = ("cimaise.css", "side.css", "sheet.css")
_SCRIPTS = (
    "cimaise.js",
    "page.js",
    "side.js",
    "scope.js",
    "talks.js",
    "acts.js",
    "complete.js",
    "tip.js",
    "sheet.js",
    "connection.js",
)
_OPEN_PATHS = (
    "GET /",
    "GET /note/*",
    "GET /scope",
    "GET /titles",
    "POST /evidence",
    "POST /export/text",
    "POST /export/markdown",
    "POST /export/html",
    "GET /cimaise/*",
    "GET /config",
    "GET /theme.css",
    "GET /favicon.ico",
    "GET /manifest.json",
    "GET /assets/*",
    "GET /static/*",
    "GET /gradio_api/app_id",
    "GET /gradio_api/startup-events",
    "GET /gradio_api/heartbeat/*",
    "GET /gradio_api/queue/data",
    "POST /gradio_api/queue/join",
    "POST /gradio_api/cancel",
    "POST /gradio_api/reset",
)

_LONG_BODIES = dict.fromkeys(("/evidence", "/export/text", "/export/markdown", "/export/html"), 512 * 1024)


class ServerSettings(Protocol):
    """Where to listen."""

    @property
    def host(self) -> str:
        """Address or name to bind."""

    @property
    def port(self) -> int:
        """TCP port to bind."""


def check_port(host: str, port: int) -> None:
    """Check that the port can be bound.

    Raises:
        PortInUseError: Another program listens on it.
        SettingsError: The address is not one of this machine, or the port is not ours to take.
    """
    _bind(host, port).close()


def run_server(chain: "PageChain", settings: ServerSettings, on_ready: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C or SIGTERM.

    Args:
        chain: What answers.
        settings: Host and port.
        on_ready: Called once with the page's address, when connections are accepted.

    Raises:
        PortInUseError: Another program listens on the port.
    """
    with _bind(settings.host, settings.port) as listener:
        if threading.current_thread() is threading.main_thread():
            # uvicorn raises the signal again once it has stopped: this makes SIGTERM a clean end too.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            asyncio.run(_serve(chain, settings, listener, on_ready))
        except KeyboardInterrupt:
            logger.info("stopped")


async def _serve(
    chain: "PageChain", settings: ServerSettings, listener: socket.socket, on_ready: Callable[[str], None]
) -> None:
    import uvicorn  # noqa: PLC0415

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                on_ready(page_url(settings.host, listener.getsockname()[1]))

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # An open tab holds a stream that has to be cut: that is no fault to report.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            await super().shutdown(sockets)

    config = uvicorn.Config(
        build_app(chain, settings),
        log_level="error",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    await Server(config).serve([listener])


def page_url(host: str, port: int) -> str:
    """Return the address to open in a browser of this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}"


def build_app(chain: "PageChain", settings: ServerSettings) -> "ASGIApp":
    """Return the whole application: the page, the notes, the static files, behind the guard.

    Call it within a running event loop: Gradio makes its locks there, and leaks a loop where there is none.
    """
    from fastapi import FastAPI  # noqa: PLC0415
    from starlette.middleware.gzip import GZipMiddleware  # noqa: PLC0415
    from starlette.staticfiles import StaticFiles  # noqa: PLC0415

    from assistant.web.page import mount_page  # noqa: PLC0415
    from assistant.web.routes import add_routes  # noqa: PLC0415
    from assistant.web.security import Guard  # noqa: PLC0415

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    add_routes(app, chain, static_url)
    app.mount("/cimaise", StaticFiles(directory=_STATIC))
    mount_page(app, chain)
    shell = GZipMiddleware(_FrenchShell(app))
    return Guard(shell, host=settings.host, open_paths=_OPEN_PATHS, long_bodies=_LONG_BODIES)


class _FrenchShell:
    """Rewrites the HTML that Gradio sends for the page: language, title, our style sheet and script first."""

    def __init__(self, app: "ASGIApp") -> None:
        self._app = app

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http" or scope["path"] != "/":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def collect(message: "Message") -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await self._send_french(start, bytes(body), send)

        plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, collect)

    async def _send_french(self, start: "Message", body: bytes, send: "Send") -> None:
        if body and start["status"] == 200:
            body = french_shell(body.decode()).encode()
        headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def french_shell(html: str) -> str:
    """Return Gradio's HTML in French, without its outside addresses, with our files before its own."""
    says = json.dumps(script_texts.SCRIPT, ensure_ascii=False).replace("<", "\\u003c")
    head = (
        f'<meta charset="utf-8" /><title>{texts.PAGE_TITLE}</title>'
        f'<link rel="icon" href="/cimaise/icon.svg" type="image/svg+xml">'
        + "".join(f'<link rel="stylesheet" href="{static_url(name)}">' for name in _STYLES)
        + f'<script type="application/json" id="cim-texts">{says}</script>'
        + "".join(f'<script src="{static_url(name)}"></script>' for name in _SCRIPTS)
    )
    html = re.sub(r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>\s*", "", html)
    html = html.replace('<meta charset="utf-8" />', head, 1).replace('lang="en"', 'lang="fr"', 1)
    return html.replace("<gradio-app", f"<noscript><p>{texts.NO_SCRIPT}</p></noscript><gradio-app", 1)


def static_url(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    digest = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/cimaise/{name}?v={digest}"


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host=host, port=port) from error
        if error.errno == errno.EACCES:
            raise SettingsError("CIMAISE_PORT", texts.PORT_FORBIDDEN.format(port=port)) from error
        raise SettingsError("CIMAISE_HOST", texts.HOST_UNKNOWN.format(host=host)) from error
