"""Cut a passage into statements: whole sentences and list items that can be read on their own.

Works on the lines of the raw slice, so that every statement is one or two exact spans of the note.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ingest.clean import clean, hidden_spans
from ingest.french import fold

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}(?:[ \t]|$)")
_FENCE = re.compile(r"[ \t]{0,3}(?:`{3,}|~{3,})")
_RULE = re.compile(r"[ \t]*(?:[-*_=][ \t]*){3,}")
_TABLE = re.compile(r"[ \t]*\|")
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,3}[.)])[ \t]+(?=\S)")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\n]{1,100}\]:[ \t]*")
_LINKED = re.compile(
    r"!?\[\[[^\[\]\n]{1,500}\]\]|!?\[[^\[\]\n]{0,1000}\]\([^()\n]{0,2000}(?:\([^()\n]{0,500}\))?[^()\n]{0,500}\)|https?://\S{1,2000}"
)
_STOP = re.compile(r"[.!?…]+\s»(?=\s)|[.!?…]+[\"»”’)\]*_]*(?:\[\^[^\[\]\n]{1,100}\])*[\"»”’)\]*_]*(?=\s)")
_NEXT = re.compile(r"\s+[\"«“(\[*_]*\s?[A-ZÀ-ÖØ-Þ0-9\[-]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:M|MM|Mme|Mmes|Mlle|Dr|Pr|St|Ste|cf|p|pp|art|vol|no|n|éd|ed|dir|coll|chap|fig|env|av|apr|ex|etc|al|Inc)|\b[A-ZÀ-ÖØ-Þ](?:\.-[A-Z])?)\.$"
)
_ANAPHORA = re.compile(
    r"(?:(?:il|elle|ils|elles|celui|celle|ceux|celles|cela|ceci|ce|c'est|cet|cette|ces|leur|leurs|son|sa|ses|"
    r"en effet|ainsi|de plus|en outre|par exemple|egalement|neanmoins|toutefois|cependant|enfin|ensuite|puis|"
    r"d'autres|pour cela|le second|le premier|selon (?:lui|elle|eux|elles)|d'apres (?:lui|elle))\b)"
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_CLOSING = '.!?…:»")]'
_LETTERS = re.compile(r"[a-zà-öø-ÿ]{2}")
_WHOLE_LIST = 600
_WHOLE_ITEM = 450


@dataclass(frozen=True, slots=True)
class Statement:
    """What can be quoted by itself.

    `spans` are offsets into the text split, in order: one span, or a lead-in and a later item of its list.
    `text` is the cleaned view; `own_text` is the part of it that is neither link text nor lead-in.
    `first` tells that it opens a section.
    """

    spans: tuple[tuple[int, int], ...]
    text: str
    own_text: str
    first: bool


@dataclass(slots=True)
class _Block:
    """A paragraph or list item: `indent` is None for a paragraph."""

    start: int
    end: int
    indent: int | None
    first: bool
    bare: bool = False


@lru_cache(maxsize=512)
def split_statements(text: str) -> tuple[Statement, ...]:
    """Return the statements of a passage in order; headings, bare links, code and tables' rules are none.

    Those of the last passages are kept: the verdict, the writer and the grounding ask for the same.
    """
    blocks = list(_blocks(text))
    statements: list[Statement] = []
    position = 0
    while position < len(blocks):
        block = blocks[position]
        if block.indent is None and _leads(text, block):
            items = _items_after(blocks, position)
            statements += _led(text, block, items)
            position += 1 + len(items)
        elif block.indent is not None and _is_bare(text[block.start : block.end]):
            children = _children_after(blocks, position)
            statements += _attributed(text, block, children)
            position += 1 + len(children)
        else:
            statements += _plain(text, block)
            position += 1
    return tuple(statements)


def sentence_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the trimmed sentences of `text[start:end]`; no cut falls in a link or after an abbreviation."""
    linked = [match.span() for match in _LINKED.finditer(text, start, end)]
    spans = []
    opening = start
    for stop in _STOP.finditer(text, start, end):
        cut = stop.end()
        inside = any(a < cut < b for a, b in linked)
        if inside or not _NEXT.match(text, cut, end) or _ABBREVIATION.search(text, opening, cut):
            continue
        spans.append((opening, cut))
        opening = cut
    spans.append((opening, end))
    return [trimmed for a, b in spans if (trimmed := _trim(text, a, b))]


