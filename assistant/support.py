"""What bears out a sentence: the statements of the cited passages that share most of what it says."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.answer import Citation, Passage
from assistant.extracts import cite
from assistant.figures import miscounts, read_figures
from assistant.polarity import denies_otherwise, split_clauses
from assistant.statements import split_statements
from assistant.thesaurus import synonyms
from ingest.clean import clean
from ingest.french import STOP_WORDS, fold, stem, words

_HELD = 0.55  # share of a sentence's weight that the statements behind it hold at least
_GAIN = 0.08  # share of a sentence's weight that one more statement must add
_MOST = 3  # statements of a passage behind one sentence
_CAPITALISED = r"([A-ZÀ-ÖØ-Þ][\w’'&.-]*)"
_NAME = re.compile(
    rf"(?<=[\w,;:)’'–—-])[ \u00a0\u202f](?:[dlDL][’'])?{_CAPITALISED}"
    rf"|^[DLdl][’']{_CAPITALISED}|^{_CAPITALISED}(?= [A-ZÀ-ÖØ-Þ])"
)
_MIXED = re.compile(r"(?=\d*[^\W\d_])(?=[^\W\d_]*\d)[^\W_]{3,}")  # « Hub01 », « Culture24 »
_LIGHT = frozenset(
    map(
        stem,
        """abord ajoute ajoutent affirme ainsi appelle apporte consiste compris constate cite declare decrit
        dit disent egalement enfin ensuite estime estiment evoque existe existent explique faudrait faut
        indique insiste juge mieux mentionne montre montrent note notent notes notamment parle passage permet
        porte pourrait precise presente prevoit propose rapporte rappelle releve resume revele sagit sert
        souligne source sources suggere vaut voit""".split(),
    )
)  # words that carry what a source says, and say little themselves
_LINE = re.compile(r"[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A statement of a passage, or a line of it that is none: a heading, a row, a short item."""

    spans: tuple[tuple[int, int], ...]
    text: str
    stems: frozenset[str]
    quotable: bool


@dataclass(frozen=True, slots=True)
class Support:
    """What bears out a sentence: `faults` say what does not, `citations` are the best statements."""

    faults: tuple[str, ...]
    citations: tuple[Citation, ...]


def find_support(text: str, cited: Sequence[Passage]) -> Support:
    """Return what the cited passages say of a sentence.

    Args:
        text: The sentence, without its marks.
        cited: The passages it cites, one at least.

    Returns:
        The statements behind it, the best of each passage, and its faults among `words` (most of it is
        in none of them), `names`, `figures` and `negation`.
    """
    own = stems_of(text)
    behind = {passage: choose_units(own, passage.text) for passage in cited}
    chosen = [unit for units in behind.values() for unit in units]
    titles = " . ".join(" . ".join((p.note, *_headings(p, units))) for p, units in behind.items())
    return Support(tuple(_faults(text, own, chosen, titles, cited)), tuple(_citations(behind)))


def is_foreign(text: str, passages: Iterable[Passage]) -> bool:
    """Tell whether no word and no figure of a sentence is in any passage, or in its title and headings."""
    own = _said(text)
    return bool(own) and all(
        own.isdisjoint(_said(f"{p.text} {p.note} {' '.join(p.heading)}")) for p in passages
    )


@lru_cache(maxsize=256)
def _said(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words(text) if word not in STOP_WORDS)


def _faults(
    text: str, own: frozenset[str], chosen: Sequence[Unit], titles: str, cited: Sequence[Passage]
) -> Iterable[str]:
    held = frozenset().union(stems_of(titles), *(unit.stems for unit in chosen))
    if _held_share(own, held, cited) < _HELD:
        yield "words"
    if not _names_held(text, cited):
        yield "names"
    figures = read_figures(titles)
    for unit in chosen:
        figures |= read_figures(unit.text)
    near = [unit.text for unit in chosen]
    around = [unit.text for passage in cited for unit in units_of(passage.text)]
    if read_figures(text).missing_from(figures) or miscounts(text, near) or miscounts(text, around):
        yield "figures"
    if denies_otherwise(
        split_clauses(text), [clause for unit in chosen for clause in split_clauses(unit.text)]
    ):
        yield "negation"


@lru_cache(maxsize=4096)
def stems_of(text: str) -> frozenset[str]:
    """Return the stems of the words that say something; figures are read apart."""
    return frozenset(stem(w) for w in words(text) if w not in STOP_WORDS and not w.isdigit() and len(w) > 1)


