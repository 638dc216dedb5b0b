"""The words of a snapshot as arrays: which words each chunk holds, and which chunks hold each stem.

All is counted once, when the snapshot is built; a question then costs a few sums over arrays.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, get_type_hints

import numpy as np

from ingest.french import distinct_words, gram_count, grams, stem
from ingest.indexed import IndexedNote
from ingest.sparse import Numbers, SparseRows, sparse_rows

Names = np.typing.NDArray[np.str_]

_GRAM = "<U5"  # the longest n-gram


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Words, stems and n-grams are numbered in their own order; chunks and notes by their row.

    Of W words: `word_stems` is the stem of each, `word_lengths` how many n-grams it has, `word_chunks` in
    how many chunks and titles it stands. `gram_chunks` is in how many chunks each n-gram stands, `stem_notes`
    in how many notes each stem does, titles included. Of C chunks: `chunk_notes` is the note of each,
    `chunk_lengths` its words, `chunk_gram_lengths` their n-grams.
    `chunk_words` is C × W, `title_words` (title, file name and aliases, each word once) N × W, for N notes;
    `stem_chunks` is S × C and `stem_titles` S × N; `word_grams` (W × G) are the n-grams of each word.
    """

    words: tuple[str, ...]
    stems: tuple[str, ...]
    grams: Names
    word_stems: Numbers
    word_lengths: Numbers
    word_chunks: Numbers
    gram_chunks: Numbers
    stem_notes: Numbers
    chunk_notes: Numbers
    chunk_lengths: Numbers
    chunk_gram_lengths: Numbers
    chunk_words: SparseRows
    title_words: SparseRows
    stem_chunks: SparseRows
    stem_titles: SparseRows
    word_grams: SparseRows

    @cached_property
    def title_lengths(self) -> Numbers:
        """How many words the title of each note holds."""
        return self.title_words.totals(np.ones(len(self.words), np.int64))

    @cached_property
    def title_gram_lengths(self) -> Numbers:
        """How many n-grams the title of each note holds."""
        return self.title_words.totals(self.word_lengths)

    @cached_property
    def note_lengths(self) -> Numbers:
        """How many words each note holds, its title apart."""
        return self.by_note(self.chunk_lengths)

    @cached_property
    def note_gram_lengths(self) -> Numbers:
        """How many n-grams each note holds, its title apart."""
        return self.by_note(self.chunk_gram_lengths)

    @cached_property
    def note_chunks(self) -> Numbers:
        """Where the chunks of each note begin, and where the last ones end: they lie side by side."""
        return np.searchsorted(self.chunk_notes, np.arange(len(self.title_words) + 1))

    def by_note(self, values: Numbers) -> Numbers:
        """Return a value of each chunk summed by note."""
        return np.bincount(self.chunk_notes, values, len(self.title_words)).astype(np.int64)

    def word(self, word: str) -> int | None:
        """Return the number of a folded word, or None."""
        return _place(self.words, word)

    def frequency(self, word: str) -> int:
        """Return in how many chunks and titles a folded word stands."""
        number = self.word(word)
        return int(self.word_chunks[number]) if number is not None else 0

    def stem(self, key: str) -> int | None:
        """Return the number of a stem, or None."""
        return _place(self.stems, key)

    def known_grams(self, wanted: Iterable[str]) -> Numbers:
        """Return the numbers of those n-grams that stand in some word, each once, in order."""
        distinct = np.unique(np.array(list(wanted), _GRAM))
        places = np.searchsorted(self.grams, distinct)
        within = places < len(self.grams)
        places, distinct = places[within], distinct[within]
        known: Numbers = places[self.grams[places] == distinct]
        return known

    def words_like(self, word: str, edits: int) -> dict[str, int]:
        """Return, with how often they stand, the words of about a word's length and of its first letter."""
        begin = bisect_left(self.words, word[0])
        end = bisect_left(self.words, chr(ord(word[0]) + 1))
        return {
            self.words[number]: int(self.word_chunks[number])
            for number in range(begin, end)
            if abs(len(self.words[number]) - len(word)) <= edits
        }

    def stems_begun(self, begun: str, limit: int) -> list[str]:
        """Return the stems of the words that begin so, those that most notes hold, in their order."""
        last = bisect_left(self.words, f"{begun}\U0010ffff")
        numbers = np.unique(self.word_stems[bisect_left(self.words, begun) : last])
        commonest = np.argsort(-self.stem_notes[numbers], kind="stable")[:limit]
        return [self.stems[number] for number in np.sort(numbers[commonest])]

    def words_of(self, chunk: int) -> Counter[str]:
        """Return how often each word stands in a chunk."""
        held, counts = self.chunk_words[chunk]
        return Counter(dict(zip((self.words[word] for word in held), counts.tolist(), strict=True)))


