"""The chunks a question may be answered from, and their scores.

Candidates come from FTS5 (stems) and from Chroma (vectors). They are ranked by stems and character n-grams,
half on the chunk and half on its whole note; a provider's vectors then weigh as much as the words.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from langchain_core.embeddings import Embeddings

from assistant.answer import Filters
from assistant.question import admits
from assistant.ranking import GramScorer, StemScorer, blend, scale
from ingest.embeddings import HashedEmbeddings
from ingest.errors import IndexDamagedError, ProviderError
from ingest.french import content_words, distinct_words, edits_allowed, grams, nearest_word, stem
from ingest.providers import provider_errors
from ingest.snapshot import Snapshot
from ingest.store import Store, StoredChunk, StoredNote

_LEXICAL = 100
_FILTERED = 10_000  # filters apply after the search: it must reach the notes they admit
_VECTOR = 30


@dataclass(frozen=True, slots=True)
class Candidates:
    """Chunks by row with their scores in [0, 1], the notes they belong to, and the words searched for.

    `repaired` are those of the words that were not asked but stand for one the vault does not know.
    """

    chunks: Mapping[int, StoredChunk]
    notes: Mapping[int, StoredNote]
    scores: Mapping[int, float]
    words: tuple[str, ...]
    repaired: frozenset[str]
    by_words_alone: bool = False


def gather_candidates(snapshot: Snapshot, embeddings: Embeddings, text: str, filters: Filters) -> Candidates:
    """Return the candidates for a text, those that the filters admit.

    Args:
        snapshot: Where to look; without its vectors the words alone decide.
        embeddings: Those the snapshot was built with.
        text: The question, or what a follow-up means.
        filters: What part of the vault to keep to.
    """
    store = snapshot.store
    asked = content_words(text)
    words = repair_words(asked, store)
    repaired = frozenset(words) - frozenset(asked)
    stems = [stem(word) for word in words]
    limit = _LEXICAL if filters == Filters() else _FILTERED
    lexical = [row for row, _ in store.search("chunk_search", stems, limit=limit)]
    nearest = _nearest(snapshot, embeddings, text)
    near = store.chunks_by_id(nearest or {})
    chunks = store.chunks(lexical) | {chunk.row: chunk for chunk in near.values()}
    found = store.notes({chunk.note for chunk in chunks.values()})
    notes = {row: note for row, note in found.items() if admits(filters, note)}
    chunks = {row: chunk for row, chunk in chunks.items() if chunk.note in notes}
    scores = _lexical_scores(store, words, chunks, notes)
    if nearest is not None and not isinstance(embeddings, HashedEmbeddings):
        close = {chunk.row: nearest[chunk.id] for chunk in near.values() if chunk.row in chunks}
        scores = blend(scores, scale(close))
    # Hashed vectors are lexical too, and no second opinion: what shares no word is not near.
    scores = {row: score for row, score in scores.items() if score > 0}
    chunks = {row: chunks[row] for row in scores}
    return Candidates(chunks, notes, scores, words, repaired, by_words_alone=nearest is None)


def repair_words(asked: Sequence[str], store: Store) -> tuple[str, ...]:
    """Return the words with those that the vault does not know replaced by their nearest."""
    known = store.frequencies("vocabulary", asked)
    return tuple(word if word in known else _repair(word, store) for word in asked)


def term_weights(words: Sequence[str], store: Store) -> dict[str, float]:
    """Return the stems of a question's words with their weights: the rarer among the notes, the heavier."""
    stems = list(dict.fromkeys(map(stem, words)))
    frequencies = store.frequencies("note_stems", stems)
    return {key: math.log(1 + store.meta["notes"] / (frequencies.get(key, 0) + 0.5)) for key in stems}


def coverage(
    terms: Mapping[str, float],
    together: frozenset[str],
    statements: Iterable[frozenset[str]],
    *,
    doubtful: frozenset[str] = frozenset(),
) -> float:
    """Return how much of a question the best passages hold, in [0, 1].

    The mean of two shares: what they hold together, and what the best statement says by itself, for words
    that are scattered over passages answer less than words said at once.

    Args:
        terms: Stems of the question with their weights.
        together: The stems of the first passages with their titles and headings.
        statements: The stems of each statement of the best passages.
        doubtful: Stems of words that were repaired: they may be another word, and count for half.
    """
    credit = {key: weight / 2 if key in doubtful else weight for key, weight in terms.items()}

    def held(stems: frozenset[str]) -> float:
        return sum(worth for key, worth in credit.items() if key in stems)

    whole = sum(terms.values())
    return (held(together) + max(map(held, statements), default=0.0)) / (2 * whole) if whole else 0.0


def _repair(word: str, store: Store) -> str:
    edits = edits_allowed(word)
    if not edits:
        return word
    pool = dict(store.vocabulary(shortest=len(word) - edits, longest=len(word) + edits))
    return nearest_word(word, pool) or word


def _nearest(snapshot: Snapshot, embeddings: Embeddings, text: str) -> dict[str, float] | None:
    """Return the cosine similarity of the nearest chunks by id, or None when it cannot be told."""
    if snapshot.vectors is None:
        return None
    try:
        with provider_errors():
            vector = embeddings.embed_query(text)
        return dict(snapshot.vectors.query(vector, limit=min(_VECTOR, snapshot.manifest.chunks)))
    except (IndexDamagedError, ProviderError):
        return None


def _lexical_scores(
    store: Store, words: Sequence[str], chunks: Mapping[int, StoredChunk], notes: Mapping[int, StoredNote]
) -> dict[int, float]:
    """Return the score of each chunk: stems and n-grams in equal parts, its own and its whole note's."""
    titles = {
        row: Counter(distinct_words((note.title, note.stem, *note.aliases))) for row, note in notes.items()
    }
    bodies: dict[int, Counter[str]] = {row: Counter() for row in notes}
    for chunk in store.chunks_of(notes):
        bodies[chunk.note].update(chunk.words)
    own = _blended(store, words, {row: (c.words, titles[c.note]) for row, c in chunks.items()}, whole=False)
    whole = _blended(store, words, {row: (body, titles[row]) for row, body in bodies.items()}, whole=True)
    return {row: 0.5 * own[row] + 0.5 * whole[chunk.note] for row, chunk in chunks.items()}


def _blended(
    store: Store,
    words: Sequence[str],
    documents: Mapping[int, tuple[Counter[str], Counter[str]]],
    *,
    whole: bool,
) -> dict[int, float]:
    """Return the score of each (body, title): chunks, or whole notes."""
    frequencies = store.frequencies("grams", {gram for word in words for gram in grams(word)})
    size, length = int(store.meta["chunks"]), store.meta["mean_chunk_grams"]
    length *= size / store.meta["notes"] if whole else 1
    by_gram = GramScorer(words, frequencies, documents=size, mean_length=length)
    lengths = [body.total() + title.total() for body, title in documents.values()]
    by_stem = StemScorer(term_weights(words, store), mean_length=sum(lengths) / max(len(lengths), 1))
    return blend(
        scale({row: by_stem.score(body, title) for row, (body, title) in documents.items()}),
        scale({row: by_gram.score(body + title) for row, (body, title) in documents.items()}),
    )
