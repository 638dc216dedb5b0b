"""The door, where a password is asked: one page, one check, and patience with those who guess."""

import hashlib
import hmac
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.web.door import texts as door_texts
from assistant.web.markup import element, escape
from assistant.web.pages import render_page
from assistant.web.texts import BRAND, count

PATH = "/login"
LONGEST = 200  # characters of a password
_FREE = 5  # tries before one has to wait
_LONGEST_WAIT_S = 300.0
_FORGOTTEN_S = 3_600.0
_MOST_PLACES = 10_000


@dataclass(slots=True)
class _Place:
    """Where tries come from: how many failed in a row, and when the next one is heard (monotonic seconds)."""

    failed: int = 0
    next_s: float = 0.0


class Password:
    """The password of the page, checked in constant time; each place that fails waits longer and longer.

    Args:
        password: What opens.
        now: A monotonic clock (seconds).
    """

    def __init__(self, password: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._digest = _digest(password)
        self._now = now
        self._places: OrderedDict[str, _Place] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return how long tries from an address are not heard yet (seconds)."""
        place = self._places.get(place_of(address))
        return max(0.0, place.next_s - self._now()) if place else 0.0

    def opens(self, given: str, address: str) -> bool:
        """Tell whether what is given opens; from a place that has to wait, nothing does."""
        if self.wait_s(address) > 0:
            return False
        name = place_of(address)
        if hmac.compare_digest(_digest(given), self._digest):
            self._places.pop(name, None)
            return True
        self._note_failure(name)
        return False

    def _note_failure(self, name: str) -> None:
        now = self._now()
        place = self._places.setdefault(name, _Place())
        if place.next_s and now - place.next_s > _FORGOTTEN_S:
            place.failed = 0
        place.failed += 1
        over = place.failed - _FREE
        place.next_s = now + (min(2.0 ** min(over, 20), _LONGEST_WAIT_S) if over >= 0 else 0.0)
        self._places.move_to_end(name)
        if len(self._places) > _MOST_PLACES:
            self._places.popitem(last=False)


def place_of(address: str) -> str:
    """Return what stands for a client: its address, of IPv6 the first 64 bits, which one person has whole."""
    try:
        read = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(read, ipaddress.IPv6Address):
        mapped = read.ipv4_mapped
        return str(mapped or ipaddress.ip_network((read, 64), strict=False))
    return str(read)


def render_login(style_urls: Sequence[str], *, problem: str = "") -> str:
    """Return the page that asks for the password.

    Args:
        style_urls: Addresses of the style sheets.
        problem: Why it is asked again, a French sentence.
    """
    wrong = ' aria-invalid="true" aria-describedby="why"' if problem else ""
    why = f'<p class="cim-why" id="why" role="alert">{escape(problem)}</p>' if problem else ""
    form = (
        f'<form class="cim-login" method="post" action="{PATH}">'
        f'<label for="password">{door_texts.LABEL}</label>'
        f'<input id="password" name="password" type="password" autocomplete="current-password" required'
        f' autofocus maxlength="{LONGEST}"{wrong}>{why}'
        f'<button class="cim-primary">{door_texts.ENTER}</button></form>'
    )
    brand = element("p", "cim-brand", BRAND)
    head = (
        brand + element("h1", "cim-note-title", door_texts.TITLE) + element("p", "cim-lead", door_texts.LEAD)
    )
    return render_page(door_texts.TITLE, head + form, style_urls=style_urls)


def too_many(wait_s: float) -> str:
    """Return the sentence for who has to wait."""
    return door_texts.WAIT.format(seconds=count(max(1, math.ceil(wait_s)), "seconde"))


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
