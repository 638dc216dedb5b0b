"""Who can reach the page: this machine without a word; the network with a password, or knowingly without."""

import socket
from typing import Any

import pytest

from assistant import Settings
from assistant.reach import is_loopback, settle_reach
from ingest.errors import SettingsError

LONG = "un-long-secret"


PUBLIC = "https://cimaise.musee.fr"


def _settings(host: str, password: str | None = None, public_url: str | None = None) -> Settings:
    return Settings(host=host, password=password, public_url=public_url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8", "LOCALHOST"])
def test_a_page_of_this_machine_asks_nothing_and_says_nothing(host: str) -> None:
    assert is_loopback(host)
    reach = settle_reach(_settings(host), open_to_all=False, ask=pytest.fail)
    assert (reach.password, list(reach.describe())) == (None, [])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "musee.local"])
def test_beyond_it_a_password_is_needed_unless_told_otherwise(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(SettingsError, match="--no-password"):
        settle_reach(_settings(host), open_to_all=False, ask=None)
    reach = settle_reach(_settings(host), open_to_all=True, ask=pytest.fail)
    assert reach.password is None
    assert "sans mot de passe" in next(reach.describe())


def test_a_page_behind_a_proxy_is_beyond_this_machine() -> None:
    settings = _settings("127.0.0.1", public_url=PUBLIC)
    with pytest.raises(SettingsError, match="--no-password"):
        settle_reach(settings, open_to_all=False, ask=None)
    warned, address = settle_reach(settings, open_to_all=True, ask=pytest.fail).describe()
    assert "sans mot de passe" in warned
    assert address == f"Adresse à donner\u00a0: {PUBLIC}."
    clear = settle_reach(
        _settings("127.0.0.1", LONG, "http://musee.local"), open_to_all=False, ask=pytest.fail
    )
    assert "http://musee.local (sans chiffrement)" in list(clear.describe())[1]


@pytest.mark.parametrize("url", ["http://localhost:8443", "https://127.0.0.1", "http://[::1]:8080"])
def test_an_address_of_this_machine_is_no_public_one(url: str) -> None:
    with pytest.raises(SettingsError, match="CIMAISE_PUBLIC_URL"):
        settle_reach(_settings("127.0.0.1", LONG, url), open_to_all=False, ask=None)


def test_the_password_is_asked_of_who_is_there() -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return LONG

    reach = settle_reach(_settings("0.0.0.0"), open_to_all=False, ask=ask)
    assert reach.password == LONG
    assert "8 caractères" in asked[0]
    said = " ".join(reach.describe())
    assert LONG not in said
    assert f"http://{socket.gethostname()}:7860" in said


def test_a_password_that_is_set_is_not_asked_and_holds_here_too() -> None:
    for host in ("0.0.0.0", "127.0.0.1"):
        assert settle_reach(_settings(host, LONG), open_to_all=False, ask=pytest.fail).password == LONG


@pytest.mark.parametrize("given", ["court", "1234567", ""])
def test_a_short_password_is_refused(given: str) -> None:
    ask: Any = lambda _prompt: given  # noqa: E731
    with pytest.raises(SettingsError, match="CIMAISE_PASSWORD") as caught:
        settle_reach(_settings("0.0.0.0"), open_to_all=False, ask=ask)
    assert not given or given not in str(caught.value)


def test_a_password_is_a_secret() -> None:
    settings = _settings("0.0.0.0", LONG)
    assert LONG not in repr(settings)
    assert LONG in settings.secrets
