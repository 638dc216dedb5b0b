"""Answer without a model: whole statements of the passages, word for word, the most relevant first."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import permutations

from assistant.answer import Answer, Citation, Mode, Passage, Question, Sentence
from assistant.retriever import Finding
from assistant.statements import Statement
from assistant.weighing import Extract, weigh_statements

_MOST = 7
_LEAST = 3
_NOTES = 3
_NEAREST = 3
_FORMULA = re.compile(r"^[=+@-]+(?=[A-Za-z(])")  # a spreadsheet that an answer is pasted into would run it
_CLOSE = 0.6  # of the best passage's score
_PASSING = 0.35  # of the best passage's score: a note below is not about the question
_SAME_NOTE = 0.05  # what a statement costs its note's next ones, for each note close to the question
_REDUNDANT = 0.6  # share of a statement's words that an earlier one already said
_KEPT, _WORTH = 0.6, 0.45  # of the best statement's score: past three statements, and at all


class ExtractiveWriter:
    """Writes up to 7 verbatim statements, the best first: 3 at least, of three notes, where as many pass."""

    mode: Mode = "extracts"

    def write(self, question: Question, finding: Finding) -> Iterator[Answer]:
        """Yield one part per statement, with its citations.

        Args:
            question: What is asked last; what it leans on counts for less.
            finding: Passages, best first.
        """
        chosen = _select(weigh_statements(finding, question), _MOST)
        for extract in _in_order(chosen):
            yield _part(extract)

    async def awrite(self, question: Question, finding: Finding) -> AsyncIterator[Answer]:
        """Yield the same as `write`."""
        for part in self.write(question, finding):
            yield part

    def nearest(self, finding: Finding) -> Iterator[Answer]:
        """Yield the best statement of each of the first notes: near the question, no answer to it."""
        best: dict[str, Extract] = {}
        for extract in weigh_statements(finding):
            best.setdefault(extract.passage.path, extract)
        for extract in list(best.values())[:_NEAREST]:
            yield _part(extract)


def cite(passage: Passage, start: int, end: int) -> Citation:
    """Return the citation of a span of a passage, given as offsets into the passage's text."""
    return Citation(
        number=passage.number,
        note_id=passage.note_id,
        note=passage.note,
        path=passage.path,
        heading=passage.heading_at(passage.start + start),
        quote=passage.text[start:end],
        start=passage.start + start,
        end=passage.start + end,
        encoding=passage.encoding,
    )


def _part(extract: Extract) -> Answer:
    sentence = Sentence(_FORMULA.sub("", extract.statement.text), "verbatim", (extract.passage.number,))
    citations = tuple(cite(extract.passage, start, end) for start, end in extract.statement.spans)
    return Answer(sentences=(sentence,), citations=citations)


def _select(extracts: Sequence[Extract], most: int) -> list[Extract]:
    """Choose greedily; what was already said is left out.

    Each further statement of a note costs something, the more the more notes are about the question: a broad
    question wants many voices, a narrow one the whole of what one note says.
    """
    top = max((extract.passage.score for extract in extracts), default=0.0)
    passing = {extract.passage.path for extract in extracts if extract.passage.score >= _PASSING * top}
    close = {extract.passage.path for extract in extracts if extract.passage.score >= _CLOSE * top}
    cost = _SAME_NOTE * len(close)
    chosen: list[Extract] = []
    voices: set[str] = set()
    rest = [(extract.score, extract) for extract in extracts]
    while rest and len(chosen) < most:
        missing = min(_NOTES, len(passing)) - len(voices)
        if 0 < missing >= most - len(chosen):
            rest = [(score, extract) for score, extract in rest if extract.passage.path in passing - voices]
        value, best = max(rest, key=lambda pair: pair[0], default=(0.0, None))
        enough = len(chosen) >= _LEAST and missing <= 0
        if best is None or (chosen and value < (_KEPT if enough else _WORTH) * chosen[0].score):
            break
        rest.remove((value, best))
        if any(_repeats(best, other) for other in chosen):
            continue
        chosen.append(best)
        voices.add(path := best.passage.path)
        rest = [(score - cost if extract.passage.path == path else score, extract) for score, extract in rest]
    return chosen


def _in_order(chosen: Sequence[Extract]) -> list[Extract]:
    """Return what was chosen note by note, that of the best statement first, but a newer version first."""
    places: dict[str, float] = {}
    for place, extract in enumerate(chosen):
        places.setdefault(extract.passage.path, place)
    for newer, older in permutations(chosen, 2):
        if _updates(newer, older):
            places[newer.passage.path] = min(places[newer.passage.path], places[older.passage.path] - 0.5)
    return sorted(chosen, key=lambda extract: places[extract.passage.path])


def _updates(newer: Extract, older: Extract) -> bool:
    """Tell whether a statement of a later note says the same as another, with other figures."""
    dates = newer.passage.date or "", older.passage.date or ""
    return all(dates) and dates[0] > dates[1] and _share(newer, older) > _REDUNDANT


def _repeats(extract: Extract, earlier: Extract) -> bool:
    """Tell whether a statement says what another did; with other figures it is its reader who must judge."""
    if _overlap(extract, earlier):
        return True
    if _together(extract.statement, earlier.statement) or _figures(extract) != _figures(earlier):
        return False
    return _share(extract, earlier) > _REDUNDANT


def _share(one: Extract, other: Extract) -> float:
    """Return how much of the words of the shorter statement the longer one holds, in [0, 1]."""
    words, others = one.stems - _figures(one), other.stems - _figures(other)
    return len(words & others) / max(min(len(words), len(others)), 1)


def _figures(extract: Extract) -> frozenset[str]:
    return frozenset(filter(str.isdigit, extract.stems))


def _together(one: Statement, other: Statement) -> bool:
    """Tell whether two statements are of one table or list, and say the same of different things."""
    return len(one.spans) == len(other.spans) == 2 and one.spans[0] == other.spans[0]


def _overlap(one: Extract, other: Extract) -> bool:
    """Tell whether two statements are of the same words of the same note."""
    (start, end), (begin, stop) = _place(one), _place(other)
    return one.passage.path == other.passage.path and start < stop and begin < end


def _place(extract: Extract) -> tuple[int, int]:
    start, end = extract.statement.spans[-1]
    return extract.passage.start + start, extract.passage.start + end
