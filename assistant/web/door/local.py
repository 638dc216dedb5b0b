"""Who asks: somebody on this very machine, and our own page."""

from collections.abc import Mapping

from starlette.requests import Request

from assistant.reach import is_loopback
from assistant.web.door.guard import host_name


def is_local(request: Request, bound: str) -> bool:
    """Tell whether the server listens on this machine only, and is asked under a name of this machine.

    Args:
        request: The request; the guard has checked its Host.
        bound: The address the server is bound to.
    """
    return is_loopback(bound) and is_loopback(host_name(request.headers.get("host", "")))


def is_ours(headers: Mapping[str, str]) -> bool:
    """Tell whether a request that changes something was sent by our own page: it says so, in JSON.

    A program that sends no Origin is refused as well, and so is a form, which cannot send JSON.
    """
    origin, host = headers.get("origin", ""), headers.get("host", "")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return bool(host) and origin.partition("://")[2] == host and kind == "application/json"
