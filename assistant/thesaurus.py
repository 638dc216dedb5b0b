"""Words that may stand for those of a question: synonyms of the profession, and French for English.

`vocabulary/synonymes.txt` holds one group a line, `vocabulary/anglais.txt` an English term and what it is in
French; both are written by hand, and read when first asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from ingest.french import english_stem, english_words, stems

Phrase = tuple[str, ...]
"""Stems that say something when they are all there."""


class Thesaurus:
    """What stands for what.

    Args:
        entries: (phrase, the phrases that may stand for it).
    """

    def __init__(self, entries: Iterable[tuple[Phrase, Sequence[Phrase]]] = ()) -> None:
        self._entries: dict[str, list[tuple[Phrase, Sequence[Phrase]]]] = defaultdict(list)
        for phrase, others in entries:
            self._entries[phrase[0]].append((phrase, others))
        self._known = frozenset(
            part for key in self._entries for phrase, _ in self._entries[key] for part in phrase
        )

    def knows(self, key: str) -> bool:
        """Tell whether a stem is that of a word of some entry."""
        return key in self._known

    def stand_ins(self, stems: Sequence[str]) -> Mapping[str, tuple[Phrase, ...]]:
        """Return the phrases that may stand for each stem, alone or with those that follow it."""
        found: dict[str, dict[Phrase, None]] = defaultdict(dict)
        for place, key in enumerate(stems):
            for phrase, others in self._entries.get(key, ()):
                if tuple(stems[place : place + len(phrase)]) == phrase:
                    for part in phrase:
                        found[part].update(dict.fromkeys(others))
        return {key: tuple(phrases) for key, phrases in found.items()}


@cache
def synonyms() -> Thesaurus:
    """Return the synonyms of the profession; each term of a group stands for the others."""
    groups = (dict.fromkeys(_phrases(line)) for line in _lines("synonymes.txt"))
    return Thesaurus(
        (term, [other for other in group if other != term]) for group in groups for term in group
    )


@cache
def translations() -> Thesaurus:
    """Return the French that stands for English; its stems are `english_stem`'s."""
    lines = (
        (tuple(map(english_stem, english_words(term))), _phrases(rest))
        for term, *rest in _lines("anglais.txt")
    )
    return Thesaurus((english, french) for english, french in lines if english)


def _lines(name: str) -> list[list[str]]:
    text = (files("assistant") / "vocabulary" / name).read_text(encoding="utf-8")
    return [line.split(", ") for line in text.splitlines() if line and not line.startswith("#")]


def _phrases(terms: Iterable[str]) -> list[Phrase]:
    """Return the stems of each term; a term of mere stop words has none, and is left out."""
    return [phrase for term in terms if (phrase := tuple(stems(term)))]
