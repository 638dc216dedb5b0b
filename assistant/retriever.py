"""Find the ten passages of the notes that a question calls for.

The best of each note first, the notes named in the question among them, up to three notes that the best one
links to; a second passage of a note only when fewer than ten notes pass.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from assistant.answer import Passage, Question
from assistant.candidates import Candidates, coverage, gather_candidates, term_weights
from assistant.passages import Choice, build_passages
from assistant.question import admits, named_notes, read_question, search_text
from assistant.statements import split_statements
from ingest.embeddings import is_remote
from ingest.french import stem, stems
from ingest.readers import SnapshotSource
from ingest.snapshot import Snapshot
from ingest.store import Store

PASSAGES = 10
_LINKED = 3
_TELLING, _SAME = 8, 0.9  # distinct words of a chunk, and the share that makes it a near-duplicate
_FAVOUR = 0.2  # of what is missing to a perfect score


@dataclass(frozen=True, slots=True)
class Finding:
    """What a question found: its passages, best first, and the stems of the question with their weights.

    `coverage` in [0, 1] is how much of the question the best passages hold; `refrains` are the lines of the
    vault that are a template's, not an author's.
    """

    passages: tuple[Passage, ...]
    terms: Mapping[str, float]
    coverage: float
    refrains: frozenset[str] = frozenset()
    by_words_alone: bool = False


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
    found = gather_candidates(snapshot, embeddings, text, question.filters)
    choices = _choose(question, found, store)
    passages = build_passages(choices, store)
    terms = term_weights(found.words, store)
    share = _coverage(terms, passages, frozenset(map(stem, found.repaired)))
    return Finding(passages, terms, share, store.refrains, found.by_words_alone)


def _coverage(terms: Mapping[str, float], passages: Sequence[Passage], doubtful: frozenset[str]) -> float:
    first = " ".join(" ".join((passage.note, *passage.heading, passage.text)) for passage in passages[:3])
    statements = (split_statements(passage.text) for passage in passages[:5])
    said = (frozenset(stems(statement.text)) for found in statements for statement in found)
    return coverage(terms, frozenset(stems(first)), said, doubtful=doubtful)


def _choose(question: Question, found: Candidates, store: Store) -> list[Choice]:
    best: dict[int, Choice] = {}
    second: list[Choice] = []
    for chunk in sorted(found.chunks.values(), key=lambda chunk: (-found.scores[chunk.row], chunk.row)):
        choice = Choice(chunk, found.scores[chunk.row], "proche des mots de la question")
        if chunk.note in best:
            second.append(choice)
        else:
            best[chunk.note] = choice
    named = {choice.chunk.note: choice for choice in _named(question, found, store)}
    firsts = sorted({**best, **named}.values(), key=lambda choice: (-choice.score, choice.chunk.row))
    firsts = _favour_linked(firsts, store)
    linked = _linked(firsts, question, found, store)
    linked = [choice for choice in linked if choice.chunk.note not in named][: PASSAGES - len(named)]
    others = [choice for choice in firsts if choice.chunk.note not in named]
    others = others[: PASSAGES - len(linked) - len(named)]
    kept = {choice.chunk.row for choice in others}
    head = [choice for choice in firsts if choice.chunk.note in named or choice.chunk.row in kept]
    return list(islice(_distinct([*head, *linked, *firsts, *second]), PASSAGES))


def _favour_linked(firsts: list[Choice], store: Store) -> list[Choice]:
    """Raise the notes that the best one links to: its author chose them for the same subject."""
    if not firsts:
        return []
    targets = set(store.linked_from(firsts[0].chunk.note))
    raised = [
        replace(choice, score=choice.score + _FAVOUR * (1 - choice.score))
        if choice.chunk.note in targets
        else choice
        for choice in firsts
    ]
    return raised[:1] + sorted(raised[1:], key=lambda choice: (-choice.score, choice.chunk.row))


def _named(question: Question, found: Candidates, store: Store) -> list[Choice]:
    """Return the best chunk of each note that the question names."""
    rows = named_notes(question, store)
    notes = store.notes(rows)
    admitted = [row for row in rows if admits(question.filters, notes[row])][:PASSAGES]
    return _best_chunks(admitted, found, store, "note nommée dans la question")


def _linked(firsts: list[Choice], question: Question, found: Candidates, store: Store) -> list[Choice]:
    """Return the best chunks of up to three notes that the best note links to and that are not in yet."""
    if not firsts:
        return []
    top = firsts[0].chunk.note
    present = {choice.chunk.note for choice in firsts[: PASSAGES - _LINKED]}
    targets = [row for row in store.linked_from(top) if row not in present]
    notes = store.notes([top, *targets])
    admitted = [row for row in targets if admits(question.filters, notes[row])]
    choices = _best_chunks(admitted, found, store, f"ajoutée parce que « {notes[top].title} » la cite")
    return sorted(choices, key=lambda choice: -choice.score)[:_LINKED]


def _best_chunks(rows: Iterable[int], found: Candidates, store: Store, reason: str) -> list[Choice]:
    """Return the best chunk of each note, the first one where none is a candidate."""
    best: dict[int, Choice] = {}
    for chunk in store.chunks_of(rows):
        score = found.scores.get(chunk.row, 0.0)
        if chunk.note not in best or score > best[chunk.note].score:
            best[chunk.note] = Choice(chunk, score, reason)
    return [best[row] for row in rows if row in best]


def _distinct(choices: Iterable[Choice]) -> Iterable[Choice]:
    """Yield each chunk once, as it first comes; what says the same as one before is left out."""
    seen: list[frozenset[str]] = []
    rows: set[int] = set()
    for choice in choices:
        words = frozenset(choice.chunk.words)
        again = len(words) >= _TELLING and any(
            len(words & other) >= _SAME * len(words | other) for other in seen
        )
        if choice.chunk.row not in rows and not again:
            rows.add(choice.chunk.row)
            seen.append(words)
            yield choice


def _document(passage: Passage) -> Document:
    names = ("number", "note", "path", "start", "end", "score", "reason")
    metadata: Mapping[str, object] = {name: getattr(passage, name) for name in names}
    return Document(
        id=f"{passage.note_id}-{passage.start}",
        page_content=passage.text,
        metadata={**metadata, "heading": list(passage.heading)},
    )
