"""Ask a model one tiny question, to know whether it answers before it is chosen."""

import asyncio
import time

from langsmith import tracing_context

from assistant.chat_models import build_chat_model
from assistant.settings import Settings
from ingest.errors import ProviderUnavailableError
from ingest.providers import provider_errors

_QUESTION = "Réponds par un seul mot\u00a0: bonjour."
_LONGEST_S = 30.0


async def try_model(settings: Settings) -> float:
    """Return how long the model took to answer (seconds).

    Raises:
        SettingsError: It is not named, or cannot be built.
        ProviderError: It does not answer in time, or not as a model does.
    """
    model = await asyncio.to_thread(build_chat_model, settings)
    began = time.monotonic()
    with provider_errors(), tracing_context(enabled=settings.langsmith):
        async with asyncio.timeout(min(_LONGEST_S, settings.deadlines.first_token_s)):
            reply = await model.ainvoke(_QUESTION) if model is not None else None
    if reply is None or not str(reply.text).strip():
        raise ProviderUnavailableError
    return time.monotonic() - began