def _blocks(text: str) -> Iterator[_Block]:
    hidden = hidden_spans(text)
    current: _Block | None = None
    fenced = False
    first = True
    for match in _LINE.finditer(text):
        start, end = match.start(), match.start() + len(match.group().rstrip("\r\n"))
        line = text[start:end]
        item = _ITEM.match(line)
        other = _HEADING.match(line) or _RULE.fullmatch(line) or _TABLE.match(line)
        in_comment = any(a <= start < b for a, b in hidden)
        fence = _FENCE.match(line)
        if fence or fenced or in_comment or other or item or not line.strip() or _FOOTNOTE.match(line):
            if current is not None:
                yield current
                first = False
                current = None
            first = first or bool(_HEADING.match(line))
            fenced ^= bool(fence)
            if item and not (fence or fenced or other or in_comment):
                current = _Block(
                    start + item.end(), start + len(line.rstrip()), len(item[1].expandtabs(4)), first
                )
            elif (note := _FOOTNOTE.match(line)) and not fenced:
                current = _Block(start + note.end(), end, None, False)
        elif _is_bare(line) and (current is None or text[current.end - 1] in _CLOSING):
            if current is not None:
                yield current
                current = None
        elif current is None:
            current = _Block(start, end, None, first)
        else:
            current.end = start + len(line.rstrip())
    if current is not None:
        yield current


def _leads(text: str, block: _Block) -> bool:
    return clean(text[block.start : block.end]).endswith(":")


def _items_after(blocks: list[_Block], position: int) -> list[_Block]:
    items = []
    for block in blocks[position + 1 :]:
        if block.indent is None or (block.first and not blocks[position].first):
            break
        items.append(block)
    return items


def _children_after(blocks: list[_Block], position: int) -> list[_Block]:
    parent = blocks[position].indent or 0
    children = []
    for block in blocks[position + 1 :]:
        if block.indent is None or block.indent <= parent:
            break
        children.append(block)
    return children


def _led(text: str, block: _Block, items: list[_Block]) -> Iterator[Statement]:
    """Yield a paragraph's sentences, the last one with the list it announces: whole, or item by item."""
    *before, lead = sentence_spans(text, block.start, block.end)
    yield from _sentences(text, before, block.first)
    if not items:
        return
    if items[-1].end - lead[0] <= _WHOLE_LIST:
        yield from _statement(text, ((lead[0], items[-1].end),), block.first, _listed(text, lead, items))
        return
    for item in items:
        yield from _with_lead(text, lead, item)


def _attributed(text: str, parent: _Block, children: list[_Block]) -> Iterator[Statement]:
    """Yield the items under a bare link, each with that link, which says whose words they are."""
    lead = (parent.start, parent.end)
    for child in children:
        if not _is_bare(text[child.start : child.end]):
            yield from _with_lead(text, lead, child)


def _with_lead(text: str, lead: tuple[int, int], item: _Block) -> Iterator[Statement]:
    span = _trim(text, item.start, item.end)
    if span:
        glued = f"{_closed(clean(text[lead[0] : lead[1]]))} {clean(text[span[0] : span[1]])}"
        yield from _statement(text, (_trim(text, *lead) or lead, span), False, glued)


def _plain(text: str, block: _Block) -> Iterator[Statement]:
    if block.indent is not None and block.end - block.start <= _WHOLE_ITEM:
        span = _trim(text, block.start, block.end)
        if span:
            yield from _statement(text, (span,), block.first)
        return
    yield from _sentences(text, sentence_spans(text, block.start, block.end), block.first)


def _sentences(text: str, spans: list[tuple[int, int]], first: bool) -> Iterator[Statement]:
    """Yield sentences; one that leans on the sentence before it (« Elle… », « De plus… ») takes it along."""
    previous: tuple[int, int] | None = None
    for number, (start, end) in enumerate(spans):
        leaning = previous is not None and _ANAPHORA.match(fold(clean(text[start:end])))
        opening = (
            previous[0] if previous is not None and leaning and end - previous[0] <= _WHOLE_ITEM else start
        )
        yield from _statement(text, ((opening, end),), first and number == 0)
        previous = (start, end)


def _statement(
    text: str, spans: tuple[tuple[int, int], ...], first: bool, shown: str | None = None
) -> Iterator[Statement]:
    proper = text[spans[-1][0] : spans[-1][1]]
    own = clean(_LINKED.sub(" ", proper))
    if len(_WORD.findall(own)) >= 4 and _LETTERS.search(own):
        yield Statement(spans, shown if shown is not None else clean(proper), own, first)


def _listed(text: str, lead: tuple[int, int], items: list[_Block]) -> str:
    parts = [clean(text[item.start : item.end]).rstrip(" ;,.") for item in items]
    return f"{clean(text[lead[0] : lead[1]])} {' ; '.join(part for part in parts if part)}."


def _closed(lead: str) -> str:
    return lead if lead.endswith((":", ".", "!", "?", "…")) else f"{lead}\u00a0:"


def _is_bare(raw: str) -> bool:
    """Tell whether an item is a link and next to nothing else."""
    return bool(_LINKED.search(raw)) and len(_WORD.findall(clean(_LINKED.sub(" ", raw)))) < 4


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    stripped = piece.strip()
    if not stripped:
        return None
    first = start + len(piece) - len(piece.lstrip())
    return first, first + len(stripped)
