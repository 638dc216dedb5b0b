"""The view of the notes: a search, the folders and tags it can keep to, the list; pure."""

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import quote, urlencode

from assistant.browse import Entry, Listing, Wanted
from assistant.scope import Scope
from assistant.web import texts
from assistant.web.excerpt import render_excerpt
from assistant.web.markup import element, escape, note_url, render_text
from assistant.web.notes import texts as browse_texts
from ingest.french import hold_marks

NOTES, HEALTH = "/notes", "/notes/health"
_TAGS = 24  # that are shown at once
_BEGINNING = 220  # characters of a note that no sentence of is marked


def notes_url(wanted: Wanted) -> str:
    """Return the address of what is asked for, relative to our server."""
    pairs = [("q", wanted.text)] if wanted.text else []
    pairs += [("folder", folder) for folder in wanted.filters.folders]
    pairs += [("tag", tag) for tag in wanted.filters.tags]
    pairs += [("order", "date")] if wanted.by_date else []
    pairs += [("page", str(wanted.page))] if wanted.page > 1 else []
    return f"{NOTES}?{urlencode(pairs, quote_via=quote, errors='replace')}" if pairs else NOTES


def render_notes(wanted: Wanted, listing: Listing, scope: Scope, *, fault: str = "") -> str:
    """Return the view.

    Args:
        wanted: What is asked for.
        listing: The page of it.
        scope: The folders and tags of the vault.
        fault: A sentence that says why nothing could be looked up.
    """
    side = f'<div class="cim-parts">{_parts(wanted, scope)}{_health()}</div>'
    found = f'<div class="cim-found">{_head(wanted, listing)}{_list(wanted, listing, fault)}</div>'
    title = f'<h1 tabindex="-1">{browse_texts.NOTES_TITLE}</h1>'
    top = f'<div class="cim-top">{title}{_search(wanted)}</div>'
    return f'<div class="cim-view cim-browse">{top}{side}{found}</div>'


def _search(wanted: Wanted) -> str:
    kept = [("folder", folder) for folder in wanted.filters.folders]
    kept += [("tag", tag) for tag in wanted.filters.tags]
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in kept)
    field = (
        f'<input type="search" name="q" id="cim-notes-q" maxlength="200" value="{escape(wanted.text)}" '
        f'aria-label="{browse_texts.SEARCH}" placeholder="{browse_texts.SEARCH}" autocomplete="off">'
    )
    button = f'<button type="submit">{browse_texts.SEARCH_DO}</button>'
    return (
        f'<form class="cim-search" role="search" action="{NOTES}" method="get">{field}{hidden}{button}</form>'
    )


def _parts(wanted: Wanted, scope: Scope) -> str:
    filters = wanted.filters
    folders = [
        _part(
            replace(wanted, filters=replace(filters, folders=(name,)), page=1),
            name.rpartition("/")[2],
            notes,
            here=name in filters.folders,
            depth=name.count("/"),
        )
        for name, notes in scope.folders
    ]
    tags = [
        _part(
            replace(wanted, filters=replace(filters, tags=(name,)), page=1),
            f"#{name}",
            notes,
            here=name in filters.tags,
        )
        for name, notes in scope.tags
    ]
    first, rest = tags[:_TAGS], tags[_TAGS:]
    blocks = _block(browse_texts.FOLDERS, folders) + _block(browse_texts.TAGS, first, rest)
    return f'<nav aria-label="{browse_texts.PARTS}">{blocks}</nav>' if blocks else ""


def _part(wanted: Wanted, name: str, notes: int, *, here: bool, depth: int = 0) -> str:
    """Return a link to a part of the vault; `depth` is that of a folder in others."""
    current = ' aria-current="true"' if here else ""
    nested = f' class="cim-depth-{min(depth, 4)}"' if depth else ""
    number = f'<span class="cim-count">{notes}</span>'
    return f'<li{nested}><a href="{escape(notes_url(wanted))}"{current}>{escape(name)}{number}</a></li>'


def _block(title: str, rows: list[str], rest: Iterable[str] = ()) -> str:
    if not rows:
        return ""
    hidden = list(rest)
    summary = element("summary", "", browse_texts.TAGS_MORE.format(number=len(hidden)))
    more = element("details", "", summary + element("ul", "", "".join(hidden))) if hidden else ""
    return element("h2", "", title) + element("ul", "", "".join(rows)) + more


