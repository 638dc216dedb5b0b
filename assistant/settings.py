"""The settings of the whole: those of ingest, the model and the server."""

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from ingest.settings import IngestSettings, is_near

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What a model may take (seconds): to its first word, for each silence after it, in all."""

    first_token_s: float = 15
    idle_s: float = 20
    total_s: float = 90


_ORIGIN = re.compile(r"(https?)://(?:\[([0-9a-f:.]+)\]|([^\s/?#@:\[\]]+))(?::([0-9]{1,5}))?/?", re.IGNORECASE)
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_NO_ORIGIN = (
    "une adresse en http ou https est attendue, sans chemin (les sous-chemins ne sont pas pris en charge), "
    "par exemple https://cimaise.musee.fr."
)
_USUAL_PORTS = {"http": 80, "https": 443}

_NEAR = Deadlines(first_token_s=120, idle_s=60, total_s=300)  # a small machine reads long passages slowly

_BY_HOST = {"api.openai.com": "openai", "api.mistral.ai": "mistralai"}


class Settings(IngestSettings):
    """What Cimaise needs to know; read from the environment and `.env`, prefix `CIMAISE_`.

    Raises:
        SettingsError: A value is not of its kind, or `.env` is not UTF-8.
    """

    model: str | None = Field(None, description="Chat model as “provider:model”; none: extracts, without AI.")
    first_token_timeout_s: float | None = Field(
        None, gt=0, le=3600, description="Wait for the model's first word (seconds); none: 15, or 120 nearby."
    )
    idle_timeout_s: float | None = Field(
        None, gt=0, le=3600, description="Longest silence after it (seconds); none: 20, or 60 nearby."
    )
    total_timeout_s: float | None = Field(
        None, gt=0, le=3600, description="Longest answer of the model (seconds); none: 90, or 300 nearby."
    )
    condense_timeout_s: float = Field(
        5, gt=0, le=600, description="What a follow-up waits for the model to complete it (seconds)."
    )
    context_tokens: int = Field(8_000, ge=500, le=1_000_000, description="Room for the passages (tokens).")
    langsmith: bool = Field(False, description="Let LangSmith trace our calls, as its own variables say.")
    tiktoken_cache_dir: Path | None = Field(
        None,
        validation_alias="TIKTOKEN_CACHE_DIR",
        description="Where tiktoken's ranks are, to count tokens exactly.",
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address the chat listens on.")
    password: SecretStr | None = Field(None, description="What visitors give first; none: all may come.")
    port: int = Field(7860, ge=1, le=65535, description="Port the chat listens on.")
    public_url: str | None = Field(
        None, description="Origin that visitors ask, where a proxy before the chat answers to it."
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)

    @field_validator(
        "model", "openai_base_url", "embeddings_base_url", "password", "public_url", mode="before"
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("model")
    @classmethod
    def _named_model(cls, name: str | None) -> str | None:
        if name is not None and not all(name.partition(":")):
            raise ValueError("« fournisseur:modèle » est attendu, par exemple openai:gpt-4o-mini.")
        return name

    @field_validator("public_url")
    @classmethod
    def _public_origin(cls, url: str | None) -> str | None:
        return None if url is None else read_origin(url)

    @property
    def endpoint_host(self) -> str | None:
        """The host that the configured model is asked on, None without a model."""
        if self.model is None:
            return None
        provider = self.model.partition(":")[0]
        if provider != "openai":
            return provider
        return urlsplit(self.openai_base_url).hostname if self.openai_base_url else "api.openai.com"

    @property
    def model_is_remote(self) -> bool:
        """Whether questions and passages leave this machine and its network to be answered."""
        return self.endpoint_host is not None and not is_near(self.endpoint_host)

    @property
    def secrets(self) -> frozenset[str]:
        """What no answer may hold: our own keys, and what the environment calls a key, token or password."""
        own = (self.openai_api_key, self.embeddings_api_key, self.password)
        ambient = (value for name, value in os.environ.items() if _SECRET.search(name) and len(value) >= 8)
        return frozenset((*(key.get_secret_value() for key in own if key), *ambient))

    @property
    def priced_model(self) -> str | None:
        """The model as “provider:model”, the provider told by its host; None where that is not known."""
        if self.model is None or not self.model.startswith("openai:"):
            return self.model
        provider = _BY_HOST.get(self.endpoint_host or "")
        return provider and f"{provider}:{self.model.partition(':')[2]}"

    @property
    def deadlines(self) -> Deadlines:
        """What the configured model may take: more of it on this machine or a private network."""
        return self.deadlines_for(remote=self.model is None or self.model_is_remote)

    def deadlines_for(self, *, remote: bool) -> Deadlines:
        """Return what a model may take that is remote or not; what is set holds for both."""
        usual = Deadlines() if remote else _NEAR
        return Deadlines(
            first_token_s=self.first_token_timeout_s or usual.first_token_s,
            idle_s=self.idle_timeout_s or usual.idle_s,
            total_s=self.total_timeout_s or usual.total_s,
        )

    @property
    def remote_host(self) -> str | None:
        """The hosts that questions leave this machine for, in French; None when nothing leaves."""
        hosts = [self.endpoint_host] if self.model_is_remote else []
        if self.embeddings_are_remote:
            hosts.append(self.embeddings_host)
        return " et ".join(dict.fromkeys(filter(None, hosts))) or None


def read_origin(url: str) -> str:
    """Return a scheme, a host and perhaps a port as browsers write them: `https://cimaise.xn--muse-dpa.fr:8443`.

    Raises:
        ValueError: There is more, or less; its text is a French sentence.
    """
    found = _ORIGIN.fullmatch(url)
    if found is None:
        raise ValueError(_NO_ORIGIN)
    scheme, written = found[1].lower(), found[4]
    port = int(written) if written else _USUAL_PORTS[scheme]
    try:
        host = (
            f"[{ipaddress.IPv6Address(found[2])}]" if found[2] else found[3].encode("idna").decode().lower()
        )
    except ValueError:
        raise ValueError(_NO_ORIGIN) from None
    if not 1 <= port <= 65535 or not (found[2] or _NAME.fullmatch(host)):
        raise ValueError(_NO_ORIGIN)
    return f"{scheme}://{host}" + ("" if port == _USUAL_PORTS[scheme] else f":{port}")
