"""Notes that say the same thing word for word, or almost; near-linear in the number of notes.

MinHash over shingles of three words (Broder, 1997): 64 minima in 16 bands of 4 bring notes that share four
fifths of their shingles together with a chance above 0.999; the share itself is then counted, not estimated.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ingest.clean import clean
from ingest.french import words
from ingest.note import Note

_READ = 60_000  # characters of a note that are compared
_SHINGLE = 3
_BANDS, _ROWS = 16, 4
_ALIKE = 0.8  # share of common shingles
_FEWEST_SAME, _FEWEST_ALIKE = 5, 20  # words under which two notes are alike by chance
_MOST_COMPARED = 12  # notes of a bucket, and notes counted out for one note

Shingles = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The note at `path` says what the one at `original`, first in order of path, already says."""

    path: str
    original: str
    exact: bool


def find_duplicates(notes: Iterable[Note]) -> list[Duplicate]:
    """Find the notes that repeat an earlier one, in order of path; each is named once.

    Exact means the same words in the same order, whatever the case, accents, punctuation and header.
    """
    originals: dict[str, str] = {}
    found: list[Duplicate] = []
    candidates: list[tuple[str, Shingles]] = []
    for note in sorted(notes, key=lambda note: note.path):
        spoken = words(clean(note.text[note.body_start :][:_READ]))
        if len(spoken) < _FEWEST_SAME:
            continue
        wording = " ".join(spoken) if len(note.text) <= _READ else note.text[note.body_start :]
        original = originals.setdefault(wording, note.path)
        if original != note.path:
            found.append(Duplicate(note.path, original, exact=True))
        elif len(spoken) >= _FEWEST_ALIKE:
            candidates.append((note.path, _shingles(spoken)))
    return sorted([*found, *_alike(candidates)], key=lambda duplicate: duplicate.path)


def _alike(candidates: Sequence[tuple[str, Shingles]]) -> Iterator[Duplicate]:
    """Yield the notes that share most of their shingles with an earlier one that repeats nobody."""
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for number, (path, shingles) in enumerate(candidates):
        signature = _signature(shingles)
        keys = [(band, signature[band * _ROWS : (band + 1) * _ROWS].tobytes()) for band in range(_BANDS)]
        met = Counter(other for key in keys for other in buckets.get(key, ()))
        nearest = sorted(met, key=lambda other: (-met[other], other))[:_MOST_COMPARED]
        original = next(
            (other for other in nearest if _overlap(shingles, candidates[other][1]) >= _ALIKE), None
        )
        if original is not None:
            yield Duplicate(path, candidates[original][0], exact=False)
            continue
        for key in keys:
            if len(buckets[key]) < _MOST_COMPARED:
                buckets[key].append(number)


def _shingles(spoken: list[str]) -> Shingles:
    """Return the sorted distinct hashes of every three words in a row."""
    codes = np.array([_code(word) for word in spoken], dtype=np.uint64)
    count = len(codes) - _SHINGLE + 1
    mixed = np.zeros(count, dtype=np.uint64)
    for place in range(_SHINGLE):
        mixed = (mixed ^ codes[place : place + count]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed)


def _signature(shingles: Shingles) -> Shingles:
    """Return the least hash of the shingles under each of the hash functions."""
    factors, terms = _hash_functions()
    signature: Shingles = (shingles * factors[:, None] + terms[:, None]).min(axis=1)
    return signature


@cache
def _hash_functions() -> tuple[Shingles, Shingles]:
    generator = np.random.default_rng(7)
    factors, terms = generator.integers(1, 2**63, (2, _BANDS * _ROWS), dtype=np.uint64)
    return factors | np.uint64(1), terms


@lru_cache(maxsize=200_000)
def _code(word: str) -> int:
    return crc32(word.encode())


def _overlap(left: Shingles, right: Shingles) -> float:
    """Return the share of the shingles of either that both hold (Jaccard)."""
    common = len(np.intersect1d(left, right, assume_unique=True))
    return common / (len(left) + len(right) - common)
