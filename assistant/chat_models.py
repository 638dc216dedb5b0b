"""Build the chat model that the settings name, with LangChain's own naming."""

from langchain_core.language_models import BaseChatModel

from assistant.settings import Deadlines, Settings
from ingest.errors import SettingsError
from ingest.providers import provider_errors
from ingest.settings import OPENAI_URL

_MOST_BYTES = 4_000_000  # the longest answer, in events of one token each, is half of that


def build_chat_model(settings: Settings) -> BaseChatModel | None:
    """Return the chat model, or None without `CIMAISE_MODEL`: answers are then extracts.

    Raises:
        SettingsError: The provider's package is not installed, or a key is missing.
        ProviderError: The provider's client refuses the settings.
    """
    if settings.model is None:
        return None
    provider, _, name = settings.model.partition(":")
    if provider == "openai":
        return _openai(settings, name)
    from langchain.chat_models import init_chat_model  # noqa: PLC0415 - slow, and rarely wanted

    with provider_errors():
        try:
            return init_chat_model(settings.model, timeout=_silence_s(settings.deadlines), max_retries=0)
        except ImportError:
            raise SettingsError(
                "CIMAISE_MODEL",
                f"il manque le paquet de ce fournisseur ; lancez : pip install langchain-{provider}",
            ) from None
        except ValueError:
            raise SettingsError("CIMAISE_MODEL", "ce fournisseur est inconnu de LangChain.") from None


def _silence_s(deadlines: Deadlines) -> float:
    """Return after which silence a client gives up by itself: when nobody waits for it any more."""
    return min(max(deadlines.first_token_s, deadlines.idle_s), deadlines.total_s)


def _openai(settings: Settings, name: str) -> BaseChatModel:
    """Return a client of OpenAI or of a compatible server; the latter may know `max_tokens` only."""
    from langchain_openai import ChatOpenAI  # noqa: PLC0415 - slow, and only with a model
    from langchain_openai.chat_models.base import BaseChatOpenAI  # noqa: PLC0415

    key = settings.openai_api_key
    if key is None and settings.openai_base_url is None:
        raise SettingsError("OPENAI_API_KEY", "une clé est nécessaire pour interroger OpenAI.")
    from ingest.deadlines import bounded_clients  # noqa: PLC0415

    clients = bounded_clients(
        limit_s=settings.deadlines.total_s, near=not settings.model_is_remote, most_bytes=_MOST_BYTES
    )
    kind = ChatOpenAI if settings.openai_base_url is None else BaseChatOpenAI
    with provider_errors():
        return kind(
            model=name,
            api_key=key.get_secret_value() if key else "aucune",
            base_url=settings.openai_base_url or OPENAI_URL,
            timeout=_silence_s(settings.deadlines),
            max_retries=0,
            temperature=0,
            stream_chunk_timeout=None,  # our own deadlines; its timer swallows a cancellation
            stream_usage=True,
            **clients,
        )
