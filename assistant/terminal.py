"""What the command line shows, as text; pure."""

import re
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from assistant.answer import Answer, Citation
from assistant.doctor import Check
from assistant.indexing import IndexState
from assistant.usage import render_usage
from ingest.sync import SyncReport

_WIDEST = 88
_LISTED = 20
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SIGNS = {"passed": "✓", "warned": "!", "failed": "✗"}


def render_answer(answer: Answer) -> str:
    """Return an answer with its statements under the notes they come from, then its sources."""
    blocks = [_wrap(answer.question)]
    if answer.notice:
        blocks.append(_wrap(f"Attention : {answer.notice}"))
    notes = {passage.number: passage.note for passage in answer.passages}
    for numbers, sentences in groupby(answer.sentences, key=lambda sentence: sentence.numbers[:1]):
        title = [_visible(notes[numbers[0]])] if numbers and answer.mode == "extracts" else []
        lines = [_wrap(str(sentence), indent="  " if title else "") for sentence in sentences]
        blocks.append("\n".join([*title, *lines]))
    for gap in answer.gaps:
        near = " ; ".join(gap.nearest) or "aucune"
        blocks.append(
            _wrap(f"Ce que vos notes ne disent pas : {gap.question}")
            + "\n"
            + _wrap(f"Notes les plus proches : {near}")
        )
    if answer.citations:
        blocks.append("\n".join(["Sources", *_sources(answer.citations)]))
    blocks.append(provenance(answer))
    return "\n\n".join(blocks)


def provenance(answer: Answer) -> str:
    """Return one line on how the answer was made."""
    cited = len({citation.number for citation in answer.citations})
    how = (
        "extraits, sans IA"
        if answer.mode == "extracts"
        else "rédigé par un modèle, vérifié phrase par phrase"
    )
    parts = [
        how,
        f"{_count(len(answer.passages), 'passage lu')}, {cited} cité{'s' if cited > 1 else ''}",
        render_usage(answer.usage),
    ]
    unsupported = sum(sentence.label == "unsupported" for sentence in answer.sentences)
    if unsupported:
        parts.insert(2, f"{_count(unsupported, 'phrase')} sans appui")
    return " · ".join(parts)


def render_report(report: SyncReport, *, index: Path) -> str:
    """Return what an indexing run saw and did, every file left out with its reason."""
    blocks = [render_summary(report), f"Index : {index}"]
    for title, entries in (
        ("Laissés de côté", report.skipped),
        ("En échec", report.failed),
        ("À mender", report.warnings),
    ):
        if entries:
            blocks.append("\n".join([f"{title} ({len(entries)}) :", *_entries(entries)]))
    return "\n".join(blocks)


def render_summary(report: SyncReport) -> str:
    """Return one line on an indexing run."""
    if not report.published:
        return f"Rien n’a changé : {_count(report.indexed, 'note')} à jour."
    return (
        f"{_count(report.indexed, 'note indexée')} sur {_count(report.seen, 'fichier')} "
        f"({_count(report.added, 'ajoutée')}, {_count(report.updated, 'modifiée')}, "
        f"{_count(report.renamed, 'renommée')}, {_count(report.removed, 'retirée')}), "
        f"{_count(report.chunks, 'passage')}."
    )


class News:
    """What is worth a line of the states of an index, one after the other; `begun` once a run has ended."""

    def __init__(self) -> None:
        self.begun = False
        self._failed = ""

    def of(self, state: IndexState) -> str | None:
        """Return a line on a run that has ended; None where it is no news."""
        self.begun = True
        before, self._failed = self._failed, "" if state.error is None else str(state.error)
        if self._failed:
            return self._failed if self._failed != before else None
        report = state.report
        return render_summary(report) if report is not None and report.published else None


def render_checks(checks: Iterable[Check]) -> str:
    """Return the findings of the doctor, one a line."""
    return "\n".join(f"{_SIGNS[check.state]} {check.subject} : {check.finding}" for check in checks)


def _sources(citations: Sequence[Citation]) -> list[str]:
    first: dict[int, Citation] = {}
    for citation in citations:
        first.setdefault(citation.number, citation)
    lines = []
    for number, citation in sorted(first.items()):
        where = " › ".join((citation.note, *citation.heading))
        lines.append(_wrap(f"[{number}] {where} — {citation.path}", indent="  ", hanging="      "))
    return lines


def _entries(entries: Sequence[tuple[str, str]]) -> list[str]:
    shown = [_visible(f"  {path} : {reason}") for path, reason in entries[:_LISTED]]
    more = len(entries) - len(shown)
    return [*shown, f"  … et {more} de plus"] if more else shown


def _wrap(text: str, indent: str = "", hanging: str | None = None) -> str:
    width = min(shutil.get_terminal_size((_WIDEST, 24)).columns, _WIDEST)
    return textwrap.fill(
        _visible(text),
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _visible(text: str) -> str:
    """Return a text without the characters that a terminal would obey."""
    return _CONTROLS.sub(" ", text)


def _count(number: int, noun: str) -> str:
    plural = " ".join(f"{word}s" for word in noun.split()) if number > 1 else noun
    return f"{number} {plural}"
