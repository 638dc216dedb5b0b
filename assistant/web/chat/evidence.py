"""The evidence column: the passages behind an answer, their quotations marked; pure."""

from collections.abc import Sequence
from functools import lru_cache

from assistant.answer import Answer, Citation, Passage
from assistant.web import texts
from assistant.web.chat.render import render_claim
from assistant.web.excerpt import render_excerpt
from assistant.web.markup import Span, element, escape, note_url, render_text


def render_legend() -> str:
    """Return what the evidence column shows before the first question: how to read an answer."""
    number, opens = texts.LEGEND_NUMBER
    rows = [(kind, texts.LABELS[kind], escape(text)) for kind, text in texts.LEGEND]
    rows.append(("supported", texts.PASSAGE, f'{number} <span class="cim-cite">1</span> {opens}'))
    claims = "".join(render_claim(kind, label, text) for kind, label, text in rows)
    return f'{_heading(texts.LEGEND_TITLE, texts.LEGEND_LEAD)}<div class="cim-legend">{claims}</div></div>'


def render_evidence(answer: Answer, *, done: bool, asked: str = "") -> str:
    """Return the passages the writer was given: those cited with their quotations, then the others, folded.

    Args:
        answer: The sum of the parts received.
        done: Whether the last part came; until then no passage moves into the fold.
        asked: Its question, named where other answers stand beside.
    """
    about = element("p", "cim-eyebrow", escape(texts.about_question(asked))) if asked else ""
    return about + _list(answer, done=done)


def _list(answer: Answer, *, done: bool) -> str:
    numbers = {citation.number for citation in answer.citations}
    cited = sorted((p for p in answer.passages if p.number in numbers), key=lambda passage: passage.number)
    others = [passage for passage in answer.passages if passage.number not in numbers]
    if not done:
        rows = "".join(_passage(passage, answer) for passage in answer.passages)
        notes = len({passage.note_id for passage in answer.passages})
        lead = texts.found(len(answer.passages), notes) if answer.passages else ""
        return f'{_heading(texts.READING_TITLE, lead)}<div class="cim-ev-list">{rows}</div></div>'
    if not cited:
        rows = "".join(_passage(passage, answer) for passage in others)
        read = texts.read_none(len(others)) if answer.verdict else texts.read(len(others))
        head = _heading(texts.READ_TITLE, read)
        return f'{head}<div class="cim-ev-list">{rows}</div></div>'
    rows = "".join(_passage(passage, answer) for passage in cited)
    notes = len({passage.note_id for passage in cited})
    head = _heading(texts.EVIDENCE_TITLE, texts.cited(len(cited), notes))
    if answer.verdict == "nearest":
        head = _heading(texts.READ_TITLE, texts.read_none(len(answer.passages)))
    return f'{head}<div class="cim-ev-list">{rows}</div>{_fold_away(others, answer)}</div>'


def _heading(title: str, lead: str) -> str:
    return f'<div class="cim-evidence"><h2>{title}</h2><p class="cim-meta">{lead}</p>'


def _fold_away(passages: Sequence[Passage], answer: Answer) -> str:
    if not passages:
        return ""
    rows = "".join(_passage(passage, answer) for passage in passages)
    summary = element("summary", "", texts.uncited(len(passages)))
    return element("details", "cim-fold", summary + element("div", "cim-ev-list", rows))


def _passage(passage: Passage, answer: Answer) -> str:
    return _render(passage, _quoted(passage, answer.citations))


@lru_cache(maxsize=256)
def _render(passage: Passage, spans: tuple[Span, ...]) -> str:
    start, end = spans[0] if spans else (passage.start, passage.end)
    said = passage.text[start - passage.start : end - passage.start]
    url = escape(note_url(passage.note_id, start, end, said=said))
    tags = " ".join(f"#{tag}" for tag in passage.tags[:3])
    facts = filter(None, (*passage.heading[-1:], texts.french_date(passage.date), tags))
    parts = [
        element("h3", "", f'<a href="{url}">{escape(passage.note)}</a>'),
        element("p", "cim-meta", escape(" · ".join(facts))),
    ]
    if spans:
        local = [(start - passage.start, end - passage.start) for start, end in spans]
        parts.append(element("blockquote", "", render_excerpt(passage.text, local)))
    elif passage.reason:
        parts.append(element("p", "cim-meta", render_text(passage.reason, (0, len(passage.reason)))))
    if passage.private:
        parts.append(element("p", "cim-meta", texts.PRIVATE))
    number = element("span", "cim-num", str(passage.number))
    return element("div", "cim-ev" if spans else "cim-ev is-uncited", f"{number}<div>{''.join(parts)}</div>")


def _quoted(passage: Passage, citations: Sequence[Citation]) -> tuple[Span, ...]:
    """Return the sorted spans of the note quoted from a passage."""
    own = (citation for citation in citations if citation.number == passage.number)
    spans = ((max(citation.start, passage.start), min(citation.end, passage.end)) for citation in own)
    return tuple(sorted(span for span in spans if span[0] < span[1]))
