"""Who is at the page: a cookie of our own, the Gradio sessions that are its, whether it gave the password.

Gradio names a session by `Math.random()`: whoever learns the name could read another's answers. Each name
belongs to the cookie that used it first. The cookie is signed: nothing is kept of a visitor before it asks.
"""

import hmac
import json
import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

COOKIE = "cimaise"
_TOKEN_BYTES = 32
_MOST_SESSIONS = 50_000  # the oldest are forgotten: by then their pages are closed
_IN_PATH = re.compile(r"/gradio_api/heartbeat/([^/]+)")
_IN_QUERY = frozenset({"/gradio_api/queue/data"})
_IN_BODY = frozenset({"/gradio_api/queue/join", "/gradio_api/cancel"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, by a secret of 256 bits; `admitted` once it gave the password, or where there is none."""

    token: str
    admitted: bool


class Visitors:
    """Tells visitors from one another.

    Args:
        open_to_all: Whether no password is asked.
    """

    def __init__(self, *, open_to_all: bool) -> None:
        self._open = open_to_all
        self._key = secrets.token_bytes(_TOKEN_BYTES)
        self._owners: OrderedDict[str, str] = OrderedDict()

    def welcome(self, *, admitted: bool = False) -> Visitor:
        """Return a new visitor."""
        return Visitor(secrets.token_urlsafe(_TOKEN_BYTES), admitted or self._open)

    def write_cookie(self, visitor: Visitor, *, secure: bool) -> str:
        """Return the Set-Cookie header that makes a browser this visitor until it is closed."""
        value = f"{visitor.token}.{int(visitor.admitted)}.{self._sign(visitor)}"
        return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")

    def read_cookie(self, header: str) -> Visitor | None:
        """Return the visitor that a Cookie header says, None where we did not write it."""
        try:
            morsel = SimpleCookie(header).get(COOKIE)
        except CookieError:
            return None
        token, _, rest = (morsel.value if morsel else "").partition(".")
        admitted, _, signature = rest.partition(".")
        visitor = Visitor(token, admitted == "1")
        known = hmac.compare_digest(signature.encode(), self._sign(visitor).encode())
        return visitor if known else None

    def may_use(self, visitor: Visitor | None, session: str) -> bool:
        """Tell whether a Gradio session is this visitor's; one that nobody used becomes so."""
        if visitor is None or not session:
            return False
        owner = self._owners.setdefault(session, visitor.token)
        self._owners.move_to_end(session)
        if len(self._owners) > _MOST_SESSIONS:
            self._owners.popitem(last=False)
        return hmac.compare_digest(owner, visitor.token)

    def _sign(self, visitor: Visitor) -> str:
        return hmac.new(self._key, f"{visitor.token}.{visitor.admitted}".encode(), "sha256").hexdigest()


def read_session(path: str, query: bytes, body: bytes) -> str | None:
    """Return the Gradio session that a request is about; None where it is about none, "" where it hides it.

    Args:
        path: Of the request.
        query: Its query, encoded.
        body: Its whole body.
    """
    found = _IN_PATH.fullmatch(path)
    if found:
        return found[1]
    if path in _IN_QUERY:
        named = parse_qs(query.decode("latin-1")).get("session_hash", [])
        return named[0] if len(named) == 1 else ""
    return _in_body(body) if path in _IN_BODY else None


def _in_body(body: bytes) -> str:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    session = read.get("session_hash") if isinstance(read, dict) else None
    return session if isinstance(session, str) else ""