@lru_cache(maxsize=256)
def units_of(text: str) -> tuple[Unit, ...]:
    """Return the units of a passage in order; those of the last passages are kept."""
    statements = split_statements(text)
    covered = sorted(span for statement in statements for span in statement.spans)
    units = [_unit(s.spans, s.text, quotable=True) for s in statements]
    for line in _LINE.finditer(text):
        if not any(start < line.end() and line.start() < end for start, end in covered):
            said = clean(line[0])
            units += [_unit((line.span(),), said, quotable=False)] if said else []
    return tuple(sorted(units, key=lambda unit: unit.spans))


def _unit(spans: tuple[tuple[int, int], ...], text: str, *, quotable: bool) -> Unit:
    return Unit(spans, text, stems_of(text), quotable)


@lru_cache(maxsize=256)
def _spread(text: str) -> Counter[str]:
    """Return in how many units of a passage each stem is."""
    return Counter(key for unit in units_of(text) for key in unit.stems)


def choose_units(own: frozenset[str], text: str) -> list[Unit]:
    """Return the units of a passage that hold most of a sentence, the best first; each adds something."""
    units, spread = units_of(text), _spread(text)
    left = {key: math.log(1 + len(units) / spread[key]) for key in own if key in spread}
    needed = _GAIN * sum(left.values())
    chosen: list[Unit] = []
    while len(chosen) < _MOST and left:
        gains = [sum(left[key] for key in unit.stems & left.keys()) for unit in units]
        best = max(range(len(units)), key=lambda place: (gains[place], units[place].quotable))
        if gains[best] <= (needed if chosen else 0):
            break
        chosen.append(units[best])
        left = {key: weight for key, weight in left.items() if key not in units[best].stems}
    return chosen


def _held_share(own: frozenset[str], held: frozenset[str], cited: Sequence[Passage]) -> float:
    """Return the share of a sentence that is held, rare words first, in [0, 1]; what stands in counts too."""
    number = sum(len(units_of(passage.text)) for passage in cited)
    spreads = [_spread(passage.text) for passage in cited]
    weights = {
        key: math.log(1 + number / max(sum(spread[key] for spread in spreads), 0.5))
        for key in own - (_LIGHT - held)
    }
    whole = sum(weights.values())
    return sum(w for key, w in weights.items() if _is_held(key, held)) / whole if whole else 1.0


def _is_held(key: str, held: frozenset[str]) -> bool:
    if key in held:
        return True
    return any(held.issuperset(phrase) for phrase in synonyms().stand_ins((key,)).get(key, ()))


def _names_held(text: str, cited: Sequence[Passage]) -> bool:
    names = [fold(next(filter(None, match.groups()))) for match in _NAME.finditer(text)]
    parts = [part for name in names for part in words(name) if len(part) > 2 and part not in STOP_WORDS]
    parts += [word for word in _MIXED.findall(fold(text)) if not re.fullmatch(r"\d+(?:h\d*|e|er|eme)", word)]
    if not parts:
        return True
    known = frozenset().union(*(_known_words(p.text, p.note, p.heading, p.sections) for p in cited))
    return all(any(_alike(part, word) for word in known) for part in parts if part not in known)


@lru_cache(maxsize=256)
def _known_words(
    text: str, note: str, heading: tuple[str, ...], sections: tuple[tuple[int, tuple[str, ...]], ...]
) -> frozenset[str]:
    headings = [" ".join(path) for _, path in sections]
    return frozenset(words(" ".join((text, note, *heading, *headings))))


def _alike(name: str, word: str) -> bool:
    """Tell whether a word is of the family of a name: « Allemagne » and « allemand »."""
    if any(map(str.isdigit, name)):
        return False
    shared = next(
        (n for n, (a, b) in enumerate(zip(name, word, strict=False)) if a != b), min(len(name), len(word))
    )
    return shared >= 5 and shared >= 0.65 * max(len(name), len(word))


def _headings(passage: Passage, units: Sequence[Unit]) -> list[str]:
    starts = [passage.start + unit.spans[-1][0] for unit in units]
    return list(dict.fromkeys(part for start in starts for part in passage.heading_at(start)))


def _citations(behind: dict[Passage, list[Unit]]) -> Iterable[Citation]:
    for passage, units in behind.items():
        quotable = [unit for unit in units if unit.quotable]
        if quotable:
            yield from (cite(passage, *span) for span in quotable[0].spans)
        else:
            statements = split_statements(passage.text)
            yield cite(passage, *(statements[0].spans[-1] if statements else (0, len(passage.text))))
