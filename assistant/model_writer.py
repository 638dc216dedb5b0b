"""Answer with a chat model: passages in as data, checked sentences out."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage

from assistant.answer import Answer, Mode, Passage, Question, Sentence, Turn
from assistant.breaker import Request
from assistant.endpoint import Endpoint
from assistant.grounding import ground_sentence
from assistant.pacing import Clock, apull, pull
from assistant.prompts import load_prompt
from assistant.retriever import Finding
from assistant.tokens import TokenCounter, estimate_tokens, fit_passages
from assistant.usage import Meter, Usage
from assistant.verdict import NEAREST
from ingest.clean import clean
from ingest.errors import PrivateNotesError, ProviderError, ProviderRefusedError, ProviderUnavailableError
from ingest.french import line_key

_END = re.compile(r"(?<=[.!?…])(?:\s*\[[\d ,;–-]+\])*(?:\s*»)?[.!?…]*\s+(?=[^\s\[])|\n+")
_BRACKETED = re.compile(r"\[\s*(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*\]")
_TAG = re.compile(r"<(?=\s*/?\s*passage)", re.IGNORECASE)
_THOUGHT = re.compile(r"<(think|thinking)>.*?</\1>\s*", re.DOTALL)
_THINKING = re.compile(r"<think(?:ing)?>")
_SHORTENED = re.compile(
    r"(?:\b(?:M|MM|Mme|Mmes|Mlle|Dr|Pr|cf|p|pp|art|éd|dir|chap|fig|env|av|apr|ex)|\b[A-ZÀ-ÖØ-Þ])\.\s+$"
)
_TRUNCATED = frozenset({"length", "content_filter"})
_LONGEST = 8_000  # characters of an answer
_HISTORY = 6  # messages
_EMPTY = "Le modèle n’a rien répondu ; reformulez la question, ou choisissez un autre modèle."
_ENDLESS = "Le modèle a écrit plus que la longueur permise."
_ATTEMPTS = (1, 2)
_LONGEST_PAUSE_S = 10.0  # what an endpoint may have a reader wait for
_WITHHELD = "(Réponse tirée de notes confidentielles.)"
_REFUSAL = line_key(NEAREST.partition("\u202f;")[0])


class ModelWriter:
    """Writes through any LangChain chat model.

    Args:
        model: Asked with `stream` and `astream`, so that closing the generator closes the request.
        context_tokens: Room for the passages.
        count: Counts the tokens of a text.
        endpoint: How far it is, what it may take, both attempts together, and whether it may be asked.
    """

    mode: Mode = "model"

    def __init__(
        self,
        model: BaseChatModel,
        *,
        context_tokens: int = 8_000,
        count: TokenCounter = estimate_tokens,
        endpoint: Endpoint | None = None,
    ) -> None:
        self._endpoint = endpoint or Endpoint()
        self._model = model
        self._context_tokens = context_tokens
        self._count = count

    def write(self, question: Question, finding: Finding) -> Iterator[Answer]:
        """Yield one checked sentence a part, then what it took.

        Raises:
            ProviderError: The model failed; what was yielded before stands.
        """
        clock = Clock(self._endpoint.deadlines)
        passages = self._fit(finding)
        for attempt in _ATTEMPTS:
            draft = _Draft(passages, self._endpoint.meter)
            try:
                with self._endpoint.breaker.request(clock.left_s()) as request:
                    draft.begin()
                    chunks = pull(self._model.stream(self._messages(question, passages)), clock)
                    with closing(cast("Any", chunks)):
                        for chunk in chunks:
                            yield from draft.read(chunk, request)
                    yield from draft.finish()
            except ProviderError as error:
                yield Answer(usage=draft.usage)
                pause_s = draft.pause_s(error, attempt)
                if pause_s is None or pause_s >= clock.left_s():
                    raise
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
        for attempt in _ATTEMPTS:
            draft = _Draft(passages, self._endpoint.meter)
            try:
                async with self._endpoint.breaker.arequest(clock.left_s()) as request:
                    draft.begin()
                    chunks = apull(self._model.astream(self._messages(question, passages)), clock)
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
                await asyncio.sleep(pause_s)
            else:
                return

    def _fit(self, finding: Finding) -> tuple[Passage, ...]:
        sent = [p for p in finding.passages if not (self._endpoint.remote and p.private)]
        if not sent:
            raise PrivateNotesError
        return fit_passages(sent, max_tokens=self._context_tokens, count=self._count)

    def _messages(self, question: Question, passages: tuple[Passage, ...]) -> list[BaseMessage]:
        rules = load_prompt("answer", frozenset({"count", "refusal"}))
        asked = load_prompt("passages", frozenset({"passages", "question"}))
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


class _Draft:
    """What a model has written so far, cut into sentences and checked as they end."""

    def __init__(self, passages: tuple[Passage, ...], meter: Meter) -> None:
        self.passages = passages
        self._meter = meter
        self._requests = self._tokens_in = self._tokens_out = 0
        self._rest = ""
        self._length = 0
        self.said = 0
        self._reason: str | None = None
        self._tells = False

    @property
    def usage(self) -> Usage:
        """What it took so far."""
        return self._meter.measure(self._requests, self._tokens_in, self._tokens_out)

    def begin(self) -> None:
        """Take note that the model is asked."""
        self._requests = 1

    def pause_s(self, error: ProviderError, attempt: int) -> float | None:
        """Return what to wait before the model is asked again (seconds), None where it is of no use."""
        if self.said or attempt == _ATTEMPTS[-1]:
            return None
        told_s = error.retry_after_s
        if told_s is None:
            return 0.0 if isinstance(error, ProviderUnavailableError) else None
        return told_s if told_s <= _LONGEST_PAUSE_S else None

    def read(self, chunk: BaseMessage, request: Request) -> Iterator[Answer]:
        """Take a piece and yield the sentences it ends."""
        text = chunk.text
        if text:
            request.speaks()
        self._length += len(text)
        self._reason = chunk.response_metadata.get("finish_reason") or self._reason
        self._tells = self._tells or chunk.response_metadata.get("model_provider") == "openai"
        if isinstance(chunk, AIMessageChunk) and chunk.usage_metadata:
            self._tokens_in += chunk.usage_metadata["input_tokens"]
            self._tokens_out += chunk.usage_metadata["output_tokens"]
        if self._length > _LONGEST:
            raise ProviderRefusedError(_ENDLESS)
        self._rest = _THOUGHT.sub("", self._rest + text)
        if _THINKING.search(self._rest):
            return
        *sentences, self._rest = _cut(self._rest)
        for sentence in sentences:
            yield from self._checked(sentence)

    def finish(self) -> Iterator[Answer]:
        """Yield the last sentence and what the answer took."""
        cut = self._reason in _TRUNCATED or (self._tells and self._reason is None)
        if not cut:
            yield from self._checked(_THINKING.split(self._rest)[0])
        if not self.said:
            raise ProviderRefusedError(_EMPTY) if self._reason else ProviderUnavailableError
        yield Answer(usage=self.usage)
        if cut:
            yield Answer(notice="Le modèle s’est interrompu avant la fin.", complete=False)

    def _checked(self, sentence: str) -> Iterator[Answer]:
        if refuses(sentence):
            self.said += 1
            yield Answer(sentences=(Sentence(NEAREST, "link"),))
            return
        part = ground_sentence(sentence, self.passages)
        self.said += len(part.sentences)
        if part.sentences or part.removed:
            yield part


def refuses(sentence: str) -> bool:
    """Tell whether a sentence is the one that says the notes do not say, as the prompt words it."""
    return line_key(sentence).startswith(_REFUSAL)


def _fence(passage: Passage) -> str:
    """Return a passage as data: its number, its origin, its text with its own bracketed numbers defused."""
    where = " › ".join((passage.note, *passage.heading))
    where, text = (_TAG.sub("‹", _BRACKETED.sub(r"(\1)", raw)) for raw in (where, clean(passage.text)))
    return f"<passage numéro={passage.number} note=« {where} »>\n{text}\n</passage>"


def _cut(text: str) -> list[str]:
    """Return the finished sentences of a text and, last, what is still being written."""
    pieces, position = [], 0
    for match in _END.finditer(text):
        if _SHORTENED.search(text[position : match.end()]) or text.startswith("»", match.end()):
            continue
        pieces.append(text[position : match.end()])
        position = match.end()
    return [*pieces, text[position:]]
