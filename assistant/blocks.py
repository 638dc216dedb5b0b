"""Read the lines of a passage as blocks: headings, paragraphs, list items, rows of tables.

Offsets are those of the raw slice; marks of quotation (« > ») are seen through.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.clean import clean, hidden_spans

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_QUOTED = re.compile(r"[ \t]*(?:>[ \t]?)+")
_CALLOUT = re.compile(r"\[!\w{1,30}\][-+]?[ \t]*")
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}(?:[ \t]+|$)")
_FENCE = re.compile(r"[ \t]{0,3}(?:`{3,}|~{3,})")
_RULE = re.compile(r"[ \t]*(?:[-*_=][ \t]*){3,}")
_ROW = re.compile(r"[ \t]*\|")
_UNDER_HEAD = re.compile(r"[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t:-]*")
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,3}[.)])[ \t]+(?:\[[ xX/-]\][ \t]+)?(?=\S)")
_FIELD = re.compile(r"(?:\*\*|__)?[^\W\d_][\w ’'-]{0,40}(?:\*\*|__)?[ \u00a0]?:{1,2}(?:\*\*|__)?[ \t]+\S")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\n]{1,100}\]:[ \t]*")
_BOLD = re.compile(r"(?:\*\*|__)[^\r\n]{1,200}(?:\*\*|__)[ \t]*:?")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SHORT_LINE = 60  # characters: wrapped lines are longer
_CLOSING = '.!?…:»")]'
LINKED = re.compile(
    r"!?\[\[[^\[\]\n]{1,500}\]\]|!?\[[^\[\]\n]{0,1000}\]\([^()\n]{0,2000}(?:\([^()\n]{0,500}\))?[^()\n]{0,500}\)|https?://\S{1,2000}"
)


@dataclass(slots=True)
class Block:
    """Lines that belong together.

    `kind` is `paragraph`, `item`, `row` or `heading`. `indent` is that of an item (columns). `first` tells
    that it opens a section; `label` is what stands over it in bold, or as the title of its callout; `head`
    is the span of the row that names the columns of a row, None for none.
    """

    kind: str
    start: int
    end: int
    first: bool
    label: str = ""
    indent: int = 0
    head: tuple[int, int] | None = None


def read_blocks(text: str) -> list[Block]:
    """Return the blocks of a passage in order; code, comments, rules and heads of tables are none."""
    return list(_Reader(text).blocks())


def is_bare(raw: str) -> bool:
    """Tell whether a line is a link and next to nothing else."""
    return bool(LINKED.search(raw)) and len(_WORD.findall(clean(LINKED.sub(" ", raw)))) < 4


class _Reader:
    """Reads line after line; what a line opens, the next ones may go on with."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._hidden = hidden_spans(text)
        self._open: Block | None = None
        self._fenced = False
        self._first = True
        self._label = ""
        self._head: tuple[int, int] | None = None

    def blocks(self) -> Iterator[Block]:
        for match in _LINE.finditer(self._text):
            start, end = match.start(), match.start() + len(match.group().rstrip())
            yield from self._read(*self._unquoted(start, max(start, end)))
        yield from self._close()

    def _unquoted(self, start: int, end: int) -> tuple[int, int]:
        quoted = _QUOTED.match(self._text, start, end)
        return (quoted.end() if quoted and not self._fenced else start), end

    def _read(self, start: int, end: int) -> Iterator[Block]:
        line = self._text[start:end]
        if (fence := _FENCE.match(line)) or self._fenced or self._is_hidden(start):
            self._fenced ^= bool(fence)
            self._head = None
            yield from self._close()
        elif heading := _HEADING.match(line):
            yield from self._close()
            self._first, self._label, self._head = True, "", None
            yield from self._whole(Block("heading", start + heading.end(), end, True))
        elif _ROW.match(line):
            yield from self._close()
            yield from self._read_row(start, end)
        else:
            self._head = None
            yield from self._read_words(line, start, end)

    def _read_row(self, start: int, end: int) -> Iterator[Block]:
        below = _LINE.match(self._text, end + 1 if self._text[end : end + 2] != "\r\n" else end + 2)
        if self._head is None and below and _UNDER_HEAD.fullmatch(_QUOTED.sub("", below.group().rstrip(), 1)):
            self._head = start, end
        elif not _UNDER_HEAD.fullmatch(self._text, start, end):
            yield from self._whole(Block("row", start, end, self._first, self._label, head=self._head))

    def _read_words(self, line: str, start: int, end: int) -> Iterator[Block]:
        item, note, callout = _ITEM.match(line), _FOOTNOTE.match(line), _CALLOUT.match(line)
        if not line.strip() or _RULE.fullmatch(line):
            yield from self._close()
        elif item:
            yield from self._close()
            indent = len(item[1].expandtabs(4))
            self._open = Block("item", start + item.end(), end, self._first, self._label, indent)
        elif note:
            yield from self._close()
            self._open = Block("paragraph", start + note.end(), end, False)
        elif callout or (_BOLD.fullmatch(line) and not self._open):
            yield from self._close()
            yield from self._whole(
                Block("paragraph", start + (callout.end() if callout else 0), end, self._first, self._label)
            )
            self._label = clean(line)
        elif is_bare(line) and (self._open is None or self._text[self._open.end - 1] in _CLOSING):
            yield from self._close()
        elif self._open is None or self._parts(self._open, line):
            yield from self._go_on(start, end)
        else:
            self._open.end = end

    def _parts(self, block: Block, line: str) -> bool:
        """Tell whether a line is no more of its block: another named thing, or a sentence under a title."""
        above = self._text[block.start : block.end]
        if _FIELD.match(line):
            return bool(_FIELD.match(above))
        titled = len(above) < _SHORT_LINE and above[-1].isalnum()
        return titled and line[-1] in _CLOSING and line.lstrip("*_ \t«\u00a0")[:1].isupper()

    def _go_on(self, start: int, end: int) -> Iterator[Block]:
        """Open a block under the one before it, if any, whose short line stands over it."""
        above = self._open
        yield from self._close()
        if above is None:
            self._open = Block("paragraph", start, end, self._first, self._label)
        else:
            label = " ".join((above.label, clean(self._text[above.start : above.end])))
            self._open = Block(above.kind, start, end, False, label.strip(), above.indent)

    def _whole(self, block: Block) -> Iterator[Block]:
        """Yield a block of one line, unless nothing is in it."""
        if block.start < block.end:
            yield block
            self._first = block.kind == "heading"

    def _close(self) -> Iterator[Block]:
        if self._open is not None:
            yield self._open
            self._first = False
            self._open = None

    def _is_hidden(self, position: int) -> bool:
        return any(start <= position < end for start, end in self._hidden)
