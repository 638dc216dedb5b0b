"""Parse one note: title, aliases, tags, date, links, sections. Pure; every offset is into the text given."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, pairwise
from pathlib import PurePosixPath
from unicodedata import normalize

from markdown_it import MarkdownIt

from ingest.clean import clean, code_spans, hidden_spans, inline_code_spans, merge, plain, within
from ingest.french import fold
from ingest.header import Header, parse_date, parse_header
from ingest.oddities import find_oddities

_NEWLINE = re.compile(r"\r\n?|\n")
_TAG = re.compile(r"#(?<![^\s(,;*]#)(?<!\]\(#)([\w\u0300-\u036f/-]{1,100})")
_WIKILINK = re.compile(r"\[\[((?:[^\[\]\r\n]|\](?!\])){1,600})\]\]")
_ATX = re.compile(r"(?<![^\r\n]) {0,3}(#{1,6})(?:[ \t]+([^\r\n]*))?(?:\r\n?|\n|\Z)")
_ELEMENT = re.compile(r"<[A-Za-z][^<>]{0,4000}>")  # a colour in there, `#fff`, is no tag
# What only a Markdown parser places rightly: indented lines, fences, HTML, underlined headings.
_BLOCKS = re.compile(
    r"(?<![^\r\n])(?: {1,3}#|\t| {4}| {0,3}(?:`{3}|~{3}|<|[=-]+[ \t]*(?:[\r\n]|\Z)))|[\0\ufeff\u2028]"
)
_DRAWING_TEXT = "Text Elements"
_MAX_PARSED_LINES = 5_000  # half a second of Markdown parser; a longer note has its headings scanned
_MAX_PARSED_CHARACTERS = 200_000
_MAX_LINKS = _MAX_HEADINGS = 10_000
_MAX_TAGS = 200
_MAX_NAME = 500  # a title goes with each chunk: one of 5 MB would make gigabytes
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
    drawing = path.endswith(".excalidraw.md") or "excalidraw-plugin" in header.values
    own_title = "" if drawing else _leading_h1(text, header.end, headings)
    links = tuple(_wikilinks(text, ignored))
    elements = [match.span() for match in islice(_ELEMENT.finditer(text), _MAX_LINKS)]
    linked = [(link.start, link.end) for link in links]
    tags = _tags(header, text, merge([*ignored, *elements, *linked]))
    written = header.first("date") or ""
    return Note(
        path=path,
        text=text,
        title=own_title or _file_title(path, drawing),
        header_title=_short(clean(header.first("title") or "")) or None,
        aliases=tuple(
            dict.fromkeys(alias for raw in header.values.get("aliases", ()) if (alias := clean(raw)))
        ),
        tags=tags,
        date=parse_date(written),
        links=links,
        sections=_drawing_texts(text, headings)
        if drawing
        else _sections(text, header.end, headings, own_title),
        body_start=header.end,
        private=_is_private(header, tags),
        warnings=(*header.warnings, *_unread_date(text, written), *find_oddities(text)),
    )


def _unread_date(text: str, written: str) -> Iterator[tuple[int, str]]:
    if written and parse_date(written) is None:
        line = len(_NEWLINE.findall(text, 0, max(text.find(written), 0))) + 1
        yield line, f"date illisible : « {written[:40]} »"


def _file_title(path: str, drawing: bool) -> str:
    stem = PurePosixPath(path).stem
    return plain(stem.removesuffix(".excalidraw") if drawing else stem) or path


def _drawing_texts(text: str, headings: list[tuple[int, str, int, int]]) -> tuple[Section, ...]:
    """Keep what an Excalidraw drawing says; the rest of its file is the drawing itself, as data."""
    ends = [*(start for _, _, start, _ in headings[1:]), len(text)]
    return tuple(
        Section((), level, content, end)
        for (level, name, _, content), end in zip(headings, ends, strict=False)
        if name == _DRAWING_TEXT and text[content:end].strip()
    )


def _short(name: str) -> str:
    return name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 1].rstrip() + "…"


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
    breaks = [match.end() for match in islice(_NEWLINE.finditer(text, body_start), _MAX_PARSED_LINES + 1)]
    long = len(breaks) > _MAX_PARSED_LINES or len(text) - body_start > _MAX_PARSED_CHARACTERS
    if long or not _BLOCKS.search(text, body_start):
        return list(islice(_scanned_headings(text, body_start), _MAX_HEADINGS))
    starts = [body_start, *breaks, len(text)]
    # a byte order mark in mid-file would hide a heading, and a NUL would show; the lines stay the same
    tokens = _block_parser().parse(text[body_start:].replace("\ufeff", "").replace("\0", "\u200b"))
    found = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            first, last = token.map
            span = starts[first], starts[min(last, len(starts) - 1)]
            found.append((int(token.tag[1]), _short(clean(inline.content)), *span))
    return found


def _scanned_headings(text: str, body_start: int) -> Iterator[tuple[int, str, int, int]]:
    """Yield the `#` headings of a text too long for a Markdown parser, but those in code and comments."""
    ignored = merge([*hidden_spans(text), *code_spans(text)])
    for match in _ATX.finditer(text, body_start):
        if not within(ignored, match.start()):
            name = (match[2] or "")[: 4 * _MAX_NAME].rstrip(" \t")
            unclosed = name.rstrip("#")
            name = unclosed if unclosed[-1:] in {"", " ", "\t"} else name
            yield len(match[1]), _short(clean(name)), match.start(), match.end()


def _leading_h1(text: str, body_start: int, headings: list[tuple[int, str, int, int]]) -> str:
    if not headings or headings[0][0] != 1:
        return ""
    if headings[0][2] - body_start > 12 * _MAX_NAME:
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


def _wikilinks(text: str, ignored: list[tuple[int, int]]) -> Iterator[Wikilink]:
    """Scan once for `[[…]]`; a link stays on its line and holds no other bracket."""
    for match in islice(_WIKILINK.finditer(text), _MAX_LINKS):
        if within(ignored, match.start()):
            continue
        name, _, alias = match[1].partition("|")
        target, _, heading = name.rstrip("\\").partition("#")
        start = match.start()
        embed = start > 0 and text[start - 1] == "!"
        yield Wikilink(target.strip(), heading.strip(), alias.strip(), embed, start - embed, match.end())


def _tags(header: Header, text: str, ignored: list[tuple[int, int]]) -> tuple[str, ...]:
    written = [
        part.strip("#[]\"'") for raw in header.values.get("tags", ()) for part in re.split(r"[\s,;]+", raw)
    ]
    inline = [
        match[1]
        for match in islice(_TAG.finditer(text, header.end), _MAX_LINKS)
        if not match[1].isdigit() and not within(ignored, match.start())
    ]
    tags = (normalize("NFC", raw).strip("/-").strip() for raw in (*written, *inline))
    return tuple(dict.fromkeys(filter(None, tags)))[:_MAX_TAGS]


def _is_private(header: Header, tags: tuple[str, ...]) -> bool:
    declared = fold(header.first("confidentiel") or "") in {"true", "oui", "yes", "1", "vrai"}
    return declared or any(fold(tag).partition("/")[0] == "interne" for tag in tags)
