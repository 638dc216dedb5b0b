"""Split a note into chunks: exact slices of its text, one section or a part of one each."""

import hashlib
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from operator import itemgetter

from langchain_text_splitters import RecursiveCharacterTextSplitter

from ingest.clean import DATA_URI, clean, hidden_spans, merge
from ingest.note import Note

MAX_CHARACTERS = 1500  # retrieval quality measured flat from 250 to 1 500
_MAX_SPLIT = 20_000  # the splitter takes a second for 5 MB of short words, ten without a space
_UNBROKEN = re.compile(rf"[^ \n]{{{MAX_CHARACTERS + 1}}}")
_BREAKS = ("\n\n", "\r\n\r\n", "\n", "\r", ". ", " ", "\t", "\u00a0")
_WORDLESS = re.compile(r"[\W_]*")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of a note: `note.text[start:end] == text`; `cleaned` is its view for search and prompts.

    `id` is stable: it depends on the note's path and the slice's text only, not on what stands elsewhere.
    `run` numbers the stretches of the note that nothing hidden breaks.
    """

    id: str
    heading: tuple[str, ...]
    start: int
    end: int
    text: str
    cleaned: str
    run: int


def split_note(note: Note) -> list[Chunk]:
    """Split a note, in order; a slice holds at most `MAX_CHARACTERS` code points and spans no comment."""
    hidden = merge([*hidden_spans(note.text), *_long_data(note.text)])
    seen: Counter[str] = Counter()
    chunks = []
    for section in note.sections:
        for start, end in _visible(section.start, section.end, hidden):
            for first, last in _windows(note.text, start, end):
                text = note.text[first:last]
                # in a part of a fence, comment marks are text
                cleaned = "" if _WORDLESS.fullmatch(text) else clean(text, comments=True)
                if not _WORDLESS.fullmatch(cleaned):
                    chunk_id = _chunk_id(note.path, text, seen[text])
                    run = bisect_right(hidden, first, key=itemgetter(0))
                    chunks.append(Chunk(chunk_id, section.heading, first, last, text, cleaned, run))
                    seen[text] += 1
    return chunks


def _long_data(text: str) -> Iterator[tuple[int, int]]:
    """Yield the images written out in the text itself that would fill chunks of their own."""
    for match in DATA_URI.finditer(text) if "base64," in text else ():
        if match.end() - match.start() > MAX_CHARACTERS:
            yield match.start(), match.end() + (text[match.end() : match.end() + 1] == ")")


def _visible(start: int, end: int, hidden: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield what is left of a span once the hidden ones are taken out."""
    first = bisect_right(hidden, start, key=itemgetter(1))
    for number in range(first, len(hidden)):
        hidden_start, hidden_end = hidden[number]
        if hidden_start >= end:
            break
        if start < hidden_start:
            yield start, hidden_start
        start = hidden_end
    if start < end:
        yield start, end


def _windows(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the trimmed slices of a span, each within the ceiling."""
    piece = text[start:end]
    if len(piece) <= MAX_CHARACTERS:
        stripped = piece.strip()
        if stripped:
            first = start + piece.index(stripped)
            yield first, first + len(stripped)
        return
    if len(piece) > _MAX_SPLIT or _UNBROKEN.search(piece):
        yield from _cut(text, start, end)
        return
    for document in _splitter().create_documents([piece]):
        first = start + int(document.metadata["start_index"])
        yield first, first + len(document.page_content)


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the trimmed slices of a long span, each cut at the best break of its last two thirds, if any."""
    while start < end:
        stop = min(start + MAX_CHARACTERS, end)
        if stop < end:
            least = start + MAX_CHARACTERS // 3
            found = ((text.rfind(mark, least, stop), mark) for mark in _BREAKS)
            stop = next((at + len(mark) for at, mark in found if at >= 0), stop)
        stripped = text[start:stop].strip()
        if stripped:
            first = text.index(stripped, start)
            yield first, first + len(stripped)
        start = stop


@cache
def _splitter() -> RecursiveCharacterTextSplitter:
    return RecursiveCharacterTextSplitter(
        chunk_size=MAX_CHARACTERS,
        chunk_overlap=0,
        add_start_index=True,
        separators=[*_BREAKS, ""],
        keep_separator="end",
    )


def _chunk_id(path: str, text: str, occurrence: int) -> str:
    return hashlib.sha256(f"{path}\0{text}\0{occurrence}".encode()).hexdigest()[:24]
