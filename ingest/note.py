"""Parse one note: title, aliases, tags, date, links, sections. Pure; every offset is into the text given."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import PurePosixPath
from unicodedata import normalize

from markdown_it import MarkdownIt

from ingest.clean import clean, code_spans, hidden_spans, inline_code_spans, merge, within
from ingest.french import fold
from ingest.header import Header, parse_date, parse_header

_NEWLINE = re.compile(r"\r\n?|\n")
_TAG = re.compile(r"(?<![^\s(,;*])#([\w\u0300-\u036f/-]{1,100})")
_ELEMENT = re.compile(r"<[A-Za-z][^<>]{0,4000}>")  # a colour in there, `#fff`, is no tag
_PLACE_TITLES = 2  # a front-matter title that more notes than this share is the site's name, not theirs


@dataclass(frozen=True, slots=True)
class Wikilink:
    """A `[[target#heading|alias]]` of a note; `text[start:end]` is the whole link, `embed` tells `![[…]]`."""

    target: str
    heading: str
    alias: str
    embed: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it, up to the next heading: `text[start:end]`.

    `heading` is the path of headings from the top, the note's own title left out.
    """

    heading: tuple[str, ...]
    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note. `text` is the decoded file, untouched; `tags` carry no `#`; `date` is ISO or None."""

    path: str
    text: str
    title: str
    header_title: str | None
    aliases: tuple[str, ...]
    tags: tuple[str, ...]
    date: str | None
    links: tuple[Wikilink, ...]
    sections: tuple[Section, ...]
    body_start: int
    private: bool
    warnings: tuple[tuple[int, str], ...] = ()

    @property
    def stem(self) -> str:
        """The file name without its suffix, which is what wikilinks call a note."""
        return PurePosixPath(self.path).stem


def parse_note(text: str, path: str) -> Note:
    """Parse a note.

    Args:
        text: The decoded file, one leading BOM dropped, nothing else changed.
        path: Relative to the vault, with `/`; the title falls back to its stem.

    Returns:
        The note. Its title is the first H1 when nothing but links precedes it, else the file name.
    """
    header = parse_header(text)
    ignored = merge([*hidden_spans(text), *code_spans(text), *inline_code_spans(text)])
    headings = _headings(text, header.end)
    own_title = _leading_h1(text, header.end, headings)
    links = tuple(_wikilinks(text, ignored))
    elements = [
        *(match.span() for match in _ELEMENT.finditer(text)),
        *((link.start, link.end) for link in links),
    ]
    tags = _tags(header, text, merge([*ignored, *elements]))
    return Note(
        path=path,
        text=text,
        title=own_title or clean(PurePosixPath(path).stem) or path,
        header_title=clean(header.first("title") or "") or None,
        aliases=tuple(
            dict.fromkeys(alias for raw in header.values.get("aliases", ()) if (alias := clean(raw)))
        ),
        tags=tags,
        date=parse_date(header.first("date") or ""),
        links=links,
        sections=_sections(text, header.end, headings, own_title),
        body_start=header.end,
        private=_is_private(header, tags),
        warnings=header.warnings,
    )


def settle_titles(notes: Iterable[Note]) -> list[Note]:
    """Give each note its front-matter title where few notes share it; a site's name is no title."""
    notes = list(notes)
    shared = Counter(fold(note.header_title) for note in notes if note.header_title)
    return [
        replace(note, title=note.header_title)
        if note.header_title and shared[fold(note.header_title)] <= _PLACE_TITLES
        else note
        for note in notes
    ]


@cache
def _block_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _headings(text: str, body_start: int) -> list[tuple[int, str, int, int]]:
    """Return (level, text, start, end) of the top-level headings of the body, `end` past their last line."""
    body = text[body_start:]
    starts = [0, *(match.end() for match in _NEWLINE.finditer(body)), len(body)]
    tokens = _block_parser().parse(body.replace("\0", "\u200b"))  # Markdown would show a NUL
    found = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            first, last = token.map
            span = body_start + starts[first], body_start + starts[min(last, len(starts) - 1)]
            found.append((int(token.tag[1]), clean(inline.content), *span))
    return found


def _leading_h1(text: str, body_start: int, headings: list[tuple[int, str, int, int]]) -> str:
    if not headings or headings[0][0] != 1:
        return ""
    before = clean(text[body_start : headings[0][2]])
    return "" if len(before.split()) > 12 else headings[0][1]


def _sections(
    text: str, body_start: int, headings: list[tuple[int, str, int, int]], title: str
) -> tuple[Section, ...]:
    """Cut the body at its headings; a heading with nothing under it goes with the section that follows."""
    sections: list[Section] = []
    path: list[tuple[int, str]] = []
    edges = [*(start for _, _, start, _ in headings), len(text)]
    if text[body_start : edges[0]].strip():
        sections.append(Section((), 0, body_start, edges[0]))
    pending: int | None = None
    for (level, name, start, content), end in zip(headings, edges[1:], strict=True):
        path = [(depth, heading) for depth, heading in path if depth < level] + [(level, name)]
        if end < len(text) and not text[content:end].strip():
            pending = start if pending is None else pending
            continue
        names = tuple(heading for _, heading in path if heading)
        shown = names[1:] if names and names[0] == title else names
        sections.append(Section(shown, level, start if pending is None else pending, end))
        pending = None
    return tuple(sections)


def _wikilinks(text: str, ignored: list[tuple[int, int]]) -> Iterable[Wikilink]:
    """Scan once for `[[…]]`; a link stays on its line and holds no other bracket."""
    position = 0
    while (start := text.find("[[", position)) >= 0:
        position = start + 2
        stop = text.find("]]", position, position + 600)
        inner = text[position:stop] if stop >= 0 else ""
        if not inner or not {"\n", "\r", "["}.isdisjoint(inner) or within(ignored, start):
            continue
        position = stop + 2
        name, _, alias = inner.partition("|")
        target, _, heading = name.rstrip("\\").partition("#")
        embed = start > 0 and text[start - 1] == "!"
        yield Wikilink(target.strip(), heading.strip(), alias.strip(), embed, start - embed, position)


def _tags(header: Header, text: str, ignored: list[tuple[int, int]]) -> tuple[str, ...]:
    written = [
        part.strip("#[]\"'") for raw in header.values.get("tags", ()) for part in re.split(r"[\s,;]+", raw)
    ]
    inline = [
        match[1]
        for match in _TAG.finditer(text, header.end)
        if not match[1].isdigit() and not within(ignored, match.start())
    ]
    tags = (normalize("NFC", raw).strip("/-").strip() for raw in (*written, *inline))
    return tuple(dict.fromkeys(filter(None, tags)))


def _is_private(header: Header, tags: tuple[str, ...]) -> bool:
    declared = fold(header.first("confidentiel") or "") in {"true", "oui", "yes", "1", "vrai"}
    return declared or any(fold(tag).partition("/")[0] == "interne" for tag in tags)
