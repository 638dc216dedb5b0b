"""The files that the page is made of, ours and Gradio's: compressed once, then sent from memory.

Gradio compresses a file each time it is asked for; a page asks for some fifty.
"""

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import brotli
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.web.frontend import BUILD

STATIC = Path(__file__).parent / "static"
_STYLES = ("cimaise.css", "side.css", "views.css", "index.css", "sheet.css")
_SCRIPTS = (
    "cimaise.js", "reader.js", "page.js", "sending.js", "welcome.js", "side.js", "views.js", "scope.js",
    "talks.js", "acts.js", "complete.js", "tip.js", "index.js", "sheet.js", "connection.js",
)  # fmt: skip
_BUNDLES = {"all.css": _STYLES, "all.js": _SCRIPTS}  # browsers ask for six files at a time: ours are two

_OURS, _GRADIO = "/cimaise/", "/assets/"
_PLAIN_NAME = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_TEXTS = ("text/", "application/javascript", "application/json", "image/svg+xml")
_FOREVER = "public, max-age=31536000, immutable"  # an address changes with its content
_QUALITY = 6  # of 11: more takes longer than it saves


class Files:
    """An ASGI application that answers for the files of the page, and passes on what is none.

    Args:
        app: What is behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file, or pass the request on."""
        asked = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
        file = _find(scope["path"]) if asked else None
        await (self._app if file is None else file.answer(scope))(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is sent; `packed` is None where compressing it saves nothing."""

    content: bytes
    packed: bytes | None
    kind: str
    version: str
    hashed: bool

    def answer(self, scope: Scope) -> Response:
        asked = Headers(scope=scope)
        lasting = self.hashed or scope["query_string"] == f"v={self.version}".encode()
        headers = {"Cache-Control": _FOREVER if lasting else "no-cache", "ETag": f'"{self.version}"'}
        if self.packed is not None:
            headers["Vary"] = "Accept-Encoding"
        if asked.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        if self.packed is not None and "br" in asked.get("accept-encoding", ""):
            headers["Content-Encoding"] = "br"
            return Response(self.packed, media_type=self.kind, headers=headers)
        return Response(self.content, media_type=self.kind, headers=headers)


def static_url(name: str) -> str:
    """Return the address of a file of ours, or of a bundle of them, which changes with its content."""
    return f"{_OURS}{name}?v={_version(_read_ours(name))}"


def _find(path: str) -> _File | None:
    """Return the file at a path of the server, None where there is none."""
    folder, slash, name = path.rpartition("/")
    if not _PLAIN_NAME.fullmatch(name) or folder + slash not in {_OURS, _GRADIO}:
        return None
    try:
        return _pack(folder + slash, name)
    except OSError:
        return None


@cache
def _pack(folder: str, name: str) -> _File:
    """Read a file and compress it, once: what cannot be read is not kept, and all that can is some 25 MB."""
    content = _read_ours(name) if folder == _OURS else (BUILD / name).read_bytes()
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = brotli.compress(content, quality=_QUALITY) if kind.startswith(_TEXTS) else content
    version = _version(content)
    return _File(content, packed if len(packed) < len(content) else None, kind, version, folder == _GRADIO)


@lru_cache
def _read_ours(name: str) -> bytes:
    return b"\n".join((STATIC / part).read_bytes() for part in _BUNDLES.get(name, (name,)))


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
