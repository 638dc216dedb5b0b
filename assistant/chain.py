"""The whole path from a question to a checked answer, as a LangChain Runnable."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, closing
from functools import reduce
from operator import add
from typing import Any, cast

from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableConfig
from langsmith import tracing_context

from assistant.answer import Answer, Mode
from assistant.answering import Answering, build_writer
from assistant.catalogue import Catalogue
from assistant.chat_models import build_chat_model
from assistant.condense import Condensed, Condenser
from assistant.endpoint import Endpoint, build_endpoint
from assistant.question import QuestionInput, read_question
from assistant.retriever import Finding, NoteRetriever, find_passages
from assistant.settings import Settings
from ingest.build import Progress
from ingest.embeddings import build_embeddings, fingerprint
from ingest.errors import IndexDamagedError, IndexMissingError
from ingest.readers import SnapshotSource
from ingest.snapshot import Snapshot
from ingest.sync import sync


class AnswerChain(Catalogue, Runnable[QuestionInput, Answer]):
    """Answers each question from one snapshot, the newest published when it is asked.

    Passages come first, then checked sentences, then the verdict:
    `functools.reduce(operator.add, chain.stream(q)) == chain.invoke(q)`.

    Args:
        snapshots: Lends the published snapshot; `close` closes it.
        embeddings: Those it was built with.
        settings: The vault, the model's limits.
        chat_model: Writes the answers; without one they are extracts.
        endpoint: Its own, where it is not the one that the settings name.
    """

    def __init__(
        self,
        snapshots: SnapshotSource,
        embeddings: Embeddings,
        settings: Settings,
        chat_model: BaseChatModel | None = None,
        endpoint: Endpoint | None = None,
    ) -> None:
        Catalogue.__init__(self, snapshots, settings)
        self.retriever = NoteRetriever(snapshots=snapshots, embeddings=embeddings)
        self._embeddings = embeddings
        self._settings = settings
        given = None if settings.model else chat_model
        self._endpoint = endpoint = endpoint or build_endpoint(settings, given)
        self._writer = build_writer(settings, chat_model, endpoint)
        self._condenser = Condenser(chat_model, timeout_s=settings.condense_timeout_s, endpoint=endpoint)

    @property
    def mode(self) -> Mode:
        """How answers are written: `extracts` or `model`."""
        return self._writer.mode

    @property
    def remote_host(self) -> str | None:
        """The hosts that questions and notes leave this machine for, None when nothing leaves."""
        return self._endpoint.remote_host

    def invoke(self, input: QuestionInput, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:
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

    def examine(self, asked: QuestionInput) -> tuple[Answer, Finding]:
        """Answer as `invoke` does, and return what was found for it too; the same errors."""
        with self._tracing(), self._snapshots.lease() as snapshot:
            answering = self._begin(self._condenser.condense(read_question(asked)), snapshot)
            parts = (answering.opening, *answering.parts(), self._end(answering, snapshot))
            return reduce(add, parts), answering.finding

    def stream(
        self, input: QuestionInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Answer]:
        """Yield the parts of an answer as they are ready; the same arguments and errors as `invoke`."""
        del kwargs
        stream = self._transform_stream_with_config(iter([input]), self._transform, config)
        with closing(cast("Generator[Answer]", stream)) as parts:
            while True:
                with self._tracing():
                    part = next(parts, None)
                if part is None:
                    return
                yield part

    async def ainvoke(
        self, input: QuestionInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Answer:
        """Answer a question without blocking; the same arguments and errors as `invoke`."""
        del kwargs

        async def answer(asked: QuestionInput) -> Answer:
            return reduce(add, [part async for part in self._aparts(asked)])

        with self._tracing():
            return await self._acall_with_config(answer, input, config)

    async def astream(
        self, input: QuestionInput, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Answer]:
        """Yield the parts of an answer without blocking; the same arguments and errors as `invoke`."""
        del kwargs

        async def inputs() -> AsyncIterator[QuestionInput]:
            yield input

        stream = self._atransform_stream_with_config(inputs(), self._atransform, config)
        async with aclosing(cast("AsyncGenerator[Answer]", stream)) as parts:
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
        condensed = self._condenser.condense(read_question(asked))
        with self._snapshots.lease() as snapshot:
            answering = self._begin(condensed, snapshot)
            yield answering.opening
            yield from answering.parts()
            yield self._end(answering, snapshot)

    async def _aparts(self, asked: QuestionInput) -> AsyncIterator[Answer]:
        condensed = await self._condenser.acondense(read_question(asked))
        snapshot = await asyncio.to_thread(self._snapshots.take)
        try:
            answering = await asyncio.to_thread(self._begin, condensed, snapshot)
            yield answering.opening
            async with aclosing(cast("Any", answering.aparts())) as parts:
                async for part in parts:
                    yield part
            yield await asyncio.to_thread(self._end, answering, snapshot)
        finally:
            self._snapshots.give_back(snapshot)

    def _begin(self, condensed: Condensed, snapshot: Snapshot) -> Answering:
        found = find_passages(condensed.question, snapshot, self._embeddings)
        return Answering(condensed.question, found, self._writer, condensed.usage)

    def _end(self, answering: Answering, snapshot: Snapshot) -> Answer:
        cited = [
            note for note_id in answering.cited_ids if (note := snapshot.store.note(note_id)) is not None
        ]
        changed = [note.title for note in cited if self.file_state(note) != "same"]
        return answering.end(changed, lost=bool(changed) and not self._settings.vault.is_dir())


def build_chain(
    settings: Settings | None = None,
    *,
    chat_model: BaseChatModel | None = None,
    remote: bool | None = None,
    embeddings: Embeddings | None = None,
    on_progress: Progress | None = None,
) -> AnswerChain:
    """Return a chain over the vault's index, which is made first when there is none.

    Args:
        settings: From the environment and `.env` by default.
        chat_model: Any LangChain chat model, instead of the one the settings name.
        remote: Whether that one is on another network, so that private notes are kept from it; by default
            its own attribute `remote` says, and one that has none is taken for remote.
        embeddings: Any LangChain embeddings, instead of those the settings name.
        on_progress: Told of each stage of indexing.

    Raises:
        CimaiseError: The vault, the index or the provider cannot be used; its sentence says what to do.
    """
    settings = settings or Settings()
    embedder = embeddings or build_embeddings(settings)
    given: Any = {"chat_model": chat_model, "remote": remote, "embeddings": embedder}
    try:
        return open_chain(settings, **given)
    except (IndexMissingError, IndexDamagedError):
        sync(settings, embeddings=embedder, on_progress=on_progress)
        return open_chain(settings, **given)


def open_chain(
    settings: Settings,
    *,
    chat_model: BaseChatModel | None = None,
    remote: bool | None = None,
    embeddings: Embeddings | None = None,
) -> AnswerChain:
    """Return a chain over the vault's index as it is; the same arguments as `build_chain`.

    Raises:
        StoreError: There is no index that can be read.
        CimaiseError: The provider cannot be used.
    """
    model = chat_model or build_chat_model(settings)
    endpoint = build_endpoint(settings, chat_model, remote=remote)
    embedder = embeddings or build_embeddings(settings)
    snapshots = SnapshotSource(settings.index_folder, embeddings=fingerprint(embedder, settings.embeddings))
    return AnswerChain(snapshots, embedder, settings, model, endpoint=endpoint)
