"""The « Index » view as HTML: what was read, what was left aside and why, what can be chosen; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from assistant.catalogue import Holdings
from assistant.indexing import IndexState
from assistant.web import texts as page_texts
from assistant.web.index import texts
from assistant.web.index.forms import LocalSettings, render_forms
from assistant.web.markup import element, escape
from ingest.errors import MassDeletionError
from ingest.sync import SyncReport

_LISTED = 200  # paths of one reason

Entries = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class IndexView:
    """What the view shows; `local` is None where the reader is not on this machine."""

    vault_name: str
    state: IndexState
    report: SyncReport | None
    holdings: Holdings | None
    published_at: datetime | None
    now: datetime
    embeddings: str
    writer: str
    local: LocalSettings | None


def render_index(view: IndexView) -> str:
    """Return the content of the view."""
    title = f'<h1 class="cim-note-title" tabindex="-1">{texts.TITLE}</h1>'
    lead = escape(texts.seen(view.report) if view.report else texts.NOTHING_READ)
    parts = (
        title,
        element("p", "cim-index-lead", lead),
        _error(view),
        _run(view),
        _facts(view),
        _report(view.report) if view.report else "",
        render_forms(view.local) if view.local else "",
    )
    return f'<div class="cim-view" id="cim-index">{"".join(parts)}</div>'


def state_error(state: IndexState, *, local: bool) -> str:
    """Return why the last reading failed; from elsewhere, without the folders of this machine."""
    if state.error is None:
        return ""
    return str(state.error) if local or isinstance(state.error, MassDeletionError) else texts.FAILED_ELSEWHERE


def _error(view: IndexView) -> str:
    local = view.local is not None
    sentence = state_error(view.state, local=local)
    if view.local is not None and view.local.model_error:
        sentence = " ".join(filter(None, (sentence, view.local.model_error, texts.WELCOME_EXTRACTS)))
    if not sentence:
        return ""
    offer = ""
    if local and isinstance(view.state.error, MassDeletionError):
        offer = _button(texts.FORCE, "force", expands="cim-index-sure") + (
            f'<div id="cim-index-sure" hidden><p>{texts.FORCE_SURE}</p>'
            f"{_button(texts.FORCE_YES, 'rebuild', main=True)}{_button(texts.CANCEL, 'cancel')}</div>"
        )
    return element("div", "cim-notice", element("p", "", escape(sentence)) + offer)


def _run(view: IndexView) -> str:
    state = view.state
    line = texts.progress(state.stage, state.done, state.total) if state.running else ""
    known = f' value="{state.done}" max="{state.total}"' if state.total and state.done else ""
    shown = known if state.running else " hidden"
    bar = f'<progress id="cim-index-bar" aria-label="{texts.STATUS}"{shown}></progress>'
    buttons = _button(texts.RUN, "run", main=True, off=state.running)
    if view.local is not None:
        buttons += _button(texts.REBUILD, "rebuild", off=state.running)
    return (
        f'<div class="cim-index-run"><div class="cim-index-acts">{buttons}</div>{bar}'
        f'<p id="cim-index-status" role="status" data-lost="{escape(texts.LOST)}">{escape(line)}</p></div>'
    )


def _button(text: str, act: str, *, main: bool = False, off: bool = False, expands: str = "") -> str:
    css = "cim-index-main" if main else "cim-btn"
    more = f' aria-expanded="false" aria-controls="{expands}"' if expands else ""
    disabled = " aria-disabled=true" if off else ""
    return f'<button type="button" class="{css}" data-act="{act}"{more}{disabled}>{text}</button>'


def _facts(view: IndexView) -> str:
    held, run = view.holdings, view.report.run if view.report else None
    facts = [(texts.VAULT_FOLDER, view.local.vault if view.local else view.vault_name)]
    if view.report:
        facts.append((texts.FILES, texts.number(view.report.seen)))
    if held:
        facts += [(texts.NOTES, texts.number(held.notes)), (texts.CHUNKS, texts.number(held.chunks))]
    if run:
        read = texts.moment(run.ended_at.astimezone(view.now.tzinfo), view.now)
        facts.append((texts.READ_AT, f"{read}, en {texts.duration(run.took_s)}"))
    if view.published_at:
        facts.append(
            (texts.PUBLISHED_AT, texts.moment(view.published_at.astimezone(view.now.tzinfo), view.now))
        )
    if held:
        facts.append((texts.VECTORS, texts.VECTORS_ON if held.by_vectors else texts.VECTORS_OFF))
    facts.append((texts.EMBEDDINGS, view.embeddings))
    facts.append((texts.WRITER, view.writer))
    if view.local:
        facts.append((texts.INDEX_FOLDER, view.local.index))
    items = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f'<dl class="cim-cartel">{items}</dl>'


def _report(report: SyncReport) -> str:
    return "".join(
        (
            _failures(texts.FAILED, report.failed),
            _warnings(report.warnings),
            _failures(texts.SKIPPED, report.skipped) or element("p", "cim-index-none", texts.SKIPPED_NONE),
        )
    )


def _failures(title: str, entries: Entries) -> str:
    if not entries:
        return ""
    by_reason = sorted(entries, key=lambda entry: entry[1])
    groups = [
        (reason, [path for path, _ in found]) for reason, found in groupby(by_reason, key=lambda e: e[1])
    ]
    groups.sort(key=lambda group: -len(group[1]))
    items = "".join(_fold(reason, page_texts.count(len(paths), "fichier"), paths) for reason, paths in groups)
    return _section(title, len(entries), items)


def _warnings(entries: Entries) -> str:
    if not entries:
        return ""
    groups = [
        (path, [said for _, said in found]) for path, found in groupby(sorted(entries), key=lambda e: e[0])
    ]
    items = "".join(
        _fold(path, page_texts.count(len(said), "point"), said) for path, said in groups[:_LISTED]
    )
    left = len(groups) - _LISTED
    return _section(
        texts.WARNINGS, len(entries), items + (element("li", "", texts.more(left)) if left > 0 else "")
    )


def _section(title: str, total: int, items: str) -> str:
    heading = f"{title} <span>({texts.number(total)})</span>"
    return element("section", "cim-index-group", element("h2", "", heading) + element("ul", "", items))


def _fold(title: str, how_many: str, lines: Iterable[str]) -> str:
    every = list(lines)
    listed = [element("li", "", escape(line)) for line in every[:_LISTED]]
    if len(every) > _LISTED:
        listed.append(element("li", "", texts.more(len(every) - _LISTED)))
    named = escape(title[:1].upper() + title[1:])
    summary = element("summary", "", f"<span>{named}</span> <span>{how_many}</span>")
    return f"<li><details>{summary}{element('ul', '', ''.join(listed))}</details></li>"
