"""Read what is counted and dated in a text: « 3 000 », « 3000 » and « trois mille » are one figure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ingest.french import STOP_WORDS, fold, stem

Figure = tuple[str, float | str]
"""(kind, value): `count`, `percent`, `rank`, `time` in minutes, `decade`, `part` as the word that says it."""

_MONTHS = (
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre "
    "printemps ete automne hiver"
).split()
_SMALL = dict(
    zip(
        "zero deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split(),
        (0, *range(2, 17)),
        strict=True,
    )
)
_TENS = {
    "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60,
    "septante": 70, "huitante": 80, "octante": 80, "nonante": 90,
}  # fmt: skip
_SCALES = {
    "cent": 100, "cents": 100, "mille": 1000, "million": 10**6, "millions": 10**6,
    "milliard": 10**9, "milliards": 10**9,
}  # fmt: skip
_PARTS = frozenset(
    "moitie tiers quart double triple dizaine douzaine vingtaine centaine millier demi".split()
)
_RANKS = {
    **dict.fromkeys(("premier", "premiere", "1er", "1re", "1ere"), 1),
    **dict.fromkeys(("second", "seconde", "deuxieme"), 2),
    "troisieme": 3, "quatrieme": 4, "cinquieme": 5, "sixieme": 6, "septieme": 7, "huitieme": 8, "neuvieme": 9,
    "dixieme": 10, "vingtieme": 20, "centieme": 100,
}  # fmt: skip
_ORDERING = frozenset("lieu temps abord point plan".split())  # « en premier lieu » counts nothing
_SAME = frozenset("les ces ses leurs des tous toutes nos vos aux".split())  # « les deux » counts nothing new
_ROMAN = re.compile(r"\b([IVX]{1,6}|[IVXLC]{2,6})(?:e|è|ᵉ|ème|er|ᵉʳ)\b")
_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_WRITTEN_DATE = re.compile(
    rf"\b(?:(\d{{1,2}})(?:er)?\s+)?\b({'|'.join(_MONTHS)})\b(?:\s+(?:de\s+)?(\d{{4}})\b)?"
    r"(?:(?<!ete)|(?<=[ld]'ete)|(?<=cet ete)|(?<=en ete))"  # « l’été », not « a été »
)
_ISO_DATE = re.compile(r"\b(\d{4})-(\d\d)(?:-(\d\d))?\b")
_NUMERIC_DATE = re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b")
_TIME = re.compile(r"\b(\d{1,2})\s?(?:h|:)\s?(\d\d)?\b(?!\w)")
_DECADE = re.compile(r"\bannees\s+(?:(\d{4})|(\d0))\b")
_NUMBER = re.compile(
    r"(?<![\w.,])(\d{1,3}(?:[ .,']\d{3})+(?!\d)|\d+(?:[.,]\d+)?)"
    r"(?:\s?(%|pour cent)|(eme|e|er|ere|nde?)\b|\s+(mille|millions?|milliards?)\b)?(?![a-z\d])"
)
_WORD = re.compile(r"[a-z]+|[^\s\w-]")
_TOKEN = re.compile(r"[^\W_]+|[^\s\w-]")


@dataclass(frozen=True, slots=True)
class Date:
    """A day, a month, a year, each 0 where it is not said; months past 12 are the seasons."""

    day: int
    month: int
    year: int

    def said_by(self, other: "Date") -> bool:
        """Tell whether another date says all that this one does."""
        pairs = ((self.day, other.day), (self.month, other.month), (self.year, other.year))
        return all(own in {0, their} for own, their in pairs)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures and the dates of a text."""

    counts: frozenset[Figure] = frozenset()
    dates: frozenset[Date] = frozenset()

    def __or__(self, other: "Figures") -> "Figures":
        return Figures(self.counts | other.counts, self.dates | other.dates)

    def missing_from(self, held: "Figures") -> bool:
        """Tell whether some figure or date is not in what is held; a year may stand in a date."""
        years = {("count", float(date.year)) for date in held.dates if date.year}
        if not self.counts <= held.counts | years:
            return True
        alone = {Date(0, 0, int(v)) for kind, v in held.counts if kind == "count" and isinstance(v, float)}
        return not all(any(date.said_by(other) for other in held.dates | alone) for date in self.dates)


@lru_cache(maxsize=4096)
def read_figures(text: str) -> Figures:
    """Return the figures and dates of a text; articles (« un ») and « les deux » are none."""
    counts: set[Figure] = {("rank", float(_roman(match[1]))) for match in _ROMAN.finditer(text)}
    folded = fold(text).replace("\u00a0", " ")
    dates: set[Date] = set()
    for pattern, read in ((_ISO_DATE, _iso), (_NUMERIC_DATE, _numeric), (_WRITTEN_DATE, _written)):
        dates.update(read(match) for match in pattern.finditer(folded))
        folded = pattern.sub(" ; ", folded)
    for pattern, figure in ((_DECADE, _decade), (_TIME, _time), (_NUMBER, _number)):
        counts.update(figure(match) for match in pattern.finditer(folded))
        folded = pattern.sub(" ; ", folded)
    counts.update(_in_words(_WORD.findall(folded)))
    return Figures(frozenset(counts), frozenset(dates))


