"""Answer with a chat model: passages in as data, checked sentences out."""

import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import lru_cache

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage

from assistant.answer import Answer, Mode, Passage, Question, Sentence, Turn, Usage
from assistant.grounding import ground_sentence
from assistant.marks import MARK
from assistant.prompts import load_prompt
from assistant.retriever import Finding
from assistant.sanitising import Guarded, guard, sanitise
from assistant.tokens import TokenCounter, estimate_tokens, fit_passages
from assistant.verdict import NEAREST
from ingest.clean import clean
from ingest.errors import PrivateNotesError, ProviderTimeoutError, ProviderUnavailableError
from ingest.french import line_key
from ingest.providers import provider_errors

_END = re.compile(
    rf"(?<=[.!?…])(?:{MARK.pattern})*(?:\s*»)?(?:{MARK.pattern})*[.!?…]*\s+(?=[^\s\[(【¹²³⁴-⁹]|\([^\s\d])|\n+",
    MARK.flags,
)
_STOP = re.compile(r"[.!?…\n]")
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
_WITHHELD = "(Réponse tirée de notes confidentielles.)"
_RULES = ("answer", frozenset({"count", "refusal"}))
_ASKED = ("passages", frozenset({"passages", "question"}))
_QUOTED = 600  # characters that a quotation may hold a sentence open for
_REFUSAL = line_key(NEAREST.partition("\u202f;")[0])


class ModelWriter:
    """Writes through any LangChain chat model.

    Args:
        model: Asked with `stream` and `astream`, so that closing the generator closes the request.
        context_tokens: Room for the passages.
        total_timeout_s: Longest time from asking to the last word.
        count: Counts the tokens of a text.
        remote: Whether the model is elsewhere: private notes are kept from it.
        secrets: What no answer may hold, whatever the model was told.
    """

    mode: Mode = "model"

    def __init__(  # noqa: PLR0913 - each is a setting of its own
        self,
        model: BaseChatModel,
        *,
        context_tokens: int = 8_000,
        total_timeout_s: float = 90,
        count: TokenCounter = estimate_tokens,
        remote: bool = False,
        secrets: Iterable[str] = (),
    ) -> None:
        self._remote = remote
        self._guarded = guard(secrets, load_prompt(*_RULES))
        self._model = model
        self._context_tokens = context_tokens
        self._total_timeout_s = total_timeout_s
        self._count = count

    def write(self, question: Question, finding: Finding) -> Iterator[Answer]:
        """Yield one checked sentence a part, then what it took.

        Raises:
            ProviderError: The model failed; what was yielded before stands.
        """
        deadline = time.monotonic() + self._total_timeout_s
        for attempt in (1, 2):
            draft = _Draft(self._fit(finding), deadline, attempt, self._guarded)
            try:
                with provider_errors():
                    for chunk in self._model.stream(self._messages(question, draft.passages)):
                        yield from draft.read(chunk)
                yield from draft.finish()
            except ProviderUnavailableError:
                if draft.said or attempt == 2 or time.monotonic() > deadline:
                    raise
            else:
                return

    async def awrite(self, question: Question, finding: Finding) -> AsyncIterator[Answer]:
        """Yield the same as `write`, without blocking.

        Raises:
            ProviderError: The model failed; what was yielded before stands.
        """
        deadline = time.monotonic() + self._total_timeout_s
        for attempt in (1, 2):
            draft = _Draft(self._fit(finding), deadline, attempt, self._guarded)
            try:
                with provider_errors():
                    async for chunk in self._model.astream(self._messages(question, draft.passages)):
                        for part in draft.read(chunk):
                            yield part
                for part in draft.finish():
                    yield part
            except ProviderUnavailableError:
                if draft.said or attempt == 2 or time.monotonic() > deadline:
                    raise
            else:
                return

    def _fit(self, finding: Finding) -> tuple[Passage, ...]:
        sent = [p for p in finding.passages if not (self._remote and p.private)]
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
        return _WITHHELD if self._remote and turn.private else turn.content