def _health() -> str:
    return (
        f'<p class="cim-to-health"><a href="{HEALTH}" data-says="{browse_texts.EXAMINING}">'
        f'{browse_texts.HEALTH_LINK}</a><span class="cim-meta">{browse_texts.HEALTH_LINK_WHY}</span></p>'
    )


def _head(wanted: Wanted, listing: Listing) -> str:
    """Return how many notes there are, what they were kept to, and how they are sorted."""
    filters = wanted.filters
    chips = [
        (replace(wanted, filters=replace(filters, folders=()), page=1), folder) for folder in filters.folders
    ]
    chips += [(replace(wanted, filters=replace(filters, tags=()), page=1), f"#{tag}") for tag in filters.tags]
    if wanted.text:
        chips.insert(0, (replace(wanted, text="", page=1), f"«\u00a0{wanted.text}\u00a0»"))
    removes = element("span", "cim-sr", browse_texts.REMOVE)
    taken = "".join(
        f'<a class="cim-chip" href="{escape(notes_url(to))}">{removes}{escape(name)}</a>'
        for to, name in chips
    )
    number = f'<p class="cim-number">{browse_texts.notes_found(listing.total)}</p>'
    return f'<div class="cim-list-head">{number}<div class="cim-chips">{taken}</div>{_order(wanted)}</div>'


def _order(wanted: Wanted) -> str:
    if wanted.text:
        return f'<p class="cim-order">{browse_texts.BY_RANK}</p>'
    links = []
    for by_date, name in ((False, browse_texts.BY_TITLE), (True, browse_texts.BY_DATE)):
        url = escape(notes_url(replace(wanted, by_date=by_date, page=1)))
        here = ' aria-current="true"' if wanted.by_date == by_date else ""
        links.append(f'<a href="{url}"{here}>{name}</a>')
    return f'<p class="cim-order"><span>{browse_texts.ORDER}</span> {" ".join(links)}</p>'


def _list(wanted: Wanted, listing: Listing, fault: str) -> str:
    if fault or not listing.total:
        said = fault or (browse_texts.NONE_FOUND if wanted.text else browse_texts.NONE_HERE)
        hint = "" if fault else element("p", "cim-meta", browse_texts.NONE_HINT)
        return f'<div class="cim-empty"><p>{escape(said)}</p>{hint}</div>'
    rows = "".join(map(_entry, listing.entries))
    return f'<ul class="cim-entries">{rows}</ul>{_pages(wanted, listing)}'


def _entry(entry: Entry) -> str:
    card, excerpt = entry.card, entry.excerpt
    tags = " ".join(f"#{tag}" for tag in card.tags[:4])
    facts = (
        texts.french_date(card.date),
        card.folder.replace("/", " / "),
        tags,
        browse_texts.cited_by(card.cited),
    )
    said, url = "", note_url(card.id)
    if excerpt is not None and excerpt.best is not None:
        first, last = excerpt.best
        url = note_url(card.id, excerpt.start + first, excerpt.start + last)
        said = render_excerpt(excerpt.text, [excerpt.best])
    elif excerpt is not None:
        said = _beginning(excerpt.text)
    quote_html = element("p", "cim-said", said) if said else ""
    title = f'<h2><a href="{escape(url)}">{escape(hold_marks(card.title))}</a></h2>'
    return f'<li>{title}<p class="cim-meta">{escape(" · ".join(filter(None, facts)))}</p>{quote_html}</li>'


def _beginning(text: str) -> str:
    """Return the first words of a text."""
    if len(text) <= _BEGINNING:
        return render_text(text, (0, len(text)))
    return f"{render_text(text, (0, max(text.rfind(' ', 0, _BEGINNING), 1)))} …"


def _pages(wanted: Wanted, listing: Listing) -> str:
    last = listing.first + len(listing.entries) - 1
    if len(listing.entries) == listing.total:
        return ""
    links = [
        f'<a class="cim-btn" href="{escape(notes_url(replace(wanted, page=page)))}">{name}</a>'
        for page, name, holds in (
            (wanted.page - 1, browse_texts.BEFORE, listing.first > 1),
            (wanted.page + 1, browse_texts.MORE, last < listing.total),
        )
        if holds
    ]
    where = f'<span class="cim-meta">{browse_texts.shown(listing.first, last, listing.total)}</span>'
    return f'<nav class="cim-pages" aria-label="{browse_texts.PAGES}">{where}{"".join(links)}</nav>'
