"""A note and a span of it → the HTML of the reader; pure.

The body holds the note to the character: signs of Markdown and empty lines are hidden by the style sheet, not
removed, so that a mark can neither shift nor vanish.
"""

import re
from collections.abc import Iterable

from assistant.web import texts
from assistant.web.markup import Span, escape, render_text
from assistant.web.pages import BACK, render_page
from ingest.clean import clean
from ingest.store import StoredNote

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_FENCE = re.compile(r"[ ]{0,3}(?:```|~~~)")
_RULE = re.compile(r"[ ]{0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*$")
_ANCHOR = ' id="passage"'


def render_note(note: StoredNote, span: Span | None, *, warning: str = "") -> str:
    """Return a note with `span` of its text marked, the first mark as `#passage`.

    Args:
        note: The note.
        span: Code points of `note.text` to mark, or None.
        warning: A sentence shown above the note.
    """
    rows = (
        (texts.CARTEL_DATE, texts.french_date(note.date)),
        (texts.CARTEL_TAGS, " ".join(f"#{tag}" for tag in note.tags)),
        (texts.CARTEL_ALIASES, ", ".join(note.aliases)),
        (texts.CARTEL_FILE, note.path.replace("/", " / ")),
    )
    cartel = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    notice = f'<div class="cim-notice"><p>{escape(warning)}</p></div>' if warning else ""
    return (
        f'<h1 class="cim-note-title" tabindex="-1">{escape(note.title)}</h1>'
        f'<dl class="cim-cartel">{cartel}</dl>{notice}'
        f'<div class="cim-note">{_body(note, span)}</div>'
    )


def render_note_page(
    note: StoredNote, span: Span | None, *, warning: str = "", style_url: str = "", script_url: str = ""
) -> str:
    """Return the page that a citation opens by its address; the script reads a span behind the `#`."""
    body = BACK + render_note(note, span, warning=warning)
    return render_page(note.title, body, style_urls=(style_url,), script_urls=(script_url,))


def _body(note: StoredNote, span: Span | None) -> str:
    marked = [span] if span else []
    parts: list[str] = []
    anchor, listing = _ANCHOR, False
    blocks = [(*block, _says_title(note, *block[:3])) for block in _blocks(note)]
    # The title is the h1; the depths a note uses follow it without a gap, whatever they are.
    depths = sorted({depth for _, _, kind, depth, same in blocks if kind == "heading" and not same})
    for start, end, kind, depth, same in blocks:
        here = any(first < end and last > start for first, last in marked)
        content = render_text(note.text, (start, end), marked, anchor=anchor, raw=kind in {"pre", "front"})
        anchor = "" if here else anchor
        if listing != (kind == "li"):
            parts.append("</ul>" if listing else "<ul>")
            listing = not listing
        rank = depths.index(depth) + 2 if kind == "heading" and not same else depth
        parts.append(_block(content, kind, rank, here=here, same=same))
    return "".join(parts) + ("</ul>" if listing else "")


def _says_title(note: StoredNote, start: int, end: int, kind: str) -> bool:
    return kind == "heading" and clean(note.text[start:end]) == note.title


def _block(content: str, kind: str, rank: int, *, here: bool, same: bool) -> str:
    """Return one block; the title said twice is hidden, unless the mark is in it."""
    if kind == "front":
        opened = " open" if here else ""
        return f"<details{opened}><summary>{texts.FRONT_MATTER}</summary><pre>{content}</pre></details>"
    tag = kind if kind != "heading" else "p" if same else f"h{min(6, rank)}"
    names = (("cim-here", here), ("cim-syn", same and not here), ("cim-ordered", kind == "li" and rank > 0))
    named = " ".join(name for name, holds in names if holds)
    return f'<{tag} class="{named}">{content}</{tag}>' if named else f"<{tag}>{content}</{tag}>"


def _blocks(note: StoredNote) -> Iterable[tuple[int, int, str, int]]:
    """Yield (start, end, kind, depth) of blocks that cover the text; empty lines go with the block before."""
    start, kind, depth, closed = 0, "", 0, False
    for line, line_kind, line_depth in _lines(note):
        if line_kind == "blank":
            closed = True
        elif closed or line_kind != kind or kind not in {"p", "pre", "blockquote", "front"}:
            if kind:
                yield start, line.start(), kind, depth
                start = line.start()
            kind, depth, closed = line_kind, line_depth, False
    if note.text:
        yield start, len(note.text), kind or "p", depth


def _lines(note: StoredNote) -> Iterable[tuple[re.Match[str], str, int]]:
    """Yield each line with its kind and depth: of a heading; 1 for a numbered item."""
    fence = ""
    for line in _LINE.finditer(note.text):
        words = line[0].strip()
        if line.end() <= note.body_start:
            yield line, "front", 0
        elif fence or _FENCE.match(line[0]):
            yield line, "pre", 0
            fence = words[:3] if not fence else "" if words.startswith(fence) else fence
        else:
            yield line, *_kind(line[0], words)


def _kind(line: str, words: str) -> tuple[str, int]:
    if not words:
        return "blank", 0
    heading = _HEADING.match(line)
    if heading:
        return "heading", len(heading[1])
    if _RULE.match(line):
        return "div", 0
    item = _ITEM.match(line)
    if item:
        return "li", int(item[0].strip()[0].isdigit())
    if words.startswith(">"):
        return "blockquote", 0
    return ("pre" if words.startswith("|") else "p"), 0
