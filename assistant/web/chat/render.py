"""Answer → safe HTML for gr.Chatbot and gr.Markdown: the conversation; pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import repeat

from assistant.answer import Answer, Citation, Filters, Passage, Sentence
from assistant.answering import INSTEAD
from assistant.scope import describe_filters
from assistant.verdict import REFUSALS
from assistant.web import texts
from assistant.web.markup import MARKUP, element, escape, note_url, render_act, render_text
from ingest.french import hold_marks, words

_LAST_WORD = re.compile(r"(?<!\S)\S{1,24}\Z")


def render_welcome() -> str:
    """Return the title of the door; what it says of the moment follows it, see `welcome`."""
    return f'<div class="cim-welcome"><h1>{texts.WELCOME_TITLE}</h1></div>'


def render_question(text: str, *, first: bool, filters: Filters | None = None) -> str:
    """Return the question as the title of its answer; the first one of a page is its h1.

    Args:
        text: The question.
        first: Whether it is the first of the page.
        filters: What part of the vault was searched.
    """
    level = "h1" if first else "h2"
    title = element("p", "cim-eyebrow", texts.QUESTION) + element(level, "cim-q", escape(text))
    kept_to = describe_filters(filters or Filters())
    within = element("p", "cim-within", escape(texts.searched_in(kept_to))) if kept_to else ""
    edit = element("p", "cim-acts", render_act("edit", texts.EDIT))
    return element("div", "cim-turn", title + within + edit)


def render_draft(answer: Answer, notes: int) -> str:
    """Return what there is of an answer; before its first sentence, what is being done.

    Args:
        answer: The sum of the parts received.
        notes: How many notes are searched.
    """
    return _body([*_said(answer), "" if answer.sentences else _phases(answer, notes)])


def render_answer(answer: Answer, *, done: bool, again: bool = False, filters: Filters | None = None) -> str:
    """Return an answer as one block of HTML without a line break.

    Args:
        answer: The sum of the parts received.
        done: Whether the last part came; what closes an answer is shown then.
        again: Whether its notice offers to ask again, as when a model failed.
        filters: What part of the vault was searched, which a refusal offers to widen.
    """
    parts = _said(answer, again=again)
    if done:
        if answer.verdict in {"silent", "nearest"}:
            parts.append(_widen(filters or Filters()))
        if answer.verdict == "silent":
            parts.append(element("p", "cim-p", texts.SILENT_MORE if answer.gaps else texts.SILENT_ALONE))
        if not answer.complete:
            parts.append(_notice(texts.INCOMPLETE))
        parts += [_gaps(answer), _foot(answer)]
    return _body(parts)


def render_stopped(answer: Answer) -> str:
    """Return what there is of an answer that its reader stopped."""
    return _body([*_said(answer), _notice(texts.STOPPED if answer.sentences else texts.STOPPED_EMPTY)])


def render_failure(answer: Answer, sentence: str) -> str:
    """Return what there is of an answer, and the sentence that says why there is no more."""
    return _body([*_said(answer), _notice(sentence, again=True)])


def _body(parts: Sequence[str]) -> str:
    return element("div", "cim-answer", "".join(parts))


def _said(answer: Answer, *, again: bool = False) -> list[str]:
    notice = [_notice(answer.notice, again=again)] if answer.notice else []
    titles = _source_titles(answer) if answer.mode == "extracts" else repeat("")
    said = zip(titles, answer.sentences, strict=False)
    return notice + [title + _claim(sentence, answer) for title, sentence in said]


def _source_titles(answer: Answer) -> Iterator[str]:
    """Yield, for each extract, the title of its note where it is not that of the extract before."""
    notes = {passage.number: passage.note for passage in answer.passages}
    before = None
    for sentence in answer.sentences:
        note = notes.get(sentence.numbers[0]) if sentence.numbers else None
        yield element("p", "cim-source", escape(note)) if note and note != before else ""
        before = note


def _notice(text: str, *, again: bool = False) -> str:
    cause, instead, rest = hold_marks(text).partition(INSTEAD)
    said = [element("p", "", escape(instead or cause))]
    said += [element("p", "cim-meta", escape(why.strip())) for why in (cause, rest) if instead and why]
    act = element("p", "cim-acts", render_act("again", texts.AGAIN)) if again else ""
    return element("div", "cim-notice", element("div", "", "".join(said)) + act)


def _widen(filters: Filters) -> str:
    kept_to = describe_filters(filters)
    if not kept_to:
        return ""
    act = element("p", "cim-acts", render_act("widen", texts.WIDEN))
    return element("div", "cim-notice", element("p", "", escape(texts.nothing_in(kept_to))) + act)


def _phases(answer: Answer, notes: int) -> str:
    if not answer.passages:
        return f'<ol class="cim-phases"><li class="now">{texts.searching(notes)}</li></ol>'
    found = texts.found(len(answer.passages), len({passage.note_id for passage in answer.passages}))
    steps = (("", found), ("now", texts.PHASE_WRITE), ("todo", texts.PHASE_CHECK))
    items = "".join(f'<li class="{kind}">{step}</li>' for kind, step in steps)
    return f'<ol class="cim-phases">{items}</ol>'


def _claim(sentence: Sentence, answer: Answer) -> str:
    if sentence.text in REFUSALS:
        return element("p", "cim-refusal", escape(sentence.text))
    links = "".join(_cite(number, sentence, answer) for number in dict.fromkeys(sentence.numbers))
    text, stop = hold_marks(sentence.text), ""
    if links and sentence.label != "verbatim" and text.endswith("."):
        text, stop = text[:-1], "."
    if links:
        # The last word and its numbers stay together, so that a number never starts a line.
        word = _LAST_WORD.search(text)
        signs = any(word and match.end() > word.start() for match in MARKUP.finditer(text))
        at = word.start() if word and not signs else len(text)
        tail = f'<span class="cim-nb">{escape(text[at:])}{links}{stop}</span>'
        body = render_text(text, (0, at)) + tail
    else:
        body = render_text(text, (0, len(text)))
    why = f'<span class="cim-why">{texts.UNSUPPORTED_WHY}</span>' if sentence.label == "unsupported" else ""
    return render_claim(sentence.label, texts.LABELS[sentence.label], body + why)


def render_claim(kind: str, label: str, content: str) -> str:
    """Return a labelled statement; its line says in another way what its label says."""
    text = element("p", "cim-label", label) + element("p", "cim-claim-text", content)
    return element("div", f"cim-claim is-{kind}", text)


def _cite(number: int, sentence: Sentence, answer: Answer) -> str:
    target = _target(number, sentence, answer)
    if target is None:
        return ""
    said = target.quote if isinstance(target, Citation) else target.text
    url = escape(note_url(target.note_id, target.start, target.end, said=said))
    return f'<a class="cim-cite" href="{url}"><span class="cim-sr">{texts.PASSAGE} </span>{number}</a>'


def _target(number: int, sentence: Sentence, answer: Answer) -> Citation | Passage | None:
    """Return the span a number opens: the quotation that is the sentence, or most of which is in it.

    Of those that are in it whole, the last one: the item under its lead-in, the row under its table's head.
    Without a quotation, the passage.
    """
    said = words(sentence.text)
    own = [citation for citation in answer.citations if citation.number == number]
    if own:
        quoted = [words(citation.quote) for citation in own]
        fits = [(quote == said, _share(quote, frozenset(said)), at) for at, quote in enumerate(quoted)]
        return own[max(fits)[2]]
    return next((passage for passage in answer.passages if passage.number == number), None)


def _share(quoted: Sequence[str], said: frozenset[str]) -> float:
    return sum(word in said for word in quoted) / max(len(quoted), 1)


def _gaps(answer: Answer) -> str:
    if not answer.gaps:
        return ""
    urls = {
        passage.note: note_url(passage.note_id, passage.start, passage.end, said=passage.text)
        for passage in answer.passages
    }
    items = []
    for gap in answer.gaps:
        parts = [element("p", "w", escape(gap.question))]
        if gap.nearest:
            near = " · ".join(_note_link(title, urls.get(title)) for title in gap.nearest)
            parts.append(element("p", "near", texts.GAP_NEAREST + near))
        if gap.stub:
            stub = element("summary", "", texts.STUB) + element("pre", "", escape(gap.stub))
            parts.append(element("details", "cim-stub", stub))
        items.append(f'<li><span class="n"></span><div>{"".join(parts)}</div></li>')
    return f'<div class="cim-work"><h2>{texts.GAPS_TITLE}</h2><ol>{"".join(items)}</ol></div>'


def _note_link(title: str, url: str | None) -> str:
    return f'<a href="{escape(url)}">{escape(title)}</a>' if url else escape(title)


def _foot(answer: Answer) -> str:
    cited = len({citation.number for citation in answer.citations})
    unsupported = sum(sentence.label == "unsupported" for sentence in answer.sentences)
    facts = texts.provenance(answer.mode, len(answer.passages), cited, answer.usage)
    line = " · ".join((*facts, *texts.doubts(unsupported, len(answer.removed))))
    return element("div", "cim-foot", element("p", "cim-meta", line))