@lru_cache(maxsize=4096)
def read_counted(text: str) -> frozenset[tuple[str, float]]:
    """Return what figures count, as (stem of the word counted, figure): « dix musées » is (muse, 10).

    A year goes with the word before it: « lancée en 2017 ».
    """
    spoken = _TOKEN.findall(fold(text))
    counted = set()
    place = 0
    while place < len(spoken):
        word = spoken[place]
        value, length = (int(word), 1) if word.isdecimal() and len(word) < 10 else _cardinal(spoken, place)
        before, after = spoken[max(place - 3, 0) : place][::-1], spoken[place + length :][:2]
        word = next(_content(before if value > 1000 else after), None) if value else None
        counted.update([(stem(word), float(value))] if word else [])
        place += max(length, 1)
    return frozenset(counted)


def _content(spoken: Sequence[str]) -> Iterator[str]:
    """Yield the words that are counted among spoken, up to the end of the clause."""
    for word in spoken:
        if not word[0].isalnum():
            return
        if word.isalpha() and word not in STOP_WORDS and word not in _SMALL and word not in _MONTHS:
            yield word


def miscounts(said: str, held: Iterable[str]) -> bool:
    """Tell whether a text counts a thing otherwise than every one of the texts behind it that counts it."""
    own = read_counted(said)
    if not own:
        return False
    counted = frozenset().union(*map(read_counted, held))
    known = {word for word, _ in counted}
    return any(word in known and (word, value) not in counted for word, value in own)


def _iso(match: re.Match[str]) -> Date:
    return Date(int(match[3] or 0), int(match[2]), int(match[1]))


def _numeric(match: re.Match[str]) -> Date:
    return Date(int(match[1]), int(match[2]), int(match[3]))


def _written(match: re.Match[str]) -> Date:
    return Date(int(match[1] or 0), _MONTHS.index(match[2]) + 1, int(match[3] or 0))


def _decade(match: re.Match[str]) -> Figure:
    return "decade", float(match[1] or f"19{match[2]}")


def _time(match: re.Match[str]) -> Figure:
    return "time", float(int(match[1]) * 60 + int(match[2] or 0))


def _number(match: re.Match[str]) -> Figure:
    digits, percent, rank, scale = match.groups()
    grouped = re.fullmatch(r"\d{1,3}(?:[ .,']\d{3})+", digits)
    value = float(re.sub(r"\D", "", digits) if grouped else digits.replace(",", "."))
    kind = "percent" if percent else "rank" if rank else "count"
    return kind, value * _SCALES.get(scale or "", 1)


def _roman(numeral: str) -> int:
    values = [_VALUES[letter] for letter in numeral.lower()]
    return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))


def _in_words(spoken: list[str]) -> Iterator[Figure]:
    """Yield the figures written in words; « neuf » before a stop is new, not nine."""
    place = 0
    while place < len(spoken):
        word = spoken[place]
        following = spoken[place + 1] if place + 1 < len(spoken) else "."
        if word in _PARTS:
            yield "part", word
        elif word in _RANKS and following not in _ORDERING:
            yield "rank", float(_RANKS[word])
        value, length = _cardinal(spoken, place)
        counted = length > 1 or not (
            (word == "neuf" and not following.isalpha())
            or (word == "deux" and place and spoken[place - 1] in _SAME)
        )
        if length and counted:
            percent = spoken[place + length : place + length + 2] == ["pour", "cent"]
            yield "percent" if percent else "count", float(value)
        place += max(length, 1)


def _cardinal(spoken: list[str], start: int) -> tuple[int, int]:
    """Return the value of the number in words at a place, and how many words it takes, or 0."""
    total = current = 0
    place = start
    while place < len(spoken):
        word = spoken[place]
        linked = word in {"et", "un", "une"} and place > start and place + 1 < len(spoken)
        if word in _SMALL:
            current += _SMALL[word]
        elif word in {"vingt", "vingts"} and current % 100 == 4:
            current += 76
        elif word in _TENS:
            current += _TENS[word]
        elif word in {"cent", "cents"} and spoken[place - 1 : place] != ["pour"]:
            current = max(current, 1) * 100
        elif word in _SCALES and word not in {"cent", "cents"} and (current or word == "mille"):
            total, current = total + max(current, 1) * _SCALES[word], 0
        elif linked and word == "et" and spoken[place + 1] in {"un", "une", "onze"} and current >= 20:
            current += 1 if spoken[place + 1] != "onze" else 11
            place += 1
        else:
            break
        place += 1
    return total + current, place - start
