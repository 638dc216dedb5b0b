"""The vault report as people read it: in a terminal, and as Markdown; pure."""

from itertools import groupby

from assistant.health_labels import label_kind, title_kind
from assistant.layout import printable, wrap
from ingest.health.finding import Finding
from ingest.health.report import HealthReport

CLEAN = "Rien à mender"
_LISTED = 20  # findings of a kind that the terminal spells out
_ESCAPED = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>#|~"})


def render_health(report: HealthReport) -> str:
    """Return the report for a terminal: counts first, then the findings by kind, the first twenty of each."""
    if not report.findings:
        return f"{_summary(report)}."
    width = max(len(str(number)) for number in report.counts.values())
    blocks = [f"{_summary(report)} :"]
    blocks[0] += "".join(
        f"\n  {number:>{width}} {label_kind(kind, number)}" for kind, number in report.counts.items()
    )
    if report.missing:
        blocks.append("\n".join(["Notes les plus demandées", *_ranking(report)[:_LISTED]]))
    for kind, group in groupby(report.findings, key=lambda finding: finding.kind):
        findings = list(group)
        lines = [_entry(finding) for finding in findings[:_LISTED]]
        if len(findings) > _LISTED:
            lines.append(f"  … et {len(findings) - _LISTED} de plus ; tout voir : cimaise health --markdown")
        blocks.append("\n".join([f"{title_kind(kind, len(findings))} ({len(findings)})", *lines]))
    return "\n\n".join(blocks)


def render_health_markdown(report: HealthReport) -> str:
    """Return the whole report as Markdown; no text of a note acts as markup in it."""
    if not report.findings:
        return f"# Santé des notes\n\n{_summary(report)}."
    blocks = ["# Santé des notes", f"{_summary(report)} :"]
    blocks.append(
        "\n".join(f"- {number} {label_kind(kind, number)}" for kind, number in report.counts.items())
    )
    if report.missing:
        rows = [f"| {_escape(note.target)} | {note.notes} | {note.links} |" for note in report.missing]
        blocks += [
            "## Notes les plus demandées",
            "\n".join(["| Note | Notes qui la demandent | Liens |", "|---|---:|---:|", *rows]),
        ]
    for kind, group in groupby(report.findings, key=lambda finding: finding.kind):
        findings = list(group)
        blocks.append(f"## {title_kind(kind, len(findings))} ({len(findings)})")
        blocks.append(
            "\n".join(
                f"- **{_escape(_place(finding))}** : {_escape(finding.sentence)}" for finding in findings
            )
        )
    return "\n\n".join(blocks)


def _summary(report: HealthReport) -> str:
    read = f"{report.notes} note{'s' if report.notes > 1 else ''} lue{'s' if report.notes > 1 else ''}"
    if not report.findings:
        return f"{CLEAN} : {read}"
    number = len(report.findings)
    return f"{read}, {number} point{'s' if number > 1 else ''} à mender"


def _ranking(report: HealthReport) -> list[str]:
    return [
        wrap(f"{note.target} : {_times(note.notes, 'note')}, {_times(note.links, 'lien')}", "  ", "      ")
        for note in report.missing
    ]


def _times(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"


def _place(finding: Finding) -> str:
    return printable(finding.path if finding.line is None else f"{finding.path}:{finding.line}")


def _entry(finding: Finding) -> str:
    return "\n".join([f"  {_place(finding)}", wrap(finding.sentence, "    ", "    ")])


def _escape(text: str) -> str:
    return printable(text).translate(_ESCAPED)
