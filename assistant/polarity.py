"""What a text affirms and what it denies, clause by clause."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.french import STOP_WORDS, fold, stem

_TOKEN = re.compile(r"[^\W_]+|[,;:.!?()«»“”\"—–…]")
_BREAKS = frozenset(
    "mais car que qu qui dont ou sans tandis lorsque lorsqu quand alors puisque puisqu parce si comme".split()
)
_DENIALS = frozenset("pas plus jamais aucun aucune rien ni personne guere nul nulle nullement".split())
_AFTER_AND = frozenset("pas non seulement ne n".split())
_BARE = frozenset("peut peuvent cesse cessent sait savent saurait sauraient ose osent".split())
_STEPS = frozenset("le un premier premiers du au ce les des faux grand".split())  # « prendre le pas »
_REACH = 8  # tokens between « ne » and its « pas »
_LEXICAL = re.compile(
    r"refus|evit|impossib|manqu|absen|rarement|depourv|insuffi|interdi|echapp|empech|inedit|incomplet|loin|faute"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """The stems of a clause, whether it is denied, and whether a word of it denies by its sense."""

    stems: frozenset[str]
    denied: bool
    lexical: bool


@lru_cache(maxsize=4096)
def split_clauses(text: str) -> tuple[Clause, ...]:
    """Return the clauses of a text that say something, in order."""
    segments: list[tuple[list[str], bool]] = []
    waiting = 0
    for tokens in _segments(_TOKEN.findall(fold(text))):
        denied = _denies(tokens)
        if waiting and not denied:
            segments[-1] = ([*segments[-1][0], *tokens], True)
            waiting -= 1
        else:
            segments.append((tokens, denied))
            waiting = _awaited(tokens) if denied else 0
    return tuple(
        Clause(_stems(tokens), denied, bool(_LEXICAL.search(" ".join(tokens))))
        for tokens, denied in segments
        if denied or _stems(tokens)
    )


def denies_otherwise(said: Sequence[Clause], held: Sequence[Clause]) -> bool:
    """Tell whether a sentence denies what the statements behind it do not, or no longer what they do.

    Args:
        said: The clauses of the sentence.
        held: Those of the statements that bear on it best.
    """
    denials = [clause for clause in held if clause.denied]
    doubts = [clause for clause in held if clause.lexical]
    for clause in said:
        if clause.denied and not any(
            _meet(clause, other) for other in (denials if clause.lexical else (*denials, *doubts))
        ):
            return True
    whole = frozenset().union(*(clause.stems for clause in said))
    kept = [clause for clause in said if clause.denied or clause.lexical]
    affirmed = frozenset().union(*(clause.stems for clause in held if not clause.denied))
    return any(
        _is_said(denial, whole, affirmed) and not any(denial.stems & clause.stems for clause in kept)
        for denial in denials
    )


def _is_said(denial: Clause, said: frozenset[str], affirmed: frozenset[str]) -> bool:
    """Tell whether a sentence says what a clause denies; one word is enough where it is affirmed nowhere."""
    if len(denial.stems) == 1:
        return denial.stems <= said - affirmed
    return len(denial.stems & said) >= max(2, 0.6 * len(denial.stems))


def _meet(said: Clause, held: Clause) -> bool:
    shared = len(said.stems & held.stems)
    return not said.stems or shared >= max(1, 0.34 * min(len(said.stems), len(held.stems)))


def _awaited(tokens: list[str]) -> int:
    """Return how many segments more a denial may reach: « n’a pas, selon eux, à fabriquer le sens »."""
    if tokens[-1] in _DENIALS:
        return 2
    return 1 if len(_stems(tokens)) < 2 and "sans" not in tokens else 0


def _segments(tokens: list[str]) -> Iterator[list[str]]:
    current: list[str] = []
    for place, word in enumerate(tokens):
        following = tokens[place + 1] if place + 1 < len(tokens) else ""
        if not word[0].isalnum() or word in _BREAKS or (word == "et" and following in _AFTER_AND):
            yield current
            current = []
        if word[0].isalnum():
            current.append(word)
    yield current


def _denies(tokens: list[str]) -> bool:
    for place, word in enumerate(tokens):
        following = tokens[place + 1 : place + 1 + _REACH]
        if word in {"ne", "n"} and (_DENIALS.intersection(following) or _BARE.intersection(following[:1])):
            return True
        if word in {"ne", "n"} and {"aucun", "aucune", "rien", "nul", "nulle"}.intersection(tokens[:place]):
            return True
        if word == "sans" and following[:1] != ["doute"]:
            return True
        if word == "pas" and not (place and tokens[place - 1] in _STEPS):
            return True
        if word == "non" and len(tokens) > 1 and following[:1] != ["seulement"]:
            return True
    return False


def _stems(tokens: Sequence[str]) -> frozenset[str]:
    said = (word for word in tokens if word not in STOP_WORDS | _DENIALS and not word.isdigit())
    return frozenset(map(stem, said))
