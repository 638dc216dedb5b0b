"""The settings of ingest, read from the environment and `.env` (prefix `CIMAISE_`)."""

import hashlib
import ipaddress
import logging
import re
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.errors import SettingsError

_PROBLEMS = {
    "int_parsing": "un nombre entier est attendu.",
    "float_parsing": "un nombre est attendu.",
    "bool_parsing": "« true » ou « false » est attendu.",
    "greater_than": "la valeur est trop petite (plus de {gt} attendu).",
    "greater_than_equal": "la valeur est trop petite (au moins {ge} attendu).",
    "less_than_equal": "la valeur est trop grande (au plus {le} attendu).",
    "literal_error": "valeur inconnue ; au choix : {expected}.",
    "extra_forbidden": "ce réglage n’existe pas.",
}


def demonstration_vault() -> Path:
    """Return the vault shipped with Cimaise: `notes/` in a checkout, package data once installed."""
    packaged = Path(str(files("ingest"))) / "_notes"
    return packaged if packaged.is_dir() else Path(str(files("ingest"))).parent / "notes"


OPENAI_URL = "https://api.openai.com/v1"  # said outright: the environment may name another for a client
_IN_PROCESS = frozenset({"hashed", "huggingface"})


class IngestSettings(BaseSettings):
    """What ingest needs to know; frozen, with bounds and units on every number.

    Raises:
        SettingsError: A value is not of its kind, or `.env` is not UTF-8.
    """

    model_config = SettingsConfigDict(
        env_prefix="CIMAISE_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
    )

    vault: Path = Field(default_factory=demonstration_vault, description="Folder of Markdown notes.")
    index: Path | None = Field(
        None, description="Folder of the index; one per vault in the user's data folder."
    )
    exclude: str = Field("", description="Glob patterns of paths to leave out, separated by commas.")
    max_note_bytes: int = Field(
        5_000_000, ge=1_000, le=100_000_000, description="Longer notes are skipped (bytes)."
    )
    embeddings: str = Field(
        "hashed", description="“hashed” (keyless) or “provider:model”, LangChain's naming."
    )
    embeddings_base_url: str | None = Field(
        None, description="Address of the embedding server; none: the chat model's, then OpenAI's own."
    )
    embeddings_api_key: SecretStr | None = Field(
        None, description="Key of that server; none: the chat model's, where both are one server."
    )
    embeddings_query_timeout_s: float = Field(
        10, gt=0, le=600, description="What a question waits for its vector (seconds)."
    )
    embeddings_batch_timeout_s: float = Field(
        120, gt=0, le=3600, description="What indexing waits for a batch of vectors (seconds)."
    )
    openai_api_key: SecretStr | None = Field(
        None, validation_alias="OPENAI_API_KEY", description="Key of the OpenAI-compatible endpoint."
    )
    openai_base_url: str | None = Field(
        None, validation_alias="OPENAI_BASE_URL", description="Its address; none: OpenAI's own."
    )

    def __init__(self, **values: Any) -> None:
        logging.getLogger("dotenv").setLevel(logging.ERROR)  # it speaks English of lines that are no setting
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _settings_error(type(self), error) from None
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise SettingsError(
                ".env", f"le fichier n’est pas en UTF-8 (ligne {line}) ; enregistrez-le en UTF-8."
            ) from None
        except OSError:
            raise SettingsError(".env", "le fichier ne peut pas être lu ; vérifiez vos droits.") from None

    @field_validator("vault", "index", mode="after")
    @classmethod
    def _expand(cls, path: Path | None) -> Path | None:
        return path.expanduser() if path is not None else None

    @field_validator("embeddings")
    @classmethod
    def _known_embeddings(cls, name: str) -> str:
        if name != "hashed" and not re.fullmatch(r"[a-z_]+:.+", name):
            raise ValueError(
                "« hashed » ou « fournisseur:modèle » est attendu, par exemple openai:text-embedding-3-small."
            )
        return name

    @field_validator("openai_base_url", "embeddings_base_url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is not None and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
            raise ValueError("une adresse est attendue, par exemple http://127.0.0.1:11434/v1.")
        return url

    @property
    def embeddings_host(self) -> str | None:
        """The host that texts are embedded on, None when that is this program."""
        provider = self.embeddings.partition(":")[0]
        if provider in _IN_PROCESS:
            return None
        return urlsplit(self._embeddings_url).hostname if provider == "openai" else provider

    @property
    def embeddings_are_remote(self) -> bool:
        """Whether texts and questions leave this machine and its network to be embedded."""
        return self.embeddings_host is not None and not is_near(self.embeddings_host)

    @property
    def embeddings_mark(self) -> str:
        """What tells the vectors from others: two servers may call two models by one name."""
        if not self.embeddings.startswith("openai:"):
            return self.embeddings
        return f"{self.embeddings}@{urlsplit(self._embeddings_url).netloc.rpartition('@')[2]}"

    @property
    def _embeddings_url(self) -> str:
        return self.embeddings_base_url or self.openai_base_url or OPENAI_URL

    @property
    def index_folder(self) -> Path:
        """The index folder: the one given, or one per vault path in the user's data folder."""
        if self.index is not None:
            return self.index.absolute()
        path = str(self.vault.resolve())
        digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        slug = re.sub(r"[^\w-]+", "-", self.vault.resolve().name)[:40].strip("-") or "notes"
        return platformdirs.user_data_path("cimaise", appauthor=False) / f"{slug}-{digest}"

    @property
    def exclude_patterns(self) -> tuple[str, ...]:
        """The patterns of `exclude`, one by one."""
        return tuple(pattern.strip() for pattern in self.exclude.split(",") if pattern.strip())


def is_near(host: str) -> bool:
    """Tell whether a host is this machine or on a private network."""
    if host in {"localhost", "ollama"}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def _settings_error(settings: type[BaseSettings], error: ValidationError) -> SettingsError:
    """Turn pydantic's first complaint into a sentence that names the variable, never its value."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = str(first["loc"][0]) if first["loc"] else "?"
    known = settings.model_fields.get(field)
    alias = known.validation_alias if known is not None else None
    variable = alias if isinstance(alias, str) else field if field.isupper() else f"CIMAISE_{field.upper()}"
    if first["type"] == "value_error":
        return SettingsError(variable, str(first["ctx"]["error"]))
    problem = _PROBLEMS.get(first["type"], "la valeur n’est pas de la forme attendue.")
    return SettingsError(variable, problem.format_map(first.get("ctx", {})))
