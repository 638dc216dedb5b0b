"""The notes as one browses them: a list, a page at a time, and a note with the links around it; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from zlib import crc32

from assistant.answer import Filters
from assistant.question import admits
from ingest.cards import NoteCard, StoredLink, links_from, links_to, load_cards
from ingest.french import fold, words
from ingest.health.finding import line_starts
from ingest.store import Store, StoredNote

PAGE = 50  # notes on a page of the list
_LOOKED_AT = 20_000_000  # characters, to find again a quotation that moved
_LONGEST = 320  # characters of a sentence on each side of what it is looked up by
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+([^\r\n]{1,500})", re.MULTILINE)
_STOP = re.compile(r"[.!?…][\"»”’)\]*_]*\s+(?=[\"«“(\[*_]*\s?[A-ZÀ-ÖØ-Þ0-9])")

FileState = Literal["same", "changed", "gone"]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the notes is asked for; `page` is 1-based, and `by_date` puts the newest first."""

    text: str = ""
    filters: Filters = field(default_factory=Filters)
    by_date: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a note, and the best of it as a span of `text`; `start` is its offset in the note."""

    text: str
    start: int
    best: Span | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A note of the list, with what a search found in it."""

    card: NoteCard
    excerpt: Excerpt | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list: `first` is the 1-based place of its first entry among `total`."""

    entries: tuple[Entry, ...] = ()
    total: int = 0
    first: int = 1


@dataclass(frozen=True, slots=True)
class Hook:
    """A wikilink of the note one reads, `text[start:end]`; `note_id` is None when nothing hangs there.

    `heading` is the span of the heading it leads to, in the note it leads to.
    """

    start: int
    end: int
    name: str
    note_id: str | None
    heading: Span | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """The sentence of another note in which a link to this one stands: `note_text[start:end] == text`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Backlink:
    """A note that cites the one read, with each sentence that does."""

    card: NoteCard
    mentions: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A note with all that lies around it; `cites` are the notes it links to, each once, in its order."""

    note: StoredNote
    hooks: tuple[Hook, ...] = ()
    cites: tuple[NoteCard, ...] = ()
    cited_by: tuple[Backlink, ...] = ()
    state: FileState = "same"


def list_notes(wanted: Wanted, store: Store) -> list[Entry]:
    """Return the notes that the filters admit, by title as French sorts it, or the newest first."""
    cards = [card for card in load_cards(store) if admits(wanted.filters, card.folder, card.tags, card.date)]
    cards.sort(key=lambda card: (fold(card.title), card.title, card.path))
    if wanted.by_date:
        cards.sort(key=lambda card: card.date or "", reverse=True)
    return [Entry(card) for card in cards]


def cut_page(entries: Sequence[Entry], page: int) -> Listing:
    """Return a page of the list, the last one where there are not as many."""
    last = max(1, -(-len(entries) // PAGE))
    begin = (min(max(page, 1), last) - 1) * PAGE
    return Listing(tuple(entries[begin : begin + PAGE]), len(entries), begin + 1)


def read_around(note: StoredNote, store: Store, state: FileState = "same") -> Reading:
    """Return a note of the store with the notes it cites, and those that cite it."""
    links, mentions = links_from(store, note.row), links_to(store, note.row)
    rows = {row for link in (*links, *mentions) for row in (link.source, link.target) if row is not None}
    cards = {card.row: card for card in load_cards(store, rows)}
    cited = dict.fromkeys(
        link.target for link in links if link.target is not None and link.target != note.row
    )
    aimed = store.notes({link.target for link in links if link.heading and link.target is not None})
    hooks = tuple(_hook(link, cards, aimed) for link in links)
    return Reading(note, hooks, tuple(cards[row] for row in cited), _backlinks(mentions, cards, store), state)


def sentence_at(text: str, start: int, end: int) -> Span:
    """Return the span of the sentence that holds a span; it stays on its line, and is cut when long."""
    line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    first = max(line, start - _LONGEST)
    ends = [at for mark in "\r\n" if (at := text.find(mark, end)) >= 0]
    last = min(min(ends, default=len(text)), end + _LONGEST)
    for stop in _STOP.finditer(text, first, last):
        if stop.end() <= start:
            first = stop.end()
        elif stop.start() >= end:
            last = stop.end()
            break
    found = text[first:last]
    return first + len(found) - len(found.lstrip()), last - len(found) + len(found.rstrip())


def line_span(text: str, line: int) -> Span | None:
    """Return the span of a 1-based line without the white space around it; None when nothing is left."""
    starts = [0, *line_starts(text), len(text)]
    if not 0 < line < len(starts):
        return None
    begin, found = starts[line - 1], text[starts[line - 1] : starts[line]]
    start, end = begin + len(found) - len(found.lstrip()), begin + len(found.rstrip())
    return (start, end) if start < end else None


def find_quote(text: str, span: Span, mark: int | None) -> Span | None:
    """Return where a quotation is now: its span, or the nearest one of its length that says the same.

    Args:
        text: Of the note, which may have been read anew since.
        span: Where it was.
        mark: `quote_mark` of what it says; None where that is not known.
    """
    start, end = span
    if mark is None or quote_mark(text[start:end]) == mark:
        return span if end <= len(text) else None
    size = end - start
    if size > len(text) or size * len(text) > _LOOKED_AT:
        return None
    places = sorted(range(len(text) - size + 1), key=lambda place: abs(place - start))
    at = next((place for place in places if quote_mark(text[place : place + size]) == mark), None)
    return None if at is None else (at, at + size)


def quote_mark(text: str) -> int:
    """Return a number that tells a text from the others that may stand in its place."""
    return crc32(text.encode("utf-8", "surrogatepass"))


def _hook(link: StoredLink, cards: Mapping[int, NoteCard], aimed: Mapping[int, StoredNote]) -> Hook:
    if link.target is None:
        return Hook(link.start, link.end, link.name, None)
    heading = _heading(aimed[link.target].text, link.heading) if link.target in aimed else None
    return Hook(link.start, link.end, link.name, cards[link.target].id, heading)


def _heading(text: str, name: str) -> Span | None:
    """Return the span of the heading of this name, of its last part where it is a path; None without any."""
    wanted = words(name.rpartition("#")[2])
    spans = (found.span(1) for found in _HEADING.finditer(text))
    return next((span for span in spans if wanted and words(text[slice(*span)]) == wanted), None)


def _backlinks(
    links: Iterable[StoredLink], cards: Mapping[int, NoteCard], store: Store
) -> tuple[Backlink, ...]:
    """Return the notes that links come from, by title, with the sentences the links stand in."""
    by_source: dict[int, list[StoredLink]] = {}
    for link in links:
        by_source.setdefault(link.source, []).append(link)
    texts = {row: note.text for row, note in store.notes(by_source).items()}
    found = []
    for row, own in by_source.items():
        spans = dict.fromkeys(sentence_at(texts[row], link.start, link.end) for link in own)
        mentions = tuple(Mention(texts[row][start:end], start, end) for start, end in spans)
        found.append(Backlink(cards[row], mentions))
    return tuple(sorted(found, key=lambda backlink: (fold(backlink.card.title), backlink.card.path)))
