"""A note and a span of it → the HTML of the reader; pure.

The body holds the note to the character: signs of Markdown and empty lines are hidden by the style sheet, not
removed, so that a mark can neither shift nor vanish. Wikilinks lead to their notes; addresses of the Web stay
text, as a note may come from anybody and nothing of it is to send its reader out of the machine: they are
there in full to be copied, and Obsidian, one link away, follows them.
"""

import os
import re
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, urlencode

from assistant.browse import Hook, Reading
from assistant.web import texts
from assistant.web.markup import Frame, Span, escape, note_url, render_text
from assistant.web.notes import texts as browse_texts
from assistant.web.notes.backlinks import render_backlinks
from assistant.web.pages import render_page
from ingest.clean import clean
from ingest.store import StoredNote

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_FENCE = re.compile(r"[ ]{0,3}(?:```|~~~)")
_RULE = re.compile(r"[ ]{0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*$")
_STATES = {"changed": browse_texts.CHANGED, "gone": browse_texts.GONE}
NOTES = "/notes"


def render_note(reading: Reading, span: Span | None, *, warning: str = "") -> str:
    """Return a note with `span` of its text marked, the first mark as `#passage`, and the notes around it.

    Args:
        reading: The note, its links, and the notes that cite it.
        span: Code points of its text to mark, or None.
        warning: A sentence shown above the note.
    """
    note = reading.note
    rows = (
        (texts.CARTEL_DATE, texts.french_date(note.date)),
        (texts.CARTEL_TAGS, " ".join(f"#{tag}" for tag in note.tags)),
        (texts.CARTEL_ALIASES, ", ".join(note.aliases)),
        (texts.CARTEL_FILE, note.path.replace("/", " / ")),
        (browse_texts.PRIVATE, browse_texts.PRIVATE_WHY if note.private else ""),
    )
    cartel = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows if value)
    said = filter(None, (_STATES.get(reading.state, ""), warning))
    notices = "".join(f'<div class="cim-notice"><p>{escape(sentence)}</p></div>' for sentence in said)
    return (
        f'<h1 class="cim-note-title" tabindex="-1">{escape(note.title)}</h1>'
        f'<dl class="cim-cartel">{cartel}</dl>{notices}'
        f'<div class="cim-note">{_body(reading, span)}</div>{render_backlinks(reading)}'
    )


def render_note_page(
    title: str, content: str, obsidian: str, *, style_urls: Iterable[str] = (), script_url: str = ""
) -> str:
    """Return the page that a citation opens by its address; the script reads a span behind the `#`.

    Args:
        title: The note's, as text.
        content: What `render_note` returned.
        obsidian: What `render_obsidian` returned.
        style_urls: Addresses of the style sheets.
        script_url: Address of the script.
    """
    bar = f'<p class="cim-reader-bar"><a class="cim-btn" href="/">{texts.BACK_TO_CHAT}</a>{obsidian}</p>'
    return render_page(title, bar + content, style_urls=style_urls, script_urls=(script_url,), current=NOTES)


def render_obsidian(note: StoredNote, vault: Path, *, near: bool) -> str:
    """Return the link that opens a note in Obsidian.

    Args:
        note: The note.
        vault: The folder of notes.
        near: Whether the page is read on this machine; elsewhere only its vault is named.
    """
    path = os.fsdecode(note.raw_path)
    asked = {"path": str(vault / path)} if near else {"vault": vault.name, "file": path}
    url = f"obsidian://open?{urlencode(asked, quote_via=quote, safe='', errors='surrogateescape')}"
    return f'<a class="cim-btn cim-obsidian" href="{escape(url)}">{browse_texts.OBSIDIAN}</a>'


def _body(reading: Reading, span: Span | None) -> str:
    note, marked = reading.note, [span] if span else []
    frames = [_frame(hook) for hook in reading.hooks]
    begins = [frame[0] for frame in frames]
    parts: list[str] = []
    anchored, listing = False, False
    blocks = [(*block, _says_title(note, *block[:3])) for block in _blocks(note)]
    # The title is the h1; the depths a note uses follow it without a gap, whatever they are.
    depths = sorted({depth for _, _, kind, depth, same in blocks if kind == "heading" and not same})
    for start, end, kind, depth, same in blocks:
        here = any(first < end and last > start for first, last in marked)
        own = frames[bisect_left(begins, start) : bisect_left(begins, end)]
        raw = kind in {"pre", "front"}
        content = render_text(note.text, (start, end), marked, raw=raw, frames=own)
        if here and not anchored:
            content, anchored = content.replace("<mark>", '<mark id="passage">', 1), True
        if listing != (kind == "li"):
            parts.append("</ul>" if listing else "<ul>")
            listing = not listing
        rank = depths.index(depth) + 2 if kind == "heading" and not same else depth
        parts.append(_block(content, kind, rank, here=here, same=same))
    return "".join(parts) + ("</ul>" if listing else "")


def _frame(hook: Hook) -> Frame:
    """Return what stands around a wikilink: a link, or an empty hook where the note is to be written."""
    if hook.note_id is None:
        return hook.start, hook.end, f'<span class="cim-hook" data-says="{browse_texts.TO_WRITE}">', "</span>"
    url = note_url(hook.note_id, *(hook.heading or ()))
    return hook.start, hook.end, f'<a class="cim-wikilink" href="{escape(url)}">', "</a>"


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
