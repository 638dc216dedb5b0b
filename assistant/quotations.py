"""Find what a model quotes in the passages it cites, through typography and markup, at its own offsets."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.answer import Citation, Passage
from assistant.extracts import cite
from assistant.figures import read_figures
from ingest.french import fold

_QUOTATION = re.compile(
    r"«\s*([^«»]{1,2000}?)\s*»|[“„]\s*([^“”„]{1,2000}?)\s*[”“]|‹\s*([^‹›]{1,2000}?)\s*›|\"([^\"]{1,2000}?)\""
)
_STRAY = re.compile(r"\s*[»›”]|[«‹“„]\s*|\"")
_ELLIPSIS = re.compile(r"\s*(?:[\[(]\s*(?:…|\.{3})\s*[\])]|…|\.{3})\s*")
# what a model is not shown of a passage: the targets of links, tags, notes' marks, comments
_UNSEEN = re.compile(
    r"<!--.*?-->|%%.*?%%|!?\[\[[^\[\]\n|]{0,500}\||\]\([^()\n]{0,2000}(?:\([^()\n]{0,500}\)[^()\n]{0,500})?\)"
    r"|\[\^[^\[\]\n]{1,100}\]|</?[A-Za-z][^<>]{0,1000}>",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A sentence whose quotations were looked for.

    `text` has marks around those that were found only; `citations` are their spans; `removed` are the
    quotations that no cited passage holds, with their marks.
    """

    text: str
    citations: tuple[Citation, ...]
    removed: tuple[str, ...]


def check_quotations(text: str, cited: Sequence[Passage]) -> Quoted:
    """Return a sentence with the marks of its true quotations only; a mark that has no pair is taken out."""
    citations: list[Citation] = []
    removed: list[str] = []
    pieces: list[str] = []
    position = 0
    for match in _QUOTATION.finditer(text):
        words = next(group for group in match.groups() if group is not None)
        found = _cite(words, cited)
        citations += found
        before = _unmarked(text[position : match.start()], removed)
        if found:
            pieces += [before, match[0].replace(words, _paired(words))]
        else:
            within = check_quotations(words, cited)
            removed += [match[0], *within.removed]
            citations += within.citations
            pieces += [before, within.text]
        position = match.end()
    pieces.append(_unmarked(text[position:], removed))
    return Quoted("".join(pieces), tuple(dict.fromkeys(citations)), tuple(removed))


def find_quotation(quotation: str, text: str) -> tuple[int, int] | None:
    """Return where a quotation stands in a text, whole words and the same figures, or None.

    Only letters and digits count, folded; what a reader of the text does not see (the target of a link, a
    tag) is passed over.
    """
    wanted = "".join(fold(char) for char in quotation)
    wanted = "".join(filter(str.isalnum, wanted))
    letters, offsets = _letters(text)
    start = letters.find(wanted) if wanted else -1
    while start >= 0:
        span = offsets[start], offsets[start + len(wanted) - 1] + 1
        if _whole(text, *span) and _same_figures(quotation, text[slice(*span)]):
            return span
        start = letters.find(wanted, start + 1)
    return None


def _cite(words: str, cited: Sequence[Passage]) -> list[Citation]:
    """Return the spans of a quotation, one a part between ellipses, all of one passage and in order."""
    parts = [part for part in _ELLIPSIS.split(words) if any(map(str.isalnum, part))]
    for passage in cited:
        spans = [span for part in parts if (span := find_quotation(part, passage.text))]
        if parts and len(spans) == len(parts) and spans == sorted(spans):
            return [cite(passage, *span) for span in spans]
    return []


def _paired(words: str) -> str:
    """Return the words of a quotation, without the marks within it where one has no pair."""
    strays = _STRAY.sub("", _QUOTATION.sub("", words)) != _QUOTATION.sub("", words)
    return _STRAY.sub("", words) if strays else words


def _unmarked(text: str, removed: list[str]) -> str:
    removed += [stray.strip() for stray in _STRAY.findall(text)]
    return _STRAY.sub("", text)


@lru_cache(maxsize=128)
def _letters(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the folded letters and digits that a reader sees in a text, and the offset of each."""
    letters: list[str] = []
    offsets: list[int] = []
    for start, end in _seen(text):
        for offset in range(start, end):
            for folded in fold(text[offset]):
                if folded.isalnum():
                    letters.append(folded)
                    offsets.append(offset)
    return "".join(letters), tuple(offsets)


def _seen(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    for match in _UNSEEN.finditer(text):
        yield position, match.start()
        position = match.end()
    yield position, len(text)


def _whole(text: str, start: int, end: int) -> bool:
    """Tell whether a span begins and ends where words do."""
    return not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())


def _same_figures(quotation: str, span: str) -> bool:
    if not re.search(r"\d", quotation):
        return True
    return not read_figures(quotation).missing_from(read_figures(span))
