"""Acronyms that the notes spell out: « Réunion des musées nationaux (RMN) », « RMN (Réunion…) »."""

import re
from collections.abc import Iterator

from ingest.french import words

_AFTER = re.compile(r"\(([A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ&.]{1,9})\)")
_BEFORE = re.compile(r"\b([A-ZÀ-ÖØ-Þ]{2,8})\s{0,3}\(([^()\n]{6,90})\)")
_REACH = 120  # characters before the parenthesis where the name may begin
_LONGEST = 10  # words of a name
_SMALL = frozenset("a and au aux d de des du en et for l la le les of pour the".split())


def find_acronyms(text: str) -> Iterator[tuple[str, str]]:
    """Yield (acronym, name), both as folded words, wherever a text gives the two side by side.

    The initials of the name, its small words left out or not, must be the letters of the acronym.
    """
    for match in _AFTER.finditer(text):
        letters = "".join(words(match[1]))
        said = words(text[max(0, match.start() - _REACH) : match.start()])
        for size in range(2, min(_LONGEST, len(said)) + 1):
            if _spell(said[-size:], letters):
                yield letters, " ".join(said[-size:])
                break
    for match in _BEFORE.finditer(text):
        letters, said = "".join(words(match[1])), words(match[2])
        if 2 <= len(said) <= _LONGEST and _spell(said, letters):
            yield letters, " ".join(said)


def _spell(said: list[str], letters: str) -> bool:
    if said[0] in _SMALL or len(letters) < 2:
        return False
    return letters in {"".join(word[0] for word in said), "".join(w[0] for w in said if w not in _SMALL)}
