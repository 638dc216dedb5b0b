"""A chain lent to those who read from it, which another can take the place of at any time."""

import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import cast

from assistant.answer import Answer, Question
from assistant.browse import Listing, Reading, Wanted
from assistant.catalogue import Holdings
from assistant.chain import AnswerChain
from assistant.scope import Scope
from ingest.errors import CimaiseError
from ingest.health.report import HealthReport
from ingest.store import StoredNote


@dataclass(slots=True)
class _Served:
    """A chain, how many read from it, and whether the last of them closes it."""

    chain: AnswerChain
    users: int = 0
    leaving: bool = False


class Lending(ABC):
    """Answers as the chain of the moment does; safe to share between threads.

    What is being answered when the chain changes ends on the one before, which closes with its last reader.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._served: _Served | None = None

    @property
    def ready(self) -> bool:
        """Whether there is a chain to answer from."""
        return self._served is not None

    @property
    def holdings(self) -> Holdings | None:
        """What the index holds, None without one."""
        try:
            with self._lend() as chain:
                return chain.holdings
        except CimaiseError:
            return None

    @property
    def note_count(self) -> int:
        """How many notes the index holds; none before there is one."""
        held = self.holdings
        return held.notes if held else 0

    def starters(self) -> tuple[str, ...]:
        """Return questions to begin with."""
        with self._lend() as chain:
            return chain.starters()

    def scope(self) -> Scope:
        """Return the parts of the vault that a search can keep to."""
        with self._lend() as chain:
            return chain.scope()

    def leads(self, answer: Answer, /) -> tuple[str, ...]:
        """Return questions that the notes of an answer lead to; none while there is no index."""
        if not self.ready:
            return ()
        with self._lend() as chain:
            return chain.leads(answer)

    def titles(self, typed: str, /) -> tuple[str, ...]:
        """Return the titles of notes that go on as typed."""
        with self._lend() as chain:
            return chain.titles(typed)

    def note(self, note_id: str, /) -> StoredNote | None:
        """Return a note by its id."""
        with self._lend() as chain:
            return chain.note(note_id)

    def browse(self, wanted: Wanted, /) -> Listing:
        """Return a page of the notes."""
        with self._lend() as chain:
            return chain.browse(wanted)

    def read(self, note_id: str, /) -> Reading | None:
        """Return a note with the notes around it."""
        with self._lend() as chain:
            return chain.read(note_id)

    def note_ids(self) -> Mapping[str, str]:
        """Return the id of every note by its path."""
        with self._lend() as chain:
            return chain.note_ids()

    def health(self) -> HealthReport:
        """Return what is to mend in the vault."""
        with self._lend() as chain:
            return chain.health()

    async def astream(self, question: Question, /) -> AsyncIterator[Answer]:
        """Yield the parts of an answer, all of one chain.

        Raises:
            CimaiseError: There is no index yet, and why.
        """
        with self._lend() as chain:
            stream = cast("AsyncGenerator[Answer]", chain.astream(question))
            async with aclosing(stream) as parts:
                async for part in parts:
                    yield part

    def _swap(self, chain: AnswerChain | None) -> None:
        before, self._served = self._served, None if chain is None else _Served(chain)
        if before is not None:
            before.leaving = True
            if not before.users:
                before.chain.close()

    @contextmanager
    def _lend(self) -> Iterator[AnswerChain]:
        with self._lock:
            served = self._served
            if served is None:
                raise self._absence()
            served.users += 1
        try:
            yield served.chain
        finally:
            with self._lock:
                served.users -= 1
                if served.leaving and not served.users:
                    served.chain.close()

    @abstractmethod
    def _absence(self) -> CimaiseError:
        """Return why there is nothing to answer from."""
