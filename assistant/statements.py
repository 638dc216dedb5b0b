"""Cut a passage into statements: whole sentences, list items and rows of tables that can be read alone.

Every statement is one or two exact spans of the note.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from assistant.blocks import LINKED, Block, is_bare, read_blocks
from ingest.clean import clean
from ingest.french import fold

_STOP = re.compile(r"[.!?…]+\s»(?=\s)|[.!?…]+[\"»”’)\]*_]*(?:\[\^[^\[\]\n]{1,100}\])*[\"»”’)\]*_]*(?=\s)")
_NEXT = re.compile(r"\s+[\"«“(\[*_]*\s?[A-ZÀ-ÖØ-Þ0-9\[-]")
_SAID = re.compile(r"«[^«»]{1,300}»")
_ABBREVIATION = re.compile(
    r"(?:\b(?:M|MM|Mme|Mmes|Mlle|Dr|Pr|St|Ste|cf|p|pp|art|vol|no|n|éd|ed|dir|coll|chap|fig|env|av|apr|ex|etc|al|Inc|"
    r"inv|réf|tél|hab)|\b[A-ZÀ-ÖØ-Þ](?:\.-[A-Z])?)\.$"
)
_ANAPHORA = re.compile(
    r"(?:(?:il|elle|ils|elles|celui|celle|ceux|celles|cela|ceci|ce|c'est|cet|cette|ces|leur|leurs|son|sa|ses|"
    r"en effet|ainsi|de plus|en outre|par exemple|egalement|neanmoins|toutefois|cependant|enfin|ensuite|puis|"
    r"d'autres|pour cela|le second|le premier|selon (?:lui|elle|eux|elles)|d'apres (?:lui|elle))\b)"
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_LETTERS = re.compile(r"[a-zà-öø-ÿ]{2}")
_FIGURE, _NAMING = re.compile(r"\d"), re.compile(r"\S[ \u00a0\u202f]?:\s")
_CELL = re.compile(r"(?<!\\)\|")
_WHOLE_LIST = 600
_WHOLE_ITEM = 450
_SHORT_ITEM = 60  # characters: shorter ones are read together, under what stands over them


@dataclass(frozen=True, slots=True)
class Statement:
    """What can be quoted by itself.

    `spans` are offsets into the text split, in order: one span, or a lead-in and a later item of its list,
    or the head of a table and one of its rows. `text` is the cleaned view; `own_text` is the part of it that
    is neither link text nor lead-in; `label` is what stands over it: a line in bold, the title of its
    callout. `first` tells that it opens a section.
    """

    spans: tuple[tuple[int, int], ...]
    text: str
    own_text: str
    first: bool
    label: str = ""


@lru_cache(maxsize=512)
def split_statements(text: str) -> tuple[Statement, ...]:
    """Return the statements of a passage in order; headings, bare links and code are none.

    Those of the last passages are kept: the verdict, the writer and the grounding ask for the same.
    """
    blocks = read_blocks(text)
    statements: list[Statement] = []
    position = 0
    while position < len(blocks):
        block, after = blocks[position], blocks[position + 1 :]
        followers: list[Block] = []
        if block.kind == "paragraph" and _leads(text, block):
            followers = _items(after, opens=block.first)
            statements += _led(text, block, followers)
        elif block.kind == "heading":
            followers = _short_list(text, block, _items(after, opens=True))
            statements += _headed(text, block, followers)
        elif block.kind == "item" and is_bare(text[block.start : block.end]):
            followers = _children(block, after)
            statements += _attributed(text, block, followers)
        elif block.kind == "row":
            statements += _row(text, block)
        else:
            statements += _plain(text, block)
        position += 1 + len(followers)
    return tuple(statements)


def sentence_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the trimmed sentences of `text[start:end]`; none is cut in a link, or in a short quotation."""
    kept = [match.span() for pattern in (LINKED, _SAID) for match in pattern.finditer(text, start, end)]
    spans = []
    opening = start
    for stop in _STOP.finditer(text, start, end):
        cut = stop.end()
        inside = any(a < cut < b for a, b in kept)
        if inside or not _NEXT.match(text, cut, end) or _ABBREVIATION.search(text, opening, cut):
            continue
        spans.append((opening, cut))
        opening = cut
    spans.append((opening, end))
    return [trimmed for a, b in spans if (trimmed := _trim(text, a, b))]


def _leads(text: str, block: Block) -> bool:
    return clean(text[block.start : block.end]).endswith(":")


def _items(blocks: Sequence[Block], *, opens: bool) -> list[Block]:
    """Return the items that come first; those of a section that they open themselves are another's."""
    return list(takewhile(lambda block: block.kind == "item" and (opens or not block.first), blocks))


def _children(parent: Block, blocks: Sequence[Block]) -> list[Block]:
    return list(takewhile(lambda block: block.kind == "item" and block.indent > parent.indent, blocks))


def _short_list(text: str, heading: Block, items: list[Block]) -> list[Block]:
    """Return the items right under a heading where each says little alone, and all can be read at once."""
    if len(items) < 2 or items[-1].end - heading.start > _WHOLE_LIST:
        return []
    raws = [text[item.start : item.end] for item in items]
    short = sum(map(len, map(clean, raws))) < _SHORT_ITEM * len(raws)
    return items if short and sum(map(is_bare, raws)) <= len(raws) / 2 else []


