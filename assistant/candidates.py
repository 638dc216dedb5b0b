"""The chunks a question may be answered from, and their scores.

Candidates are the best chunks by stems, and the nearest by vectors. They are ranked by stems and character
n-grams, half on the chunk and half on its whole note, and by the links of the notes that match too; a
provider's vectors then weigh nearly as much as all that.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from langchain_core.embeddings import Embeddings

from assistant.answer import Filters
from assistant.question import admitted_notes
from assistant.ranking import GramScorer, Ranked, Scores, scale, score_stems
from assistant.terms import Search
from ingest.embeddings import HashedEmbeddings
from ingest.errors import IndexDamagedError, ProviderError
from ingest.providers import provider_errors
from ingest.snapshot import Snapshot
from ingest.sparse import Numbers
from ingest.store import Store

_LEXICAL = 100
_HASHED, _VECTOR = 30, 100  # nearest chunks by hashed vectors, by a provider's
_DENSE = 0.4  # of a score that a provider's vectors make: even a weak model's then help
_CITED = 0.2  # of the mean score of the notes that link to it, zero for those that do not match


@dataclass(frozen=True, slots=True)
class Candidates:
    """Chunks by row, best first, with their scores in ]0, 1]."""

    scores: Mapping[int, float]
    by_words_alone: bool = False


def gather_candidates(
    snapshot: Snapshot, embeddings: Embeddings | None, text: str, search: Search, filters: Filters
) -> Candidates:
    """Return the candidates for a text, those that the filters admit.

    Args:
        snapshot: Where to look; without its vectors the words alone decide.
        embeddings: Those the snapshot was built with; None where the words alone are to decide.
        text: The question, or what a follow-up means.
        search: What it searches for.
        filters: What part of the vault to keep to.
    """
    store = snapshot.store
    admitted = admitted_notes(filters, store)[store.lexicon.chunk_notes]
    by_stem = score_stems(store.lexicon, search.terms)
    nearest = _nearest(snapshot, embeddings, text)
    near = {chunk.row: nearest[chunk.id] for chunk in store.chunks_by_id(nearest).values()} if nearest else {}
    found = np.union1d(_best(by_stem.chunks * admitted, _LEXICAL), np.array(list(near), np.int64))
    found = found[admitted[found]]
    scores = _lexical(store, search, by_stem, found)
    if nearest is not None and not isinstance(embeddings, HashedEmbeddings):
        scores = _with_vectors(snapshot, found, scale(scores), near)
    # Hashed vectors are lexical too, and no second opinion: what shares no word is not near.
    order = [place for place in np.lexsort((found, -scores)) if scores[place] > 0]
    ranked = {int(found[place]): float(scores[place]) for place in order}
    return Candidates(ranked, by_words_alone=nearest is None)


def _with_vectors(snapshot: Snapshot, chunks: Numbers, scores: Scores, near: Mapping[int, float]) -> Scores:
    """Return scores that a provider's vectors make a part of; words alone speak for notes it never saw."""
    close = scale(np.array([near.get(row, 0.0) for row in chunks.tolist()]))
    if snapshot.manifest.vectors < snapshot.manifest.chunks:
        unseen = np.isin(snapshot.store.lexicon.chunk_notes[chunks], snapshot.store.private_notes())
        close[unseen] = scores[unseen]
    return (1 - _DENSE) * scores + _DENSE * close


def _best(scores: Scores, limit: int) -> Numbers:
    """Return the places of the best positive scores; of equal ones the first."""
    places = np.flatnonzero(scores > 0)
    if len(places) > limit:
        places = places[scores[places] >= np.partition(scores[places], -limit)[-limit]]
    return places[np.argsort(-scores[places], kind="stable")[:limit]]


def _lexical(store: Store, search: Search, by_stem: Ranked, chunks: Numbers) -> Scores:
    """Return the score of each chunk: stems and n-grams in equal parts, its own and its whole note's."""
    notes, owners = np.unique(store.lexicon.chunk_notes[chunks], return_inverse=True)
    by_gram = GramScorer(store.lexicon, search.words)
    own = (scale(by_stem.chunks[chunks]) + scale(by_gram.score_chunks(chunks))) / 2
    whole = (scale(by_stem.notes[notes]) + scale(by_gram.score_notes(notes))) / 2
    scores = (own + whole[owners]) / 2
    return (scores + _CITED * _cited(store, notes, owners, scores)[owners]) / (1 + _CITED)


def _cited(store: Store, notes: Numbers, owners: Numbers, scores: Scores) -> Scores:
    """Return, for each note, the mean score of the notes that link to it: their authors recommend it."""
    best = np.zeros(len(notes))
    np.maximum.at(best, owners, scores)
    known = dict(zip(notes.tolist(), best.tolist(), strict=True))
    sources = store.linked_to(known)
    means = [
        sum(known.get(row, 0.0) for row in found) / len(found) if (found := sources.get(note)) else 0.0
        for note in known
    ]
    return np.array(means)


def _nearest(snapshot: Snapshot, embeddings: Embeddings | None, text: str) -> dict[str, float] | None:
    """Return the cosine similarity of the nearest chunks by id, or None when it cannot be told."""
    if snapshot.vectors is None or embeddings is None:
        return None
    if not snapshot.manifest.vectors:  # nothing to compare with: the question need not leave
        return {}
    try:
        with provider_errors():
            vector = embeddings.embed_query(text)
        limit = _HASHED if isinstance(embeddings, HashedEmbeddings) else _VECTOR
        return dict(snapshot.vectors.query(vector, limit=min(limit, snapshot.manifest.vectors)))
    except (IndexDamagedError, ProviderError):
        return None