class _Draft:
    """What a model has written so far, cut into sentences and checked as they end."""

    def __init__(
        self, passages: tuple[Passage, ...], deadline: float, requests: int, guarded: Guarded
    ) -> None:
        self.passages = passages
        self._guarded = guarded
        self._deadline = deadline  # of all attempts together
        self._rest = ""
        self._length = 0
        self.said = 0
        self._reason: str | None = None
        self._tells = False
        self._usage = Usage(requests=requests)

    def read(self, chunk: BaseMessage) -> Iterator[Answer]:
        """Take a piece and yield the sentences it ends."""
        if time.monotonic() > self._deadline:
            raise ProviderTimeoutError
        text = chunk.text
        self._length += len(text)
        self._reason = chunk.response_metadata.get("finish_reason") or self._reason
        self._tells = self._tells or chunk.response_metadata.get("model_provider") == "openai"
        if isinstance(chunk, AIMessageChunk) and chunk.usage_metadata:
            used = chunk.usage_metadata
            self._usage += Usage(input_tokens=used["input_tokens"], output_tokens=used["output_tokens"])
        if self._length > _LONGEST:
            raise ProviderUnavailableError
        self._rest += text
        if "<" in self._rest:
            self._rest = _THOUGHT.sub("", self._rest)
            if _THINKING.search(self._rest):
                return
        if not _STOP.search(self._rest):
            return
        *sentences, self._rest = _cut(self._rest)
        for sentence in sentences:
            yield from self._checked(sentence)

    def finish(self) -> Iterator[Answer]:
        """Yield the last sentence and what the answer took."""
        cut = self._reason in _TRUNCATED or (self._tells and self._reason is None)
        if not cut:
            for sentence in _cut(_THINKING.split(self._rest)[0], quoting=False):
                yield from self._checked(sentence)
        if not self.said:
            raise ProviderUnavailableError
        yield Answer(usage=self._usage)
        if cut:
            yield Answer(notice="Le modèle s’est interrompu avant la fin.", complete=False)

    def _checked(self, sentence: str) -> Iterator[Answer]:
        if refuses(sentence):
            self.said += 1
            yield Answer(sentences=(Sentence(NEAREST, "link"),))
            return
        safe = sanitise(sentence, self.passages, self._guarded)
        part = Answer(removed=safe.removed) + ground_sentence(safe.text, self.passages)
        self.said += len(part.sentences)
        if part.sentences or part.removed:
            yield part


def refuses(sentence: str) -> bool:
    """Tell whether a sentence is the one that says the notes do not say, as the prompt words it."""
    return line_key(sentence).startswith(_REFUSAL)


@lru_cache(maxsize=64)
def _fence(passage: Passage) -> str:
    """Return a passage as data: its number, its origin, its text with its own bracketed numbers defused."""
    where = " › ".join((passage.note, *passage.heading))
    where, text = (_TAG.sub("‹", _BRACKETED.sub(r"(\1)", raw)) for raw in (where, clean(passage.text)))
    return f"<passage numéro={passage.number} note=« {where} »>\n{text}\n</passage>"


def _cut(text: str, *, quoting: bool = True) -> list[str]:
    """Return the finished sentences of a text and, last, what is still being written.

    Args:
        text: What has come and was not cut yet.
        quoting: Whether a quotation that is open may still be closed.
    """
    pieces, position = [], 0
    for match in _END.finditer(text):
        piece = text[position : match.end()]
        if _SHORTENED.search(piece) or text.startswith("»", match.end()) or (quoting and _is_quoting(piece)):
            continue
        pieces.append(piece)
        position = match.end()
    return [*pieces, text[position:]]


def _is_quoting(piece: str) -> bool:
    """Tell whether a quotation is open at the end of a piece, and may yet be closed."""
    opened = max(piece.rfind("«") - piece.rfind("»"), piece.rfind("“") - piece.rfind("”"))
    return opened > 0 and "\n" not in piece and len(piece) < _QUOTED
