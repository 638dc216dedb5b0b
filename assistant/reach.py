"""Who can reach the page: what a host opens, and the password that is asked for it."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from assistant.settings import Settings
from ingest.errors import SettingsError

SHORTEST = 8  # characters of a password
_PROMPT = f"Mot de passe des visiteurs ({SHORTEST} caractères au moins)\u00a0: "
_NEEDED = (
    "la page s’ouvrirait au-delà de cet ordinateur\u202f; donnez un mot de passe par cette variable, ou "
    "l’option --no-password pour l’ouvrir à tous."
)
_OWN_ADDRESS = (
    "c’est l’adresse de cet ordinateur\u202f; donnez celle que les visiteurs demandent au mandataire."
)
_SHORT = f"un mot de passe a {SHORTEST} caractères au moins."


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the page is served, and the password that visitors give, None for none.

    `public_url` is the origin that visitors ask of a proxy before the server, None without one.
    """

    host: str
    port: int
    password: str | None
    public_url: str | None = None

    def describe(self) -> Iterator[str]:
        """Yield what is to be said of who can come, in French; nothing of a page of this machine alone."""
        if is_loopback(name_seen(self.host, self.public_url)):
            return
        if self.password is None:
            yield "Attention\u00a0: sans mot de passe, tout le réseau peut lire vos notes et y chercher."
        else:
            yield "Sur le réseau, qui a le mot de passe peut lire vos notes et y chercher."
        url = self.public_url or f"http://{_name_of(self.host)}:{self.port}"
        yield f"Adresse à donner\u00a0: {url}{'' if url.startswith('https:') else ' (sans chiffrement)'}."


def settle_reach(settings: Settings, *, open_to_all: bool, ask: Callable[[str], str] | None) -> Reach:
    """Return who can reach the page; beyond this machine, a password is needed unless told otherwise.

    Args:
        settings: The host, the port, the public address and the password if there are any.
        open_to_all: Whether none is wanted.
        ask: Asks somebody for it; None where nobody is there to answer.

    Raises:
        SettingsError: A password is needed, and there is none or too short a one; or the public address is
            of this machine.
    """
    seen = name_seen(settings.host, settings.public_url)
    if settings.public_url and is_loopback(seen):
        raise SettingsError("CIMAISE_PUBLIC_URL", _OWN_ADDRESS)
    given = settings.password.get_secret_value() if settings.password else None
    if open_to_all:
        given = None
    elif given is None and not is_loopback(seen):
        given = ask(_PROMPT) if ask else None
        if not given:
            raise SettingsError("CIMAISE_PASSWORD", _NEEDED)
    if given is not None and len(given) < SHORTEST:
        raise SettingsError("CIMAISE_PASSWORD", _SHORT)
    return Reach(settings.host, settings.port, given, settings.public_url)


def is_loopback(host: str) -> bool:
    """Tell whether an address or a name is of this machine alone."""
    name = host.lower().strip("[]")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def name_seen(host: str, public_url: str | None) -> str:
    """Return the name that the page is asked by: the public one, else the one it is bound to."""
    return (urlsplit(public_url).hostname if public_url else None) or host


def _name_of(host: str) -> str:
    """Return what others call this machine: its own name where it listens on every address."""
    name = host.strip("[]")
    try:
        everywhere = ipaddress.ip_address(name).is_unspecified
    except ValueError:
        return name
    return socket.gethostname() if everywhere else f"[{name}]" if ":" in name else name
