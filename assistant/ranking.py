"""The blend of scores: pure functions over candidates, larger is better everywhere."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from ingest.french import grams, stem

_K1, _B = 1.2, 0.75  # Robertson & Zaragoza, « The Probabilistic Relevance Framework », 2009
_TITLE = 3

Key = TypeVar("Key", bound=Hashable)


def scale(scores: Mapping[Key, float]) -> dict[Key, float]:
    """Return the scores divided by the largest, so that the best is 1; all zero when none is positive."""
    top = max(scores.values(), default=0.0)
    return {key: max(score, 0.0) / top if top > 0 else 0.0 for key, score in scores.items()}


def blend(
    first: Mapping[Key, float], second: Mapping[Key, float], *, weight: float = 0.5
) -> dict[Key, float]:
    """Return `weight · first + (1 - weight) · second` over the keys of both; a missing score is 0."""
    return {
        key: weight * first.get(key, 0.0) + (1 - weight) * second.get(key, 0.0)
        for key in dict.fromkeys((*first, *second))
    }


class StemScorer:
    """BM25 over stems, the title as a field of its own that weighs more than the body.

    Args:
        weights: The stems of the question and how much each weighs, the rarer the more.
        mean_length: Mean length of the documents in words, title and body.
    """

    def __init__(self, weights: Mapping[str, float], *, mean_length: float) -> None:
        self._weights = weights
        self._mean_length = max(mean_length, 1.0)
        self._hits: dict[str, str | None] = {}

    def score(self, body: Mapping[str, int], title: Mapping[str, int]) -> float:
        """Return the score of a document whose body and title are given as counts of folded words."""
        counts: Counter[str] = Counter()
        for words, weight in ((body, 1), (title, _TITLE)):
            for word, count in words.items():
                if hit := self._lookup(word):
                    counts[hit] += weight * count
        length = sum(body.values()) + sum(title.values())
        norm = _K1 * (1 - _B + _B * length / self._mean_length)
        return sum(self._weights[key] * n * (_K1 + 1) / (n + norm) for key, n in counts.items())

    def _lookup(self, word: str) -> str | None:
        if word not in self._hits:
            key = stem(word)
            self._hits[word] = key if key in self._weights else None
        return self._hits[word]


class GramScorer:
    """BM25 over character 3- to 5-grams: what catches typing errors, inflections and compounds.

    Args:
        words: Folded content words of the question.
        frequencies: In how many documents each of its grams stands.
        documents: How many documents there are.
        mean_length: Their mean length in grams.
    """

    def __init__(
        self, words: Iterable[str], frequencies: Mapping[str, int], *, documents: int, mean_length: float
    ) -> None:
        self._weights = {
            gram: math.log(1 + (documents - n + 0.5) / (n + 0.5))
            for word in words
            for gram in grams(word)
            if (n := min(frequencies.get(gram, 0), documents)) > 0
        }
        self._mean_length = max(mean_length, 1.0)
        self._hits: dict[str, tuple[list[str], int]] = {}

    def score(self, document: Mapping[str, int]) -> float:
        """Return the score of a document given as counts of folded words."""
        counts: Counter[str] = Counter()
        length = 0
        for word, count in document.items():
            hits, size = self._lookup(word)
            length += size * count
            for gram in hits:
                counts[gram] += count
        norm = _K1 * (1 - _B + _B * length / self._mean_length)
        return sum(self._weights[gram] * n * (_K1 + 1) / (n + norm) for gram, n in counts.items())

    def _lookup(self, word: str) -> tuple[list[str], int]:
        found = self._hits.get(word)
        if found is None:
            parts = grams(word)
            found = self._hits[word] = ([gram for gram in parts if gram in self._weights], len(parts))
        return found
