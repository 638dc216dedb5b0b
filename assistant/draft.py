"""What a model has written so far: cut into sentences, and each checked as it ends."""

import re
from collections.abc import Iterator

from langchain_core.messages import AIMessage, BaseMessage

from assistant.answer import BORNE_OUT, Answer, Passage, Sentence
from assistant.breaker import Request
from assistant.grounding import ground_sentence
from assistant.marks import MARK
from assistant.sanitising import Guarded, sanitise
from assistant.usage import Meter, Usage
from assistant.verdict import NEAREST
from ingest.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError
from ingest.french import line_key

ATTEMPTS = (1, 2)
_END = re.compile(
    rf"(?<=[.!?…])(?:{MARK.pattern})*(?:\s*»)?(?:{MARK.pattern})*[.!?…]*\s+(?=[^\s\[(【¹²³⁴-⁹]|\([^\s\d])|\n+",
    MARK.flags,
)
_STOP = re.compile(r"[.!?…\n]")
_THOUGHT = re.compile(r"<(think|thinking)>.*?</\1>\s*", re.DOTALL)
_THINKING = re.compile(r"<think(?:ing)?>")
_SHORTENED = re.compile(
    r"(?:\b(?:M|MM|Mme|Mmes|Mlle|Dr|Pr|cf|p|pp|art|éd|dir|chap|fig|env|av|apr|ex)|\b[A-ZÀ-ÖØ-Þ])\.\s+$"
)
_TRUNCATED = frozenset({"length", "content_filter"})
_LONGEST = 8_000  # characters of an answer
_UNFOUNDED = "La réponse du modèle n’est pas sourcée\u202f: les passages lus n’en portent aucune phrase."
_EMPTY = "Le modèle n’a rien répondu ; reformulez la question, ou choisissez un autre modèle."
_ENDLESS = "Le modèle a écrit plus que la longueur permise."
_PATIENCE = 3  # sentences, none of them borne out, after which a model is left to itself
_LONGEST_PAUSE_S = 10.0  # what an endpoint may have a reader wait for
_QUOTED = 600  # characters that a quotation may hold a sentence open for
_REFUSAL = line_key(NEAREST.partition("\u202f;")[0])


class Draft:
    """One attempt of a model.

    Nothing of it is told before a sentence is borne out: a model that obeys what a note orders, or that tells
    what it knows from elsewhere, says no such sentence, and extracts take its place.

    Args:
        passages: What it was given.
        meter: Measures what it takes.
        guarded: What no answer may hold.
    """

    def __init__(self, passages: tuple[Passage, ...], meter: Meter, guarded: Guarded) -> None:
        self.passages = passages
        self._meter = meter
        self._guarded = guarded
        self._requests = self._tokens_in = self._tokens_out = 0
        self._rest = ""
        self._length = 0
        self._held: list[Answer] = []
        self._founded = False
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
        if self.said or attempt == ATTEMPTS[-1]:
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
        if isinstance(chunk, AIMessage) and chunk.usage_metadata:
            self._tokens_in += chunk.usage_metadata["input_tokens"]
            self._tokens_out += chunk.usage_metadata["output_tokens"]
        if self._length > _LONGEST:
            raise ProviderRefusedError(_ENDLESS)
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
            yield Answer(removed=self._dismissed)
            broken = self._reason is None and (cut or not self._held)
            raise ProviderUnavailableError if broken else self._nothing
        if self._held:
            yield Answer(removed=self._dismissed)
        yield Answer(usage=self.usage)
        if cut:
            yield Answer(notice="Le modèle s’est interrompu avant la fin.", complete=False)

    def _checked(self, sentence: str) -> Iterator[Answer]:
        if refuses(sentence):
            self.said += 1
            yield Answer(sentences=(Sentence(NEAREST, "link"),))
            return
        safe = sanitise(sentence, self.passages, self._guarded)
        part = Answer(removed=safe.removed) + ground_sentence(safe.text, self.passages)
        self._founded = self._founded or any(s.label in BORNE_OUT for s in part.sentences)
        if part.sentences:
            self._held.append(part)
        elif part.removed:
            yield part
        if self._founded:
            self.said += sum(len(held.sentences) for held in self._held)
            yield from self._held
            self._held.clear()
        elif len(self._held) == _PATIENCE and not self.said:
            yield Answer(removed=self._dismissed)
            raise self._nothing

    @property
    def _nothing(self) -> ProviderRefusedError:
        """What an answer that ended well, and of which nothing is told, is refused for."""
        return ProviderRefusedError(_UNFOUNDED if self._held else _EMPTY)

    @property
    def _dismissed(self) -> tuple[str, ...]:
        """What was taken out of the sentences that are not told."""
        return tuple(name for held in self._held for name in held.removed)


def refuses(sentence: str) -> bool:
    """Tell whether a sentence is the one that says the notes do not say, as the prompt words it."""
    return line_key(sentence).startswith(_REFUSAL)


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