def _headed(text: str, heading: Block, items: list[Block]) -> Iterator[Statement]:
    if items:
        span = _trim(text, heading.start, heading.end) or (heading.start, heading.end)
        yield from _statement(text, ((span[0], items[-1].end),), True, _listed(text, span, items))


def _led(text: str, block: Block, items: list[Block]) -> Iterator[Statement]:
    """Yield a paragraph's sentences, the last one with the list it announces: whole, or item by item."""
    *before, lead = sentence_spans(text, block.start, block.end)
    yield from _sentences(text, before, block)
    if not items:
        return
    if items[-1].end - lead[0] <= _WHOLE_LIST:
        yield from _statement(text, ((lead[0], items[-1].end),), block.first, _listed(text, lead, items))
        return
    for item in items:
        yield from _with_lead(text, lead, item)


def _attributed(text: str, parent: Block, children: list[Block]) -> Iterator[Statement]:
    """Yield the items under a bare link, each with that link, which says whose words they are."""
    lead = (parent.start, parent.end)
    for child in children:
        if not is_bare(text[child.start : child.end]):
            yield from _with_lead(text, lead, child)


def _with_lead(text: str, lead: tuple[int, int], item: Block) -> Iterator[Statement]:
    span = _trim(text, item.start, item.end)
    if span:
        glued = f"{_closed(clean(text[lead[0] : lead[1]]))} {clean(text[span[0] : span[1]])}"
        yield from _statement(text, (_trim(text, *lead) or lead, span), False, glued)


def _row(text: str, row: Block) -> Iterator[Statement]:
    """Yield a row of a table, each cell after the name of its column."""
    names = _cells(text, row.head) if row.head else []
    cells = _cells(text, (row.start, row.end))
    named = [
        f"{name}\u00a0: {cell}" if name else cell
        for cell, name in zip(cells, [*names, *[""] * len(cells)], strict=False)
        if cell
    ]
    spans = ((row.start, row.end),) if row.head is None else (row.head, (row.start, row.end))
    shown = "\u202f; ".join(named) + "."
    if _says(shown):
        yield Statement(spans, shown, _own(shown), row.first, row.label)


def _cells(text: str, span: tuple[int, int]) -> list[str]:
    return [
        clean(cell.replace("\\|", "|")) for cell in _CELL.split(text[span[0] : span[1]].strip().strip("|"))
    ]


def _plain(text: str, block: Block) -> Iterator[Statement]:
    if block.kind == "item" and block.end - block.start <= _WHOLE_ITEM:
        span = _trim(text, block.start, block.end)
        if span:
            yield from _statement(text, (span,), block.first, label=block.label)
        return
    yield from _sentences(text, sentence_spans(text, block.start, block.end), block)


def _sentences(text: str, spans: list[tuple[int, int]], block: Block) -> Iterator[Statement]:
    """Yield sentences; one that leans on the sentence before it (« Elle… », « De plus… ») takes it along."""
    previous: tuple[int, int] | None = None
    for number, (start, end) in enumerate(_whole_thoughts(text, spans)):
        leaning = previous is not None and _ANAPHORA.match(fold(clean(text[start:end])))
        opening = (
            previous[0] if previous is not None and leaning and end - previous[0] <= _WHOLE_ITEM else start
        )
        yield from _statement(text, ((opening, end),), block.first and number == 0, label=block.label)
        previous = (start, end)


def _whole_thoughts(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the sentences, one that says too little alone (« Jauge : 12. ») with the next, or the last."""
    whole: list[tuple[int, int]] = []
    opening: int | None = None
    for start, end in spans:
        begin = start if opening is None or end - opening > _WHOLE_ITEM else opening
        if _says(_own(text[begin:end])):
            whole.append((begin, end))
            opening = None
        else:
            opening = begin
    if opening is not None and whole and spans[-1][1] - whole[-1][0] <= _WHOLE_ITEM:
        whole[-1] = (whole[-1][0], spans[-1][1])
    return whole


def _statement(
    text: str, spans: tuple[tuple[int, int], ...], first: bool, shown: str | None = None, label: str = ""
) -> Iterator[Statement]:
    proper = text[spans[-1][0] : spans[-1][1]]
    own = _own(proper)
    if _says(own):
        yield Statement(spans, shown if shown is not None else clean(proper), own, first, label)


def _own(raw: str) -> str:
    return clean(LINKED.sub(" ", raw))


def _says(own: str) -> bool:
    """Tell whether words can be read alone: four of them; fewer with a figure, or that name and tell."""
    needed = 4 - 2 * bool(_FIGURE.search(own)) - 2 * bool(_NAMING.search(own))
    return bool(_LETTERS.search(own)) and len(_WORD.findall(own)) >= max(needed, 1)


def _listed(text: str, lead: tuple[int, int], items: list[Block]) -> str:
    parts = [clean(text[item.start : item.end]).rstrip(" ;,.") for item in items]
    return f"{_closed(clean(text[lead[0] : lead[1]]))} {' ; '.join(part for part in parts if part)}."


def _closed(lead: str) -> str:
    return lead if lead.endswith((":", ".", "!", "?", "…")) else f"{lead}\u00a0:"


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    stripped = piece.strip()
    if not stripped:
        return None
    first = start + len(piece) - len(piece.lstrip())
    return first, first + len(stripped)
