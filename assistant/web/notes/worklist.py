"""The vault's health as a work list: what to mend by kind, the missing notes by demand; pure."""

from collections.abc import Mapping
from itertools import groupby

from assistant.gaps import name_of, write_stub
from assistant.health_labels import label_kind, title_kind
from assistant.web import texts
from assistant.web.markup import element, escape, note_url
from assistant.web.notes import texts as browse_texts
from assistant.web.notes.listing import NOTES
from ingest.health.finding import Finding, Kind
from ingest.health.report import HealthReport
from ingest.links import link_key

_LISTED = 100  # findings of a kind that are shown
_OPEN = 8  # of so many, a kind is shown unfolded
_MISSING: Kind = "missing_note"


def render_health(report: HealthReport, note_ids: Mapping[str, str]) -> str:
    """Return the view.

    Args:
        report: What is to mend.
        note_ids: The ids of the notes that can be opened, by path.
    """
    groups = [(kind, list(found)) for kind, found in groupby(report.findings, lambda finding: finding.kind)]
    counts = "".join(
        f'<li><a href="#kind-{kind}">{_number(found)} {label_kind(kind, len(found))}</a></li>'
        for kind, found in groups
    )
    kinds = f'<nav aria-label="{browse_texts.HEALTH_KINDS}"><ul class="cim-kinds">{counts}</ul></nav>'
    lead = browse_texts.HEALTH_LEAD if groups else browse_texts.HEALTH_CLEAN
    head = (
        f'<p class="cim-up"><a class="cim-btn" href="{NOTES}">{browse_texts.HEALTH_BACK}</a></p>'
        f'<h1 tabindex="-1">{browse_texts.HEALTH_TITLE}</h1><p class="cim-lead">{lead}</p>'
        f'<p class="cim-meta">{browse_texts.examined(report.notes, len(report.findings))}</p>'
    )
    body = "".join(_group(kind, found, report, note_ids) for kind, found in groups)
    top = element("div", "cim-top", head + (kinds if groups else ""))
    return element("div", "cim-view cim-health", top + body)


def _number(found: list[Finding]) -> str:
    return element("span", "cim-count", str(len(found)))


def _group(kind: Kind, found: list[Finding], report: HealthReport, note_ids: Mapping[str, str]) -> str:
    if kind == _MISSING:
        rows = _missing(found, report, note_ids)
    else:
        rows = [_row(finding, note_ids) for finding in found]
    rest = len(rows) - _LISTED
    more = element("p", "cim-meta", browse_texts.THE_REST.format(number=rest)) if rest > 0 else ""
    opened = " open" if len(rows) <= _OPEN or kind == _MISSING else ""
    title = f"<h2>{title_kind(kind, len(found))} {_number(found)}</h2>"
    items = element("ul", "cim-tasks", "".join(rows[:_LISTED]))
    summary = element("summary", "", title)
    return f'<details id="kind-{kind}" class="cim-kind"{opened}>{summary}{items}{more}</details>'


def _row(finding: Finding, note_ids: Mapping[str, str]) -> str:
    what = _name(finding.path, note_ids, finding.line)
    where = " " + element("span", "cim-meta", browse_texts.line(finding.line)) if finding.line else ""
    return (
        f'<li><span class="n"></span><div><h3>{what}{where}</h3><p>{escape(finding.sentence)}</p></div></li>'
    )


def _missing(found: list[Finding], report: HealthReport, note_ids: Mapping[str, str]) -> list[str]:
    """Return the notes to write, the most asked for first, each with who asks and the stub of it."""
    asking: dict[str, dict[str, int | None]] = {}
    for finding in found:
        asking.setdefault(link_key(finding.target or ""), {}).setdefault(finding.path, finding.line)
    rows = []
    for note in report.missing:
        paths = asking.get(link_key(note.target))
        if not paths:
            continue
        where = ", ".join(_name(path, note_ids, line) for path, line in paths.items())
        stub = escape(write_stub(note.target, map(name_of, paths)))
        rows.append(
            f'<li><span class="n"></span><div><h3>{escape(note.target)}</h3>'
            f"<p>{browse_texts.demand(note.notes, note.links)}</p>"
            f'<p class="cim-meta">{browse_texts.ASKED_IN}{where}</p>'
            f'<details class="cim-stub"><summary>{texts.STUB}</summary><pre>{stub}</pre></details></div></li>'
        )
    return rows


def _name(path: str, note_ids: Mapping[str, str], line: int | None) -> str:
    """Return the name of a note as a link to that line of it; the name alone where it cannot be opened."""
    name = escape(path.removesuffix(".md").replace("/", " / "))
    note_id = note_ids.get(path)
    return name if note_id is None else f'<a href="{escape(note_url(note_id, line=line))}">{name}</a>'
