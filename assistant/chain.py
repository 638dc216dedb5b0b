"""The whole path from a question to a checked answer, as a LangChain Runnable."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from functools import reduce
from operator import add
from typing import Any, Protocol

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableConfig
from langsmith import tracing_context

from assistant.answer import Answer, Mode, Question
from assistant.answering import Answering
from assistant.chat_models import build_chat_model
from assistant.extracts import ExtractiveWriter
from assistant.model_writer import ModelWriter
from assistant.question import QuestionInput, read_question
from assistant.retriever import Finding, NoteRetriever
from assistant.settings import Settings
from assistant.tokens import token_counter
from ingest.embeddings import build_embeddings, fingerprint
from ingest.errors import IndexDamagedError, IndexMissingError, ProviderError
from ingest.french import words
from ingest.snapshot import Snapshot, open_snapshot
from ingest.store import StoredNote
from ingest.sync import Progress, sync

_QUESTION_WORDS = frozenset("pourquoi comment qu que quel quelle quels quelles qui ou peut faut".split())


class Writer(Protocol):
    """What turns passages into sentences; its parts carry no verdict."""

    @property
    def mode(self) -> Mode:
        """How it writes."""

    def write(self, question: Question, finding: Finding) -> Iterator[Answer]:
        """Yield one checked sentence a part."""

    def awrite(self, question: Question, finding: Finding) -> AsyncIterator[Answer]:
        """Yield the same without blocking."""


class AnswerChain(Runnable[QuestionInput, Answer]):
    """Answers questions from one snapshot.

    Passages come first, then checked sentences, then the verdict:
    `functools.reduce(operator.add, chain.stream(q)) == chain.invoke(q)`.

    Args:
        snapshot: An open snapshot; `close` closes it.
        embeddings: Those it was built with.
        settings: The vault, the model's limits.
        chat_model: Writes the answers; without one they are extracts.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        embeddings: Embeddings,
        settings: Settings,
        chat_model: BaseChatModel | None = None,
    ) -> None:
        self.retriever = NoteRetriever(snapshot=snapshot, embeddings=embeddings)
        self._snapshot = snapshot
        self._settings = settings
        self._writer = _build_writer(settings, chat_model)

    @property
    def mode(self) -> Mode:
        """How answers are written: `extracts` or `model`."""
        return self._writer.mode

    @property
    def note_count(self) -> int:
        """How many notes the index holds."""
        return self._snapshot.manifest.notes

    @property
    def vault_name(self) -> str:
        """The name of the folder of notes."""
        return self._settings.vault.resolve().name

    @property
    def remote_host(self) -> str | None:
        """The host that questions and passages leave this machine for, None when nothing leaves."""
        return self._settings.remote_host

    def note(self, note_id: str) -> StoredNote | None:
        """Return a note of the snapshot by its opaque id, or None."""
        return self._snapshot.store.note(note_id)

    def starters(self, limit: int = 4) -> tuple[str, ...]:
        """Return questions to begin with: the titles of the notes that link to the most others."""
        titles = [title for title, _ in self._snapshot.store.hubs(40)]
        asked = [title for title in titles if words(title)[:1] and words(title)[0] in _QUESTION_WORDS]
        others = [f"Que disent les notes sur « {title} »\u202f?" for title in titles if title not in asked]
        return tuple(title if title.endswith("?") else f"{title}\u202f?" for title in (asked + others)[:limit])

    def close(self) -> None:
        """Release the snapshot's files."""
        self._snapshot.close()

    def invoke(
        self, input: QuestionInput, config: RunnableConfig | None = None, **kwargs: Any  # noqa: A002
    ) -> Answer:
        """Answer a question.

        Args:
            input: A string, a Question, or `{"question", "history", "filters"}`.
            config: LangChain's own: callbacks, tags, metadata.
            kwargs: LangChain's interface; unused.

        Raises:
            QuestionError: The question cannot be taken.
        """
        del kwargs
        with self._tracing():
            return self._call_with_config(lambda asked: reduce(add, self._parts(asked)), input, config)

    def stream(
        self, input: QuestionInput, config: RunnableConfig | None = None, **kwargs: Any  # noqa: A002
    ) -> Iterator[Answer]:
        """Yield the parts of an answer as they are ready; the same arguments and errors as `invoke`."""
        del kwargs
        with closing(self._transform_stream_with_config(iter([input]), self._transform, config)) as parts:
            while True:
                with self._tracing():
                    part = next(parts, None)
                if part is None:
                    return
                yield part

    async def ainvoke(
        self, input: QuestionInput, config: RunnableConfig | None = None, **kwargs: Any  # noqa: A002
    ) -> Answer:
        """Answer a question without blocking; the same arguments and errors as `invoke`."""
        del kwargs

        async def answer(asked: QuestionInput) -> Answer:
            return reduce(add, [part async for part in self._aparts(asked)])

        with self._tracing():
            return await self._acall_with_config(answer, input, config)

    async def astream(
        self, input: QuestionInput, config: RunnableConfig | None = None, **kwargs: Any  # noqa: A002
    ) -> AsyncIterator[Answer]:
        """Yield the parts of an answer without blocking; the same arguments and errors as `invoke`."""
        del kwargs

        async def inputs() -> AsyncIterator[QuestionInput]:
            yield input

        async with aclosing(self._atransform_stream_with_config(inputs(), self._atransform, config)) as parts:
            while True:
                with self._tracing():
                    part = await anext(parts, None)
                if part is None:
                    return
                yield part

    def _tracing(self) -> Any:
        """Keep LangSmith out, whatever the environment says, unless our own setting asks for it."""
        return tracing_context(enabled=self._settings.langsmith)

    def _transform(self, inputs: Iterator[QuestionInput]) -> Iterator[Answer]:
        for asked in inputs:
            yield from self._parts(asked)

    async def _atransform(self, inputs: AsyncIterator[QuestionInput]) -> AsyncIterator[Answer]:
        async for asked in inputs:
            async for part in self._aparts(asked):
                yield part

    def _parts(self, asked: QuestionInput) -> Iterator[Answer]:
        answering = self._begin(asked)
        yield answering.opening
        try:
            if answering.needs_writer:
                yield from map(answering.keep, self._writer.write(answering.question, answering.finding))
            else:
                yield from answering.refuse()
        except ProviderError as error:
            yield from answering.fall_back(error)
        yield self._end(answering)

    async def _aparts(self, asked: QuestionInput) -> AsyncIterator[Answer]:
        answering = await asyncio.to_thread(self._begin, asked)
        yield answering.opening
        try:
            if answering.needs_writer:
                async for part in self._writer.awrite(answering.question, answering.finding):
                    yield answering.keep(part)
            else:
                for part in answering.refuse():
                    yield part
        except ProviderError as error:
            for part in answering.fall_back(error):
                yield part
        yield await asyncio.to_thread(self._end, answering)

    def _begin(self, asked: QuestionInput) -> Answering:
        question = read_question(asked)
        return Answering(question, self.retriever.find(question), self.mode)

    def _end(self, answering: Answering) -> Answer:
        limit = self._settings.max_note_bytes
        return answering.end(answering.changed_notes(self._settings.vault, self.note, max_note_bytes=limit))


