"""One question on its way to its answer: who writes, when to fall back, how it ends."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Protocol, cast

from langchain_core.language_models import BaseChatModel

from assistant.answer import Answer, Gap, Mode, Question
from assistant.endpoint import Endpoint
from assistant.extracts import ExtractiveWriter
from assistant.gaps import find_gaps, find_open_parts
from assistant.model_writer import ModelWriter
from assistant.retriever import Finding
from assistant.settings import Settings
from assistant.tokens import token_counter
from assistant.usage import Usage
from assistant.verdict import REFUSALS, decide_verdict, refusal
from ingest.errors import ProviderError

_BY_WORDS_ALONE = (
    "La recherche par vecteurs est en panne\u202f; seuls les mots de la question ont été cherchés."
)

_LOST = "Le dossier des notes n’est plus là\u202f; la réponse vient de la dernière lecture."
INSTEAD = "Voici des extraits de vos notes, sans IA."  # of what a model would have written


class Writer(Protocol):
    """What turns passages into sentences; its parts carry no verdict."""

    @property
    def mode(self) -> Mode:
        """How it writes."""

    def write(self, question: Question, finding: Finding) -> Iterator[Answer]:
        """Yield one checked sentence a part."""

    def awrite(self, question: Question, finding: Finding) -> AsyncIterator[Answer]:
        """Yield the same without blocking."""


class Answering:
    """Keeps what has been said of an answer, and decides its next parts.

    Args:
        question: What is asked.
        finding: What the notes hold of it.
        writer: Writes the sentences.
        usage: What it took to understand the question.
    """

    def __init__(self, question: Question, finding: Finding, writer: Writer, usage: Usage) -> None:
        self._usage = usage
        self._question = question
        self.finding = finding
        self._writer = writer
        self._verdict = decide_verdict(question, finding)
        self._mode: Mode = "extracts" if self._verdict == "silent" else writer.mode  # then no model is asked
        self._said = Answer()

    @property
    def opening(self) -> Answer:
        """The first part: the question, all that the writer is given, and how it writes."""
        return Answer(
            question=self._question.text,
            passages=self.finding.passages,
            mode=self._mode,
            notice=_BY_WORDS_ALONE if self.finding.by_words_alone else None,
            usage=self._usage,
        )

    @property
    def cited_ids(self) -> tuple[str, ...]:
        """The ids of the notes cited so far, each once."""
        return tuple(dict.fromkeys(citation.note_id for citation in self._said.citations))

    def parts(self) -> Iterator[Answer]:
        """Yield the sentences, a writer's or a refusal, and extracts where a model fails."""
        try:
            if self._has_answer:
                yield from map(self._keep, self._writer.write(self._question, self.finding))
            else:
                yield from self._refuse()
        except ProviderError as error:
            yield from self._fall_back(error)

    async def aparts(self) -> AsyncIterator[Answer]:
        """Yield the same as `parts`, without blocking."""
        try:
            if self._has_answer:
                async with aclosing(cast("Any", self._writer.awrite(self._question, self.finding))) as parts:
                    async for part in parts:
                        yield self._keep(part)
            else:
                for part in self._refuse():
                    yield part
        except ProviderError as error:
            for part in self._fall_back(error):
                yield part

    def end(self, changed: Iterable[str], *, lost: bool = False) -> Answer:
        """Return the last part: verdict, mode, and the notes that changed since they were indexed.

        Args:
            changed: Titles of the cited notes whose file is no longer what was indexed.
            lost: Whether the very folder of the notes is gone.
        """
        verdict = self._verdict
        gaps: tuple[Gap, ...] = ()
        if self._has_answer:
            refused = any(sentence.text in REFUSALS for sentence in self._said.sentences)
            answered = bool(self._said.citations) and not refused
            verdict = "answered" if answered else "nearest"
            find = find_open_parts if answered else find_gaps
            gaps = find(self._question, self.finding)
        return Answer(
            verdict=verdict, mode=self._mode, notice=_LOST if lost else _changes(list(changed)), gaps=gaps
        )

    @property
    def _has_answer(self) -> bool:
        """Whether there is something to write; a model may find an answer where words alone see none."""
        return self._verdict == "answered" or (self._verdict == "nearest" and self._mode == "model")

    def _keep(self, part: Answer) -> Answer:
        self._said += part
        return part

    def _refuse(self) -> Iterator[Answer]:
        yield self._keep(refusal(self._question, self.finding, self._verdict))
        if self._verdict == "nearest":
            yield from map(self._keep, ExtractiveWriter().nearest(self.finding))

    def _fall_back(self, error: ProviderError) -> Iterator[Answer]:
        """Yield extracts in place of a model that failed; where it was cut, what it said stands alone."""
        if self._said.sentences:
            yield self._keep(Answer(notice=f"{error} La réponse est interrompue ici.", complete=False))
            return
        self._mode = "extracts"
        yield self._keep(Answer(mode="extracts", notice=f"{error} {INSTEAD}"))
        if self._has_answer:
            yield from map(self._keep, ExtractiveWriter().write(self._question, self.finding))
        else:
            yield from self._refuse()


def _changes(titles: Sequence[str]) -> str | None:
    if not titles:
        return None
    what = "La note a" if len(titles) == 1 else "Des notes ont"
    named = ", ".join(f"«\u00a0{title}\u00a0»" for title in titles)
    return f"{what} changé depuis l’indexation\u00a0: {named}."


def build_writer(settings: Settings, chat_model: BaseChatModel | None, endpoint: Endpoint) -> Writer:
    """Return what writes with the model, or the writer of extracts where there is none.

    Args:
        settings: The model's limits.
        chat_model: Any LangChain chat model.
        endpoint: Its own.
    """
    if chat_model is None:
        return ExtractiveWriter()
    return ModelWriter(
        chat_model,
        context_tokens=settings.context_tokens,
        count=token_counter(settings.tiktoken_cache_dir),
        endpoint=endpoint,
        secrets=settings.secrets,
    )
