"""The whole application: the page, our own routes and files, behind the guard and the door."""

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from assistant.desk import Desk
from assistant.reach import is_loopback, name_seen
from assistant.web.chat.asking import PageChain
from assistant.web.chat.page import mount_page
from assistant.web.chat.welcome import Welcome
from assistant.web.door.door import Door
from assistant.web.door.guard import Guard
from assistant.web.door.login import Password
from assistant.web.door.proxy import BehindProxy
from assistant.web.files import Files, static_url
from assistant.web.index.routes import INDEX_PATHS, add_index_routes
from assistant.web.routes import add_routes
from assistant.web.shell import FrenchShell

_OPEN_PATHS = (
    "GET /",
    "GET /login",
    "POST /login",
    "GET /note/*",
    "GET /notes",
    "GET /notes/health",
    "GET /welcome",
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


def build_app(
    chain: PageChain,
    host: str,
    desk: Desk | None = None,
    *,
    password: str | None = None,
    public_url: str | None = None,
) -> ASGIApp:
    """Return the whole application: the page and what is behind it, after the proxy, the guard and the door.

    Args:
        chain: What answers.
        host: Where the server listens.
        desk: What the « Index » view shows and changes; without it there is no such view.
        password: Asked of every visitor; None opens the page to all who reach it.
        public_url: The origin that visitors ask, where a proxy before the server answers to it.

    Call it within a running event loop: Gradio makes its locks there, and leaks a loop where there is none.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    seen = name_seen(host, public_url)
    welcome = Welcome(chain, desk, seen)
    app.add_route("/welcome", welcome.show)
    add_routes(app, chain, static_url, near=is_loopback(seen))
    if desk is not None:
        add_index_routes(app, desk, seen, static_url)
    mount_page(app, chain)
    inside = Files(GZipMiddleware(FrenchShell(app, welcome.describe)))
    asked = Password(password) if password else None
    door = Door(inside, style_urls=(static_url("cimaise.css"), static_url("login.css")), password=asked)
    paths = _OPEN_PATHS if desk is None else (*_OPEN_PATHS, *INDEX_PATHS)
    guard = Guard(
        door,
        host=host,
        open_paths=paths,
        long_bodies=_LONG_BODIES,
        public_host=seen if public_url else None,
    )
    return BehindProxy(guard, public_url=public_url)
