"""Check what a model wrote against the passages it was given, sentence by sentence; deterministic.

Numbers, quotations and figures are computed, not trusted: what cannot be found in a cited passage is taken
out or labelled.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.answer import Answer, Citation, Label, Passage, Sentence
from assistant.extracts import cite
from assistant.statements import split_statements
from ingest.clean import clean
from ingest.french import content_words, fold, stem

_MARK = re.compile(r"\s*\[\s*(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*\]")
_QUOTATION = re.compile(r"«\s*([^«»]{2,1000}?)\s*»|“\s*([^“”]{2,1000}?)\s*”|\"([^\"]{2,1000}?)\"")
_FIGURE = re.compile(r"\d+(?:[.,\u00a0\u202f ]\d{3})*(?:[.,]\d+)?")
_SUPPORT = 0.5  # share of a sentence's words that the cited passages must hold


@dataclass(frozen=True, slots=True)
class _Quotation:
    """A quotation of a sentence, with its marks and without, and where it stands in a cited passage."""

    marked: str
    words: str
    found: Citation | None


def ground_sentence(written: str, passages: Sequence[Passage]) -> Answer:
    """Return the part that a sentence of a model becomes: checked, labelled, with its citations.

    Args:
        written: One sentence as the model wrote it, its numbers in brackets.
        passages: What the model was given.

    Returns:
        A part with one sentence, or with none when nothing is left of it. `removed` lists the numbers that
        no passage has and the quotations that no cited passage holds.
    """
    by_number = {passage.number: passage for passage in passages}
    asked = [number for marks in _MARK.findall(written) for number in _numbers(marks)]
    numbers = tuple(dict.fromkeys(number for number in asked if number in by_number))
    removed = [f"[{number}]" for number in dict.fromkeys(asked) if number not in by_number]
    text = _tidy(clean(_MARK.sub("", written)))
    if not re.search(r"\w", text):
        return Answer(removed=tuple(removed))
    cited = [by_number[number] for number in numbers]
    quotations = [_find(match, cited) for match in _QUOTATION.finditer(text)]
    for quotation in quotations:
        if quotation.found is None:
            text = text.replace(quotation.marked, quotation.words)
            removed.append(quotation.marked)
    label = _label(text, cited, quotations)
    citations = [quotation.found for quotation in quotations if quotation.found is not None]
    quoted = {citation.number for citation in citations}
    citations += [_best_span(text, passage) for passage in cited if passage.number not in quoted]
    return Answer(
        sentences=(Sentence(text, label, numbers),), citations=tuple(citations), removed=tuple(removed)
    )


def find_quotation(quotation: str, text: str) -> tuple[int, int] | None:
    """Return where a quotation stands in a text, or None; only its letters and digits count, folded."""
    wanted = "".join(char for char, _ in _letters(quotation))
    letters = list(_letters(text))
    start = "".join(char for char, _ in letters).find(wanted) if wanted else -1
    if start < 0:
        return None
    return letters[start][1], letters[start + len(wanted) - 1][1] + 1


def _numbers(marks: str) -> Iterator[int]:
    """Yield the numbers of `2`, `1, 3` or `2-4`."""
    for part in re.split(r"[,;]", marks):
        first, _, last = (item.strip() for item in re.sub("–", "-", part).partition("-"))
        yield from range(int(first), min(int(last or first), int(first) + 20) + 1)


def _letters(text: str) -> Iterator[tuple[str, int]]:
    """Yield the folded letters and digits of a text, each with its offset."""
    for offset, char in enumerate(text):
        for folded in fold(char):
            if folded.isalnum():
                yield folded, offset


def _find(match: re.Match[str], cited: Sequence[Passage]) -> _Quotation:
    words = next(group for group in match.groups() if group is not None)
    for passage in cited:
        if span := find_quotation(words, passage.text):
            return _Quotation(match[0], words, cite(passage, *span))
    return _Quotation(match[0], words, None)


def _label(text: str, cited: Sequence[Passage], quotations: Sequence[_Quotation]) -> Label:
    if not cited:
        return "link" if text.endswith(":") and not _FIGURE.search(text) else "unsupported"
    source = " ".join(clean(passage.text) for passage in cited)
    figures = set(_FIGURE.findall(source))
    if any(figure not in figures for figure in _FIGURE.findall(text)):
        return "unsupported"
    own = set(map(stem, content_words(text)))
    held = set(map(stem, content_words(" ".join((source, *(passage.note for passage in cited))))))
    if own and len(own & held) < _SUPPORT * len(own):
        return "unsupported"
    return "verbatim" if any(quotation.found for quotation in quotations) else "supported"


def _best_span(text: str, passage: Passage) -> Citation:
    """Return the statement of a passage that shares the most words with a sentence, as a citation."""
    own = set(map(stem, content_words(text)))
    statements = split_statements(passage.text)
    if not statements:
        return cite(passage, 0, len(passage.text))
    best = max(statements, key=lambda statement: len(own & set(map(stem, content_words(statement.text)))))
    return cite(passage, *best.spans[-1])


def _tidy(text: str) -> str:
    return re.sub(r"\s+([.,])", r"\1", text).strip()
