"""Have a model rewrite a follow-up into a question that stands alone, for the search only.

It is shown what the user asked, never what was answered: answers may quote private notes.
"""

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage

from assistant.answer import Question
from assistant.breaker import Request
from assistant.endpoint import Endpoint
from assistant.followup import leans_back, may_lean, points_back
from assistant.prompts import load_prompt
from assistant.usage import Meter, Usage
from ingest.errors import ProviderError, ProviderTimeoutError, ProviderUnavailableError
from ingest.french import stems
from ingest.patience import within
from ingest.providers import provider_errors

_EARLIER = 4  # questions
_LONGEST_TURN = 500  # characters of each
_LONGEST = 300  # characters of a question
_ENDLESS = 4_000  # characters, thoughts included
_THOUGHT = re.compile(r"<(think|thinking)>.*?</\1>", re.DOTALL)
_LABEL = re.compile(
    r"\A(?:[-*#>\s]|(?:derni[eè]re\s+)?question(?:\s+[\w’']+){0,2}\s*:|\d+\.\s)+", re.IGNORECASE
)
_QUOTES = ' \t\u00a0\u202f«»"“”*_`'


@dataclass(frozen=True, slots=True)
class Condensed:
    """A question ready to be searched, and what that took."""

    question: Question
    usage: Usage


class Condenser:
    """Rewrites the questions that need it, once each: where the model fails, the rule of `followup` is left.

    Args:
        model: Any LangChain chat model; without one the rule does for all.
        timeout_s: What a question may wait (seconds).
        endpoint: Says whether it may be asked; being late here, sooner than for an answer, does not count.
    """

    def __init__(
        self, model: BaseChatModel | None, *, timeout_s: float, endpoint: Endpoint | None = None
    ) -> None:
        self._model = model
        self._timeout_s = timeout_s
        self._endpoint = endpoint or Endpoint()

    def condense(self, question: Question) -> Condensed:
        """Return the question, `standalone` set if it leans on others and the model has said how."""
        model = self._model
        if model is None or not needs_condensing(question):
            return Condensed(question, Usage())
        reply = _Reply(self._endpoint.meter)
        with suppress(ProviderError), self._endpoint.breaker.request(self._timeout_s) as request:
            reply.begin(request)
            with suppress(ProviderTimeoutError):
                within(self._timeout_s, lambda: reply.read_all(model.stream(_messages(question))))
                return reply.condensed(question)
        return Condensed(question, reply.usage)

    async def acondense(self, question: Question) -> Condensed:
        """Return the same as `condense`, without blocking."""
        if self._model is None or not needs_condensing(question):
            return Condensed(question, Usage())
        reply = _Reply(self._endpoint.meter)
        with suppress(ProviderError):
            async with self._endpoint.breaker.arequest(self._timeout_s) as request:
                reply.begin(request)
                with suppress(ProviderTimeoutError), provider_errors():
                    async with asyncio.timeout(self._timeout_s):
                        await reply.aread_all(self._model.astream(_messages(question)))
                    return reply.condensed(question)
        return Condensed(question, reply.usage)


def needs_condensing(question: Question) -> bool:
    """Tell whether a model should say what a question means: not where it points at a statement."""
    return may_lean(question) and not points_back(question)


def read_condensed(text: str, question: Question) -> str | None:
    """Return the question that a model wrote, or None when it is none that may be searched.

    It must be one line of 300 characters at most, without control characters, stand alone, and share a word
    with what the user said: a model that answers, comments or obeys does not.
    """
    lines = _THOUGHT.sub("", text).strip().splitlines()
    if len(lines) != 1 or "<think" in lines[0]:
        return None
    said = _LABEL.sub("", lines[0].strip(_QUOTES)).strip(_QUOTES)
    strange = any(unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cs"} for letter in said)
    if strange or len(said) > _LONGEST or leans_back(said):
        return None
    known = set(stems(" ".join((*_asked(question), question.text))))
    return said if known & set(stems(said)) else None


class _Reply:
    """What a model has written so far."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._requests = self._tokens_in = self._tokens_out = 0
        self._text = ""
        self._request: Request | None = None

    @property
    def usage(self) -> Usage:
        """What it took so far."""
        return self._meter.measure(self._requests, self._tokens_in, self._tokens_out)

    def begin(self, request: Request) -> None:
        """Take note that the model is asked."""
        self._requests, self._request = 1, request

    def read_all(self, chunks: Iterator[BaseMessage]) -> None:
        """Read to the end."""
        for chunk in chunks:
            self._read(chunk)

    async def aread_all(self, chunks: AsyncIterator[BaseMessage]) -> None:
        """Read to the end without blocking."""
        async for chunk in chunks:
            self._read(chunk)

    def condensed(self, question: Question) -> Condensed:
        """Return the question with what was written of it, if that can be used."""
        return Condensed(replace(question, standalone=read_condensed(self._text, question)), self.usage)

    def _read(self, chunk: BaseMessage) -> None:
        self._text += chunk.text
        if self._text and self._request:
            self._request.speaks()
        if isinstance(chunk, AIMessageChunk) and chunk.usage_metadata:
            self._tokens_in += chunk.usage_metadata["input_tokens"]
            self._tokens_out += chunk.usage_metadata["output_tokens"]
        if len(self._text) > _ENDLESS:
            raise ProviderUnavailableError


def _asked(question: Question) -> list[str]:
    return [turn.content for turn in question.history if turn.role == "user"]


def _messages(question: Question) -> list[BaseMessage]:
    prompt = load_prompt("condense", frozenset({"earlier", "question"}))
    turns = [" ".join(turn.split())[:_LONGEST_TURN] for turn in _asked(question)[-_EARLIER:]]
    earlier = "\n".join(f"{number}. {turn}" for number, turn in enumerate(turns, start=1))
    return [HumanMessage(prompt.format(earlier=earlier, question=question.text))]
