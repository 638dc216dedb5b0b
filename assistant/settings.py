"""The settings of the whole: those of ingest, the model and the server."""

import ipaddress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from ingest.settings import IngestSettings


class Settings(IngestSettings):
    """What Cimaise needs to know; read from the environment and `.env`, prefix `CIMAISE_`.

    Raises:
        SettingsError: A value is not of its kind, or `.env` is not UTF-8.
    """

    model: str | None = Field(None, description="Chat model as “provider:model”; none: extracts, without AI.")
    openai_api_key: SecretStr | None = Field(
        None, validation_alias="OPENAI_API_KEY", description="Key of the OpenAI-compatible endpoint."
    )
    openai_base_url: str | None = Field(
        None, validation_alias="OPENAI_BASE_URL", description="Its address; none: OpenAI's own."
    )
    idle_timeout_s: float = Field(20, gt=0, le=3600, description="Longest silence of the model (seconds).")
    total_timeout_s: float = Field(90, gt=0, le=3600, description="Longest answer of the model (seconds).")
    context_tokens: int = Field(8_000, ge=500, le=1_000_000, description="Room for the passages (tokens).")
    langsmith: bool = Field(False, description="Let LangSmith trace our calls, as its own variables say.")
    tiktoken_cache_dir: Path | None = Field(
        None,
        validation_alias="TIKTOKEN_CACHE_DIR",
        description="Where tiktoken's ranks are, to count tokens exactly.",
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address the chat listens on.")
    port: int = Field(7860, ge=1, le=65535, description="Port the chat listens on.")

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)

    @field_validator("model", "openai_base_url", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("model")
    @classmethod
    def _named_model(cls, name: str | None) -> str | None:
        if name is not None and not all(name.partition(":")):
            raise ValueError("« fournisseur:modèle » est attendu, par exemple openai:gpt-4o-mini.")
        return name

    @field_validator("openai_base_url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is not None and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
            raise ValueError("une adresse est attendue, par exemple http://127.0.0.1:11434/v1.")
        return url

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
    def remote_host(self) -> str | None:
        """The host that questions and passages leave this machine for, None when nothing leaves."""
        host = self.endpoint_host
        return None if host is None or is_near(host) else host


def is_near(host: str) -> bool:
    """Tell whether a host is this machine or on a private network."""
    if host in {"localhost", "ollama"}:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
