"""Find the ten passages of the notes that a question calls for.

The best of each note first, the notes named in the question among them, up to three notes that the best one
links to; a second passage of a note only when fewer than ten notes pass.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from assistant.answer import Passage, Question
from assistant.candidates import Candidates, gather_candidates
from assistant.passages import Choice, build_passages
from assistant.question import admitted_notes, named_notes, read_question, search_text
from assistant.terms import Term, read_search
from assistant.thesaurus import Thesaurus
from ingest.embeddings import is_remote
from ingest.french import stems
from ingest.readers import SnapshotSource
from ingest.snapshot import Snapshot
from ingest.store import Store

PASSAGES = 10
_LINKED = 3
_TELLING, _SAME = 8, 0.9  # distinct words of a chunk, and the share that makes it a near-duplicate


@dataclass(frozen=True, slots=True)
class Finding:
    """What a question found: its passages, best first, and the terms that were searched for.

    `refrains` are the lines of the vault that are a template's, not an author's; `asked` is what was searched
    for: the question, or what a follow-up means.
    """

    passages: tuple[Passage, ...]
    terms: tuple[Term, ...]
    refrains: frozenset[str] = frozenset()
    by_words_alone: bool = False
    asked: str = ""


class NoteRetriever(BaseRetriever):
    """The notes of a snapshot as a LangChain retriever.

    Each Document is a passage; its metadata hold `number note path heading start end score reason`.

    Args:
        snapshots: Lends the published snapshot.
        embeddings: Those it was built with.
    """

    snapshots: SnapshotSource
    embeddings: Embeddings

    model_config = ConfigDict(arbitrary_types_allowed=True)

    def find(self, question: Question) -> Finding:
        """Return the passages for a question in the newest snapshot."""
        with self.snapshots.lease() as snapshot:
            return find_passages(question, snapshot, self.embeddings)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        del run_manager
        return [_document(passage) for passage in self.find(read_question(query)).passages]


def find_passages(question: Question, snapshot: Snapshot, embeddings: Embeddings) -> Finding:
    """Return the passages of a snapshot for a question; none when no note shares a word with it.

    Args:
        question: In its conversation.
        snapshot: An open snapshot.
        embeddings: Those it was built with; where their provider fails, the words alone decide.
    """
    store = snapshot.store
    text = search_text(question, quoting=not is_remote(embeddings))
    search = read_search(text, store.lexicon, Thesaurus(store.acronyms(stems(text))))
    found = gather_candidates(snapshot, embeddings, text, search, question.filters)
    passages = build_passages(_Chooser(question, found, store).choose(), store, search.terms)
    return Finding(passages, search.terms, store.refrains, found.by_words_alone, text)


class _Chooser:
    """Chooses ten of the candidates: the best of each note, the notes named, the author's links."""

    def __init__(self, question: Question, found: Candidates, store: Store) -> None:
        self._question = question
        self._store = store
        self._lexicon = store.lexicon
        self._found = found
        self._admitted = admitted_notes(question.filters, store)

    def choose(self) -> list[Choice]:
        """Return up to ten choices, best first but for those that links add, which come last."""
        best: dict[int, Choice] = {}
        second: list[Choice] = []
        for row, score in self._found.scores.items():
            choice = Choice(row, score)
            if self._note(choice) in best:
                second.append(choice)
            else:
                best[self._note(choice)] = choice
        named = {self._note(choice): choice for choice in self._named()}
        firsts = sorted({**best, **named}.values(), key=_rank)
        linked = [choice for choice in self._linked(firsts) if self._note(choice) not in named]
        linked = linked[: PASSAGES - len(named)]
        others = [choice for choice in firsts if self._note(choice) not in named]
        kept = {choice.row for choice in others[: PASSAGES - len(linked) - len(named)]}
        head = [choice for choice in firsts if self._note(choice) in named or choice.row in kept]
        return list(islice(self._distinct([*head, *linked, *firsts, *second]), PASSAGES))

    def _named(self) -> list[Choice]:
        """Return the best chunk of each note that the question names."""
        rows = [row for row in named_notes(self._question, self._store) if self._admitted[row]]
        return self._best_chunks(rows[:PASSAGES], "note nommée dans la question")

    def _linked(self, firsts: list[Choice]) -> list[Choice]:
        """Return the best chunks of up to three notes that the best note links to and that are not in yet."""
        if not firsts:
            return []
        top = self._note(firsts[0])
        present = {self._note(choice) for choice in firsts[: PASSAGES - _LINKED]}
        targets = [row for row in self._store.linked_from(top) if row not in present and self._admitted[row]]
        reason = f"ajoutée parce que «\u00a0{self._store.titles([top])[top]}\u00a0» la cite"
        return sorted(self._best_chunks(targets, reason), key=lambda choice: -choice.score)[:_LINKED]

    def _best_chunks(self, notes: Iterable[int], reason: str) -> list[Choice]:
        """Return the best chunk of each note, the first one where none is a candidate."""
        choices = []
        for note in notes:
            chunks = range(*self._lexicon.note_chunks[note : note + 2].tolist())
            if chunks:
                row = max(chunks, key=lambda row: (self._found.scores.get(row, 0.0), -row))
                choices.append(Choice(row, self._found.scores.get(row, 0.0), reason))
        return choices

    def _note(self, choice: Choice) -> int:
        return int(self._lexicon.chunk_notes[choice.row])

    def _distinct(self, choices: Iterable[Choice]) -> Iterator[Choice]:
        """Yield each chunk once, as it first comes; what says the same as one before is left out."""
        seen: list[frozenset[int]] = []
        rows: set[int] = set()
        for choice in choices:
            words = frozenset(self._lexicon.chunk_words[choice.row][0].tolist())
            again = len(words) >= _TELLING and any(self._is_same(words, other) for other in seen)
            if choice.row not in rows and not again:
                rows.add(choice.row)
                seen.append(words)
                yield choice

    def _is_same(self, words: frozenset[int], others: frozenset[int]) -> bool:
        """Tell whether two chunks of these words say the same; with other figures they are two versions."""
        nearly = len(words & others) >= _SAME * len(words | others)
        return nearly and not any(self._lexicon.words[word].isdigit() for word in words ^ others)


def _rank(choice: Choice) -> tuple[float, int]:
    return -choice.score, choice.row


def _document(passage: Passage) -> Document:
    names = ("number", "note", "path", "start", "end", "score", "reason")
    metadata: Mapping[str, object] = {name: getattr(passage, name) for name in names}
    return Document(
        id=f"{passage.note_id}-{passage.start}",
        page_content=passage.text,
        metadata={**metadata, "heading": list(passage.heading)},
    )
