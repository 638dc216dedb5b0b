"""The chunks a question may be answered from, and their scores.

Candidates are the best chunks by stems, and the nearest by vectors. They are ranked by stems and character
n-grams, half on the chunk and half on its whole note; a provider's vectors then weigh as much as the words.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from langchain_core.embeddings import Embeddings

from assistant.answer import Filters
from assistant.question import admitted_notes
from assistant.ranking import GramScorer, Ranked, Scores, Term, scale, score_stems
from ingest.embeddings import HashedEmbeddings
from ingest.errors import IndexDamagedError, ProviderError
from ingest.french import content_words, edits_allowed, nearest_word, stem
from ingest.lexicon import Lexicon
from ingest.providers import provider_errors
from ingest.snapshot import Snapshot
from ingest.sparse import Numbers

_LEXICAL = 100
_VECTOR = 30


@dataclass(frozen=True, slots=True)
class Candidates:
    """Chunks by row, best first, with their scores in ]0, 1]; and the words searched for.

    `repaired` are those of the words that were not asked but stand for one the vault does not know.
    """

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
    lexicon = store.lexicon
    asked = content_words(text)
    words = repair_words(asked, lexicon)
    repaired = frozenset(words) - frozenset(asked)
    admitted = admitted_notes(filters, store)[lexicon.chunk_notes]
    by_stem = score_stems(lexicon, _terms(words, lexicon))
    nearest = _nearest(snapshot, embeddings, text)
    near = {chunk.row: nearest[chunk.id] for chunk in store.chunks_by_id(nearest).values()} if nearest else {}
    found = np.union1d(_best(by_stem.chunks * admitted, _LEXICAL), np.array(list(near), np.int64))
    found = found[admitted[found]]
    scores = _lexical(lexicon, words, by_stem, found)
    if nearest is not None and not isinstance(embeddings, HashedEmbeddings):
        scores = (scores + scale(np.array([near.get(row, 0.0) for row in found.tolist()]))) / 2
    # Hashed vectors are lexical too, and no second opinion: what shares no word is not near.
    order = [place for place in np.lexsort((found, -scores)) if scores[place] > 0]
    ranked = {int(found[place]): float(scores[place]) for place in order}
    return Candidates(ranked, words, repaired, by_words_alone=nearest is None)


def repair_words(asked: Sequence[str], lexicon: Lexicon) -> tuple[str, ...]:
    """Return the words with those that the vault does not know replaced by their nearest."""
    return tuple(word if lexicon.word(word) is not None else _repair(word, lexicon) for word in asked)


def term_weights(words: Iterable[str], lexicon: Lexicon) -> dict[str, float]:
    """Return the stems of a question's words with their weights: the rarer among the notes, the heavier."""
    notes = len(lexicon.title_words)
    weights = {}
    for key in dict.fromkeys(map(stem, words)):
        number = lexicon.stem(key)
        frequency = int(lexicon.stem_notes[number]) if number is not None else 0
        weights[key] = math.log(1 + notes / (frequency + 0.5))
    return weights


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


def _repair(word: str, lexicon: Lexicon) -> str:
    edits = edits_allowed(word)
    return (edits and nearest_word(word, lexicon.words_like(word, edits))) or word


def _terms(words: Sequence[str], lexicon: Lexicon) -> list[Term]:
    weights = term_weights(words, lexicon)
    numbers = ((lexicon.stem(key), weight) for key, weight in weights.items())
    return [Term(weight, {number: 1.0}) for number, weight in numbers if number is not None]


def _best(scores: Scores, limit: int) -> Numbers:
    """Return the places of the best positive scores, in no order; of equal ones the first."""
    order = np.argsort(-scores, kind="stable")[:limit]
    return order[scores[order] > 0]


def _lexical(lexicon: Lexicon, words: Sequence[str], by_stem: Ranked, chunks: Numbers) -> Scores:
    """Return the score of each chunk: stems and n-grams in equal parts, its own and its whole note's."""
    notes, owners = np.unique(lexicon.chunk_notes[chunks], return_inverse=True)
    by_gram = GramScorer(lexicon, words)
    own = (scale(by_stem.chunks[chunks]) + scale(by_gram.score_chunks(chunks))) / 2
    whole = (scale(by_stem.notes[notes]) + scale(by_gram.score_notes(notes))) / 2
    return (own + whole[owners]) / 2


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