def build_lexicon(notes: Sequence[IndexedNote]) -> Lexicon:
    """Count the words of notes, in the order of their rows; the same notes give the same arrays."""
    titles = [distinct_words((item.note.title, item.note.stem, *item.note.aliases)) for item in notes]
    chunks = [chunk.words for item in notes for chunk in item.chunks]
    words = tuple(sorted({*chain.from_iterable(titles), *chain.from_iterable(chunks)}))
    numbers = {word: number for number, word in enumerate(words)}
    chunk_words = _counted(chunks, numbers)
    title_words = _counted([dict.fromkeys(title, 1) for title in titles], numbers)
    stems = tuple(sorted(set(map(stem, words))))
    stem_numbers = {key: number for number, key in enumerate(stems)}
    word_stems = np.array([stem_numbers[stem(word)] for word in words], np.int32)
    word_lengths = np.array([gram_count(word) for word in words], np.int32)
    names, word_grams = _word_grams(words)
    chunk_notes = np.repeat(np.arange(len(notes), dtype=np.int32), [len(item.chunks) for item in notes])
    stem_chunks = chunk_words.turned(word_stems, len(stems))
    stem_titles = title_words.turned(word_stems, len(stems))
    return Lexicon(
        words=words,
        stems=stems,
        grams=names,
        word_stems=word_stems,
        word_lengths=word_lengths,
        word_chunks=chunk_words.held(len(words)) + title_words.held(len(words)),
        gram_chunks=_gram_chunks(chunk_words, word_grams, len(names)),
        stem_notes=_stem_notes(stem_chunks, stem_titles, chunk_notes, len(notes)),
        chunk_notes=chunk_notes,
        chunk_lengths=chunk_words.totals(np.ones(len(words), np.int64)),
        chunk_gram_lengths=chunk_words.totals(word_lengths),
        chunk_words=chunk_words,
        title_words=title_words,
        stem_chunks=stem_chunks,
        stem_titles=stem_titles,
        word_grams=word_grams,
    )


def _counted(documents: Sequence[Mapping[str, int]], numbers: Mapping[str, int]) -> SparseRows:
    """Return documents × words."""
    sizes = [len(document) for document in documents]
    rows = np.repeat(np.arange(len(documents)), sizes)
    columns = np.fromiter((numbers[word] for document in documents for word in document), np.int64)
    counts = np.fromiter((count for document in documents for count in document.values()), np.int64)
    return sparse_rows(rows, columns, counts, shape=(len(documents), len(numbers)))


def _word_grams(words: Sequence[str]) -> tuple[Names, SparseRows]:
    """Return the n-grams of the words, in order, and words × n-grams."""
    parts = [Counter(grams(word)) for word in words]
    names = sorted(set(chain.from_iterable(parts)))
    return np.array(names, _GRAM), _counted(parts, {gram: number for number, gram in enumerate(names)})


def _gram_chunks(chunk_words: SparseRows, word_grams: SparseRows, size: int) -> Numbers:
    """Return in how many chunks each of the n-grams stands."""
    counts = np.zeros(size, np.int32)
    for chunk in range(len(chunk_words)):
        counts[word_grams.take(chunk_words[chunk][0])[1]] += 1  # an index given twice counts once
    return counts


def _stem_notes(within: SparseRows, titles: SparseRows, chunk_notes: Numbers, notes: int) -> Numbers:
    """Return in how many notes each stem stands, in the title or below it."""
    rows = np.concatenate([within.row_numbers(), titles.row_numbers()])
    columns = np.concatenate([chunk_notes[within.columns], titles.columns])
    held = sparse_rows(rows, columns, np.ones(len(rows), np.int64), shape=(len(within), notes))
    return np.diff(held.starts)


def _place(names: Sequence[str], name: str) -> int | None:
    place = bisect_left(names, name)
    return place if place < len(names) and names[place] == name else None


def pack_lexicon(lexicon: Lexicon) -> dict[str, bytes]:
    """Return a lexicon as bytes by name."""
    packed: dict[str, bytes] = {}
    for name, kind in get_type_hints(Lexicon).items():
        part: Any = getattr(lexicon, name)
        if kind is SparseRows:
            packed |= {f"{name}.{side}": getattr(part, side).tobytes() for side in _SIDES}
        else:
            packed[name] = "\n".join(part).encode() if isinstance(part, tuple) else part.tobytes()
    return packed


def unpack_lexicon(packed: Mapping[str, bytes]) -> Lexicon:
    """Return the lexicon that was packed so; its arrays are views of the bytes.

    Raises:
        KeyError, ValueError: These bytes are no lexicon.
    """
    parts: dict[str, Any] = {}
    for name, kind in get_type_hints(Lexicon).items():
        if kind is SparseRows:
            sides = {side: np.frombuffer(packed[f"{name}.{side}"], kind) for side, kind in _SIDES.items()}
            parts[name] = SparseRows(**sides)
        elif name in {"words", "stems"}:
            parts[name] = tuple(packed[name].decode().split("\n")) if packed[name] else ()
        else:
            parts[name] = np.frombuffer(packed[name], _GRAM if name == "grams" else np.int32)
    return Lexicon(**parts)


_SIDES: dict[str, type[np.integer[Any]]] = {"starts": np.int32, "columns": np.int32, "counts": np.uint16}
