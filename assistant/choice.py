"""What was chosen in the page, remembered in a small file of the user's configuration folder.

Precedence: command line > environment and `.env` > what was chosen > defaults.
"""

import ipaddress
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
from pydantic import SecretStr

from assistant.settings import Settings
from ingest.errors import CimaiseError, SettingsError
from ingest.settings import OPENAI_URL

_LONGEST = 64 * 1024  # bytes; ours is a few hundred
_FIELDS = ("vault", "model", "base_url", "key")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen; None where nothing was. `model` empty: extracts, without AI."""

    vault: str | None = None
    model: str | None = None
    base_url: str | None = None
    key: str | None = field(default=None, repr=False)


def choice_file() -> Path:
    """Return where the choice is remembered."""
    return platformdirs.user_config_path("cimaise", appauthor=False) / "choix.json"


def load_choice(path: Path) -> tuple[Choice, str | None]:
    """Return what was remembered, and a French warning where the file cannot be read."""
    try:
        with path.open("rb") as stream:
            found = json.loads(stream.read(_LONGEST).decode())
    except FileNotFoundError:
        return Choice(), None
    except OSError:  # a folder of somebody else's holds no choice of ours
        return Choice(), _unreadable(path) if os.access(path.parent, os.X_OK) else None
    except (ValueError, RecursionError):
        return Choice(), _unreadable(path)
    if not isinstance(found, dict) or not all(isinstance(found.get(n), str | None) for n in _FIELDS):
        return Choice(), _unreadable(path)
    return Choice(**{name: found.get(name) for name in _FIELDS}), None


def save_choice(path: Path, choice: Choice) -> None:
    """Write the choice, for its owner's eyes only, all of it or nothing.

    Raises:
        SettingsError: The folder cannot be written.
    """
    kept = {name: value for name in _FIELDS if (value := getattr(choice, name)) is not None}
    new: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(
            dir=path.parent, prefix=".choix-"
        )  # mode 0600 from the first byte
        new = Path(name)
        with open(descriptor, "w", encoding="utf-8") as stream:
            json.dump(kept, stream, ensure_ascii=False, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(new, path)
    except (OSError, UnicodeEncodeError) as error:
        if new is not None:
            with suppress(OSError):
                new.unlink()
        raise SettingsError(
            path.name,
            "votre choix vaut pour cette fois, mais ne peut pas être gardé\u202f; vérifiez vos droits.",
        ) from error


def recall(settings: Settings) -> tuple[Settings, list[str]]:
    """Return the settings with what was chosen wherever they were not given, and French warnings."""
    choice, unreadable = load_choice(choice_file())
    chosen, unusable = apply_choice(settings, choice)
    return chosen, [warning for warning in (unreadable, unusable) if warning]


def apply_choice(settings: Settings, choice: Choice) -> tuple[Settings, str | None]:
    """Return the settings with what was chosen wherever they were not given, and a French warning or None."""
    chosen = settings
    given = settings.model_fields_set
    try:
        if choice.vault and "vault" not in given:
            chosen = with_vault(chosen, Path(choice.vault), index=settings.index)
        if choice.model is not None and "model" not in given:
            own = settings.openai_base_url if "openai_base_url" in given else choice.base_url
            chosen = with_model(chosen, replace(choice, base_url=own, key=_key(settings, choice, own)))
    except CimaiseError as error:
        return settings, str(error)
    return chosen, None


def with_vault(settings: Settings, vault: Path, *, index: Path | None = None) -> Settings:
    """Return the settings of another vault, with its own index."""
    return _changed(settings, vault=vault, index=index)


def with_model(settings: Settings, choice: Choice) -> Settings:
    """Return the settings with the chosen model; embeddings stay where they were, with their own key.

    Raises:
        SettingsError: The model or its address is not of its kind.
    """
    _check_address(choice.base_url)
    changes: dict[str, Any] = {
        "model": choice.model or None,
        "openai_base_url": choice.base_url or None,
        "openai_api_key": SecretStr(choice.key) if choice.key else None,
    }
    if settings.embeddings.startswith("openai:") and settings.embeddings_base_url is None:
        changes["embeddings_base_url"] = settings.openai_base_url or OPENAI_URL
        changes["embeddings_api_key"] = settings.embeddings_api_key or settings.openai_api_key
    return _changed(settings, **changes)


def _changed(settings: Settings, **changes: Any) -> Settings:
    return Settings(**dict(settings) | changes)


def _check_address(url: str | None) -> None:
    """Refuse what no model server has: a machine's own metadata, an address that stands for all."""
    try:
        address = ipaddress.ip_address(urlsplit(url or "").hostname or "")
    except ValueError:
        return
    if address.is_link_local or address.is_unspecified or address.is_multicast:
        raise SettingsError(
            "OPENAI_BASE_URL", "cette adresse n’est celle d’aucun serveur\u202f; vérifiez-la."
        )


def _key(settings: Settings, choice: Choice, base_url: str | None) -> str | None:
    """Return the key for an address: the one that was given for it, never another's."""
    own = settings.openai_api_key
    if own is not None and (settings.openai_base_url or None) == (base_url or None):
        return own.get_secret_value()
    return choice.key if (choice.base_url or None) == (base_url or None) else None


def _unreadable(path: Path) -> str:
    return (
        f"Vos choix gardés dans «\u00a0{path}\u00a0» ne sont pas lisibles\u202f; refaites-les dans la page."
    )
