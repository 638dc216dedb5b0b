"""The notes around the one that is read: its picture, and those that cite it with their sentences; pure."""

from assistant.browse import Backlink, Mention, Reading
from assistant.web import texts
from assistant.web.markup import element, escape, note_url, render_text
from assistant.web.notes import texts as browse_texts
from assistant.web.notes.picture import render_picture
from ingest.french import hold_marks

_OPEN = 10  # backlinks that are shown at once
_SENTENCES = 3  # of one note


def render_backlinks(reading: Reading) -> str:
    """Return what stands below a note: the picture of its links, then « Citée par »."""
    citing = [backlink.card for backlink in reading.cited_by]
    picture = render_picture(reading.note.title, citing, reading.cites)
    rows = [_backlink(backlink) for backlink in reading.cited_by]
    body = element("ul", "", "".join(rows[:_OPEN]))
    if not rows:
        body = element("p", "cim-meta", browse_texts.CITED_BY_NONE)
    if rows[_OPEN:]:
        summary = element("summary", "", browse_texts.CITED_BY_MORE.format(number=len(rows) - _OPEN))
        body += element("details", "", summary + element("ul", "", "".join(rows[_OPEN:])))
    return picture + element("section", "cim-backlinks", f"<h2>{browse_texts.CITED_BY}</h2>{body}")


def _backlink(backlink: Backlink) -> str:
    card = backlink.card
    facts = " · ".join(filter(None, (card.folder.replace("/", " / "), texts.french_date(card.date))))
    first = backlink.mentions[0]
    title = f'<a href="{_url(backlink, first)}">{escape(hold_marks(card.title))}</a>'
    said = "".join(
        f'<p class="cim-said">{render_text(mention.text, (0, len(mention.text)))}</p>'
        for mention in backlink.mentions[:_SENTENCES]
    )
    return f'<li><h3>{title}</h3><p class="cim-meta">{escape(facts)}</p>{said}</li>'


def _url(backlink: Backlink, mention: Mention) -> str:
    return escape(note_url(backlink.card.id, mention.start, mention.end))