def build_chain(
    settings: Settings | None = None,
    *,
    chat_model: BaseChatModel | None = None,
    embeddings: Embeddings | None = None,
    on_progress: Progress | None = None,
) -> AnswerChain:
    """Return a chain over the vault's index, which is made first when there is none.

    Args:
        settings: From the environment and `.env` by default.
        chat_model: Any LangChain chat model, instead of the one the settings name.
        embeddings: Any LangChain embeddings, instead of those the settings name.
        on_progress: Told of each stage of indexing.

    Raises:
        CimaiseError: The vault, the index or the provider cannot be used; its sentence says what to do.
    """
    settings = settings or Settings()
    embedder = embeddings or build_embeddings(settings)
    mark = fingerprint(embedder, settings.embeddings)
    try:
        snapshot = open_snapshot(settings.index_folder, embeddings=mark)
    except (IndexMissingError, IndexDamagedError) as error:
        sync(settings, embeddings=embedder, force=isinstance(error, IndexDamagedError), on_progress=on_progress)
        snapshot = open_snapshot(settings.index_folder, embeddings=mark)
    return AnswerChain(snapshot, embedder, settings, chat_model or build_chat_model(settings))


def _build_writer(settings: Settings, chat_model: BaseChatModel | None) -> Writer:
    if chat_model is None:
        return ExtractiveWriter()
    return ModelWriter(
        chat_model,
        context_tokens=settings.context_tokens,
        total_timeout_s=settings.total_timeout_s,
        count=token_counter(settings.tiktoken_cache_dir),
    )
