"""The scores of chunks and notes: pure functions over arrays, larger is better everywhere.

Two kinds of BM25 (Robertson & Zaragoza, « The Probabilistic Relevance Framework », 2009): over stems, where
the title is a field that weighs more than the body, and over character n-grams, which catch typing errors,
inflections and compounds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.terms import Term
from assistant.thesaurus import Phrase
from ingest.french import grams
from ingest.lexicon import Lexicon
from ingest.sparse import Numbers, SparseRows

Scores = np.typing.NDArray[np.floating[Any]]

_K1, _B = 1.2, 0.75
_TITLE = 3


@dataclass(frozen=True, slots=True)
class Ranked:
    """A score for each of the chunks asked about, and for each of the notes."""

    chunks: Scores
    notes: Scores


def scale(scores: Scores) -> Scores:
    """Return the scores divided by the largest, so that the best is 1; all zero when none is positive."""
    top = scores.max(initial=0.0)
    return np.maximum(scores, 0.0) / top if top > 0 else np.zeros(len(scores))


def score_stems(lexicon: Lexicon, terms: Iterable[Term]) -> Ranked:
    """Return the BM25 of all C chunks and of all N notes; what stands for a term counts as part of it."""
    by_note = lexicon.chunk_notes
    chunks, notes = np.zeros(len(by_note)), np.zeros(len(lexicon.title_words))
    chunk_norm = _norm(lexicon.chunk_lengths + lexicon.title_lengths[by_note])
    note_norm = _norm(lexicon.note_lengths + lexicon.title_lengths)
    for term in terms:
        body, titles = np.zeros(len(chunks)), np.zeros(len(notes))
        for phrase, share in ((term.stem,), 1.0), *term.stand_ins.items():
            body += share * _least(lexicon.stem_chunks, lexicon, phrase, len(chunks))
            titles += _TITLE * share * _least(lexicon.stem_titles, lexicon, phrase, len(notes))
        chunks += term.weight * _saturated(body + titles[by_note], chunk_norm)
        notes += term.weight * _saturated(titles + np.bincount(by_note, body, len(notes)), note_norm)
    return Ranked(chunks, notes)


def _least(held: SparseRows, lexicon: Lexicon, phrase: Phrase, size: int) -> Scores:
    """Return how often each document holds all stems of a phrase."""
    counts = np.zeros(size)
    for place, key in enumerate(phrase):
        number = lexicon.stem(key)
        if number is None:
            return np.zeros(size)
        columns, times = held[number]
        found = np.zeros(size)
        found[columns] = times
        counts = found if place == 0 else np.minimum(counts, found)
    return counts


class GramScorer:
    """BM25 over character 3- to 5-grams of some documents.

    Args:
        lexicon: The words of the snapshot.
        words: Folded content words of the question.
    """

    def __init__(self, lexicon: Lexicon, words: Sequence[str]) -> None:
        self._lexicon = lexicon
        asked = lexicon.known_grams(gram for word in words for gram in grams(word))
        documents = max(len(lexicon.chunk_notes), 1)
        frequencies = np.minimum(lexicon.gram_chunks[asked], documents)
        self._weights = np.log(1 + (documents - frequencies + 0.5) / (frequencies + 0.5))
        self._weights[frequencies == 0] = 0.0
        self._asked = np.full(len(lexicon.grams), -1)
        self._asked[asked] = np.arange(len(asked))

    def score_chunks(self, chunks: Numbers) -> Scores:
        """Return the score of each chunk with the title of its note."""
        lexicon = self._lexicon
        notes = lexicon.chunk_notes[chunks]
        lengths = lexicon.chunk_gram_lengths[chunks] + lexicon.title_gram_lengths[notes]
        held = (lexicon.chunk_words.take(chunks), lexicon.title_words.take(notes))
        return self._score(held, lengths, self._mean_chunk)

    def score_notes(self, notes: Numbers) -> Scores:
        """Return the score of each note as a whole."""
        lexicon = self._lexicon
        begins, ends = lexicon.note_chunks[notes], lexicon.note_chunks[notes + 1]
        sizes = ends - begins
        owners = np.repeat(np.arange(len(notes)), sizes)
        chunks = np.arange(len(owners)) + np.repeat(begins - (np.cumsum(sizes) - sizes), sizes)
        places, words, counts = lexicon.chunk_words.take(chunks)
        lengths = lexicon.note_gram_lengths[notes] + lexicon.title_gram_lengths[notes]
        held = ((owners[places], words, counts), lexicon.title_words.take(notes))
        mean = self._mean_chunk * len(lexicon.chunk_notes) / max(len(lexicon.title_words), 1)
        return self._score(held, lengths, mean)

    @property
    def _mean_chunk(self) -> float:
        return float(self._lexicon.chunk_gram_lengths.mean()) if len(self._lexicon.chunk_notes) else 1.0

    def _score(
        self, held: Sequence[tuple[Numbers, Numbers, Numbers]], lengths: Numbers, mean: float
    ) -> Scores:
        """Return the score of D documents from the (document, word, count) that they hold."""
        documents, words, counts = (np.concatenate(parts) for parts in zip(*held, strict=True))
        hits, places = self._hits(words)
        entries, found, times = hits.take(places)
        size = (len(lengths), len(self._weights))
        cells = documents[entries] * size[1] + found
        weighed = counts[entries] * times.astype(float)
        sums = np.bincount(cells, weighed, size[0] * size[1]).astype(np.float64, copy=False)
        return _saturated(sums.reshape(size), _norm(lengths, mean)[:, None]) @ self._weights

    def _hits(self, words: Numbers) -> tuple[SparseRows, Numbers]:
        """Return distinct words × n-grams asked for, and which of its rows each of the words is."""
        held = np.zeros(len(self._lexicon.words), bool)
        held[words] = True
        distinct = np.flatnonzero(held)
        rows, columns, times = self._lexicon.word_grams.take(distinct)
        asked = self._asked[columns]
        kept = asked >= 0
        starts = np.searchsorted(rows[kept], np.arange(len(distinct) + 1))
        return SparseRows(starts, asked[kept], times[kept]), (np.cumsum(held) - 1)[words]


def _norm(lengths: Numbers, mean: float | None = None) -> Scores:
    average = mean if mean is not None else float(lengths.mean()) if len(lengths) else 1.0
    return _K1 * (1 - _B + _B * lengths / max(average, 1.0))


def _saturated(counts: Scores, norm: Scores) -> Scores:
    return counts * (_K1 + 1) / (counts + norm)
