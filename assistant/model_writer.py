"""Answer with a chat model: passages in as data, checked sentences out."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing, closing
from functools import lru_cache
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage

from assistant.answer import Answer, Mode, Passage, Question, Turn
from assistant.draft import ATTEMPTS, Draft
from assistant.endpoint import Endpoint
from assistant.pacing import Clock, apull, pull
from assistant.prompts import load_prompt
from assistant.retriever import Finding
from assistant.sanitising import guard
from assistant.tokens import TokenCounter, estimate_tokens, fit_passages
from assistant.verdict import NEAREST
from ingest.clean import clean
from ingest.errors import PrivateNotesError, ProviderError

_BRACKETED = re.compile(r"\[\s*(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*\]")
_TAG = re.compile(r"<(?=\s*/?\s*passage)", re.IGNORECASE)
_HISTORY = 6  # messages
_WITHHELD = "(Réponse tirée de notes confidentielles.)"
_RULES = ("answer", frozenset({"count", "refusal"}))
_ASKED = ("passages", frozenset({"passages", "question"}))


class ModelWriter:
    """Writes through any LangChain chat model.

    Args:
        model: Asked with `stream` and `astream`, so that closing the generator closes the request.
        context_tokens: Room for the passages.
        count: Counts the tokens of a text.
        endpoint: How far it is, what it may take, both attempts together, and whether it may be asked.
        secrets: What no answer may hold, whatever the model was told.
    """

    mode: Mode = "model"

    def __init__(
        self,
        model: BaseChatModel,
        *,
        context_tokens: int = 8_000,
        count: TokenCounter = estimate_tokens,
        endpoint: Endpoint | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        self._endpoint = endpoint or Endpoint()
        self._guarded = guard(secrets, load_prompt(*_RULES))
        self._model = model
        self._unstreamed = model.model_copy(update={"disable_streaming": True})
        self._context_tokens = context_tokens
        self._count = count

    def write(self, question: Question, finding: Finding) -> Iterator[Answer]:
        """Yield one checked sentence a part, then what it took.

        Raises:
            ProviderError: The model failed; what was yielded before stands.
        """
        clock = Clock(self._endpoint.deadlines)
        passages = self._fit(finding)
        model = self._model
        for attempt in ATTEMPTS:
            draft = Draft(passages, self._endpoint.meter, self._guarded)
            try:
                with self._endpoint.breaker.request(clock.left_s()) as request:
                    draft.begin()
                    chunks = pull(model.stream(self._messages(question, passages)), clock)
                    with closing(cast("Any", chunks)):
                        for chunk in chunks:
                            yield from draft.read(chunk, request)
                    yield from draft.finish()
            except ProviderError as error:
                yield Answer(usage=draft.usage)
                pause_s = draft.pause_s(error, attempt)
                if pause_s is None or pause_s >= clock.left_s():
                    raise
                if error.streamed_nothing:
                    model = self._unstreamed
                time.sleep(pause_s)
            else:
                return

    async def awrite(self, question: Question, finding: Finding) -> AsyncIterator[Answer]:
        """Yield the same as `write`, without blocking.

        Raises:
            ProviderError: The model failed; what was yielded before stands.
        """
        clock = Clock(self._endpoint.deadlines)
        passages = self._fit(finding)
        model = self._model
        for attempt in ATTEMPTS:
            draft = Draft(passages, self._endpoint.meter, self._guarded)
            try:
                async with self._endpoint.breaker.arequest(clock.left_s()) as request:
                    draft.begin()
                    chunks = apull(model.astream(self._messages(question, passages)), clock)
                    async with aclosing(cast("Any", chunks)):
                        async for chunk in chunks:
                            for part in draft.read(chunk, request):
                                yield part
                    for part in draft.finish():
                        yield part
            except ProviderError as error:
                yield Answer(usage=draft.usage)
                pause_s = draft.pause_s(error, attempt)
                if pause_s is None or pause_s >= clock.left_s():
                    raise
                if error.streamed_nothing:
                    model = self._unstreamed
                await asyncio.sleep(pause_s)
            else:
                return

    def _fit(self, finding: Finding) -> tuple[Passage, ...]:
        sent = [p for p in finding.passages if not (self._endpoint.remote and p.private)]
        if not sent:
            raise PrivateNotesError
        return fit_passages(sent, max_tokens=self._context_tokens, count=self._count)

    def _messages(self, question: Question, passages: tuple[Passage, ...]) -> list[BaseMessage]:
        rules, asked = (load_prompt(*prompt) for prompt in (_RULES, _ASKED))
        earlier = [
            HumanMessage(turn.content) if turn.role == "user" else AIMessageChunk(content=self._said(turn))
            for turn in question.history[-_HISTORY:]
        ]
        shown = "\n\n".join(map(_fence, passages))
        return [
            SystemMessage(rules.format(count=len(passages), refusal=NEAREST)),
            *earlier,
            HumanMessage(asked.format(passages=shown, question=question.text)),
        ]

    def _said(self, turn: Turn) -> str:
        return _WITHHELD if self._endpoint.remote and turn.private else turn.content


@lru_cache(maxsize=64)
def _fence(passage: Passage) -> str:
    """Return a passage as data: its number, its origin, its text with its own bracketed numbers defused."""
    where = " › ".join((passage.note, *passage.heading))
    where, text = (_TAG.sub("‹", _BRACKETED.sub(r"(\1)", raw)) for raw in (where, clean(passage.text)))
    return f"<passage numéro={passage.number} note=« {where} »>\n{text}\n</passage>"
