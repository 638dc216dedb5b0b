"""Text of notes, questions and models → safe HTML; pure.

Everything foreign goes through `escape`, which leaves nothing that HTML or Markdown reads: Gradio's Markdown
parser sees one block of HTML without a line break, and an image, a script or a `javascript:` link of a note
stays text. Offsets are code points, sliced here and never in the browser, which counts UTF-16.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from urllib.parse import quote as quote_url

from assistant.browse import quote_mark

Span = tuple[int, int]
Frame = tuple[int, int, str, str]
"""A stretch of a text, and the safe HTML that opens and closes around it."""
_Piece = tuple[int, int, str, Frame | None]

_ESCAPED = {ord(mark): f"&#{ord(mark)};" for mark in "&<>\"'`*_[]$\\~|:@\n\r\t"} | {0: "\ufffd"}
_SURROGATES = re.compile("[\ud800-\udfff]")

# Bounded repetitions and excluded brackets keep it linear on hostile text.
MARKUP = re.compile(
    r"^[ \t]*\r?\n|^[ \t]{0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*$|^[ \t]{0,3}#{1,6}[ \t]+"
    r"|^[ \t]*\|(?:[ \t]*:?-{1,99}:?[ \t]*\|){1,99}[ \t]*\r?\n"
    r"|^[ \t]*[-*+][ \t]+(?:\[[ xX]\][ \t])?|^(?:>[ \t]?){1,9}(?:\[!\w{1,30}\][-+]?[ \t]*)?"
    r"|\*\*(?P<strong>[^*\n]{1,300})\*\*"
    r"|(?<![\w*])\*(?P<em>[^*\s][^*\n]{0,300})\*(?![\w*])|(?<!\w)_(?P<em2>[^_\s][^_\n]{0,300})_(?!\w)"
    r"|!?\[\[(?:[^\[\]|\n]{1,200}\|)?(?P<wiki>[^\[\]|\n]{1,200})\]\]"
    r"|!?\[(?P<link>[^\[\]\n]{0,300})\]\([^()\n]{0,500}\)",
    re.MULTILINE,
)
_TAGS = {"strong": "strong", "em": "em", "em2": "em"}


def escape(text: str) -> str:
    """Return text that HTML and Markdown read as text only; NUL and surrogates are replaced."""
    return _SURROGATES.sub("\ufffd", text).translate(_ESCAPED)


def element(tag: str, css: str, content: str) -> str:
    """Return an element around HTML that is already safe."""
    named = f' class="{css}"' if css else ""
    return f"<{tag}{named}>{content}</{tag}>"


def render_act(name: str, label: str) -> str:
    """Return something to do: our script makes it a button, and acts on its name."""
    return f'<a class="cim-act" href="#cim-{name}">{escape(label)}</a>'


def note_url(
    note_id: str, start: int | None = None, end: int | None = None, *, said: str = "", line: int | None = None
) -> str:
    """Return where the server shows a note, at a span of it or at a 1-based line when one is given.

    Args:
        note_id: Of the note.
        start: Where the span begins (code points of the note).
        end: Where it ends.
        said: Its text, so that a note read anew never shows another one in its place.
        line: The line.
    """
    path = f"/note/{quote_url(note_id, safe='', errors='replace')}"
    place = f"line={line}" if line is not None else "" if start is None else f"start={start}&end={end}"
    mark = f"&said={quote_mark(said)}" if said else ""
    return f"{path}?{place}{mark}#passage" if place else path


def render_text(
    text: str, shown: Span, spans: Sequence[Span] = (), *, raw: bool = False, frames: Sequence[Frame] = ()
) -> str:
    """Return the `shown` span of a text, its Markdown signs hidden or dimmed and `spans` marked.

    Tags apart, what comes out is `text[start:end]` to the character, and each mark is its span.

    Args:
        text: The note, or any text.
        shown: (start, end) in code points of `text`.
        spans: What to mark, sorted, in code points of `text`; where they overlap one mark follows the other.
        raw: Whether signs are shown as they are, as in code.
        frames: What stands in an element of its own, as links do: sorted, apart from each other.
    """
    start, end = shown
    pieces = _framed([(start, end, "")] if raw else _parse(text, start, end), frames)
    parts: list[str] = []
    for first, last, marked in _cut(start, end, spans):
        inside = (
            (max(a, first), min(b, last), kind, frame)
            for a, b, kind, frame in pieces
            if a < last and b > first
        )
        body = "".join(_dressed(text, inside))
        parts.append(f"<mark>{body}</mark>" if marked else body)
    return "".join(parts)


def _cut(start: int, end: int, spans: Sequence[Span]) -> Iterable[tuple[int, int, bool]]:
    at = start
    for span in spans:
        first, last = max(span[0], at), min(span[1], end)
        if first >= last:
            continue
        if at < first:
            yield at, first, False
        yield first, last, True
        at = last
    if at < end:
        yield at, end, False


def _parse(text: str, start: int, end: int) -> Iterable[tuple[int, int, str]]:
    at = start
    for match in MARKUP.finditer(text, start, end):
        yield at, match.start(), ""
        group = match.lastgroup
        sign = "dim" if group == "link" else "syn"
        inner = match.span(group) if group else (match.end(), match.end())
        yield match.start(), inner[0], sign
        yield *inner, group or ""
        yield inner[1], match.end(), sign
        at = match.end()
    yield at, end, ""


def _framed(pieces: Iterable[tuple[int, int, str]], frames: Iterable[Frame]) -> list[_Piece]:
    """Return the pieces cut where frames begin and end, each with its frame."""
    cut: list[_Piece] = []
    waiting = iter(frames)
    frame = next(waiting, None)
    for start, end, kind in pieces:
        at = start
        while frame is not None and frame[0] < end and at < end:
            if at < frame[0]:
                cut.append((at, frame[0], kind, None))
            last = min(end, frame[1])
            if max(at, frame[0]) < last:
                cut.append((max(at, frame[0]), last, kind, frame))
            at = max(at, last)
            if frame[1] > end:
                break
            frame = next(waiting, None)
        if at < end:
            cut.append((at, end, kind, None))
    return cut


def _dressed(text: str, pieces: Iterable[_Piece]) -> Iterator[str]:
    for frame, own in groupby(pieces, key=itemgetter(3)):
        body = "".join(_dress(text[start:end], kind) for start, end, kind, _ in own)
        yield f"{frame[2]}{body}{frame[3]}" if frame else body


def _dress(text: str, kind: str) -> str:
    if not text:
        return ""
    if kind in _TAGS:
        return f"<{_TAGS[kind]}>{escape(text)}</{_TAGS[kind]}>"
    return f'<span class="cim-{kind}">{escape(text)}</span>' if kind in {"syn", "dim"} else escape(text)
