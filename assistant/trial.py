"""Ask a model one tiny question, to know whether it answers before it is chosen."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from typing import Any, cast

from langsmith import tracing_context

from assistant.chat_models import build_chat_model
from assistant.pacing import Clock, apull
from assistant.settings import Settings
from ingest.errors import ProviderUnavailableError

_QUESTION = "Réponds par un seul mot\u00a0: bonjour."
_LONGEST_S = 30.0


async def try_model(settings: Settings) -> float:
    """Return how long the model took to its first word (seconds).

    Raises:
        SettingsError: It is not named, or cannot be built.
        ProviderError: It does not answer in time, or not as a model does.
    """
    model = await asyncio.to_thread(build_chat_model, settings)
    if model is None:
        raise ProviderUnavailableError
    deadlines, began = settings.deadlines, time.monotonic()
    clock = Clock(replace(deadlines, first_token_s=min(_LONGEST_S, deadlines.first_token_s)))
    with tracing_context(enabled=settings.langsmith):
        async with aclosing(cast("Any", apull(model.astream(_QUESTION), clock))) as pieces:
            async for piece in pieces:
                if str(piece.text).strip():
                    return time.monotonic() - began
    raise ProviderUnavailableError
