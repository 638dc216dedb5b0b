"""The vault report: everything to mend in a folder of notes, read from the folder itself."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ingest.errors import VaultError
from ingest.health.duplicates import find_duplicates
from ingest.health.finding import KINDS, Finding, Kind
from ingest.health.links import MissingNote, examine_links
from ingest.health.notes import conflict_copies, examine_note, examine_outcome
from ingest.health.stubs import find_stubs
from ingest.links import link_key
from ingest.note import Note, parse_note, settle_titles
from ingest.settings import IngestSettings
from ingest.vault import NOTE_SUFFIXES, NoteFile, Outcome, walk_vault

_UNSEEN = frozenset({"dossier ou fichier caché", "dossier technique"})  # Obsidian does not see them either


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What is to mend in a vault.

    `notes` is the number of notes read; `findings` come by kind, in the order of `KINDS`, then missing notes
    by demand, everything else by path and line; `missing` ranks the notes that are asked for and missing.
    """

    notes: int
    findings: tuple[Finding, ...]
    missing: tuple[MissingNote, ...]

    @property
    def counts(self) -> dict[Kind, int]:
        """How many findings of each kind there are; kinds without any are left out."""
        counted = Counter(finding.kind for finding in self.findings)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON takes it."""
        return {
            "notes": self.notes,
            "counts": self.counts,
            "missing": [asdict(note) for note in self.missing],
            "findings": [asdict(finding) for finding in self.findings],
        }


def examine_vault(
    settings: IngestSettings, *, on_progress: Callable[[str, int, int | None], None] | None = None
) -> HealthReport:
    """Read the vault and say what is to mend; nothing is written, no index is needed.

    Args:
        settings: Names the vault and what is left out of it.
        on_progress: Told of each stage, in French, and of how many notes are done.

    Raises:
        VaultError: The vault cannot be read, or holds no note.
    """
    progress = on_progress or (lambda _stage, _done, _total: None)
    outcomes: list[Outcome] = []
    read: list[tuple[NoteFile, Note]] = []
    for outcome in walk_vault(
        settings.vault, max_note_bytes=settings.max_note_bytes, exclude=settings.exclude_patterns
    ):
        outcomes.append(outcome)
        if outcome.file is not None:
            read.append((outcome.file, parse_note(outcome.file.text, outcome.path)))
            progress("Lecture des notes", len(read), None)
    if not any(_is_note(outcome) for outcome in outcomes):
        raise VaultError(settings.vault, "il ne contient aucune note Markdown (.md).")
    progress("Examen des notes", len(read), len(read))
    return _report(outcomes, [file for file, _ in read], settle_titles(note for _, note in read))


def _report(outcomes: Sequence[Outcome], files: Sequence[NoteFile], notes: Sequence[Note]) -> HealthReport:
    seen = [outcome.path for outcome in outcomes if outcome.reason not in _UNSEEN]
    read = {note.path for note in notes}
    links = examine_links(notes, [path for path in seen if path not in read])
    stubs, copies = list(find_stubs(notes)), list(conflict_copies(set(seen)))
    findings = [*stubs, *copies, *_without_copies(links.findings, copies)]
    # A conflict copy repeats its original by nature; stubs that share a template say nothing alike.
    echoes = {finding.path for finding in (*stubs, *copies)}
    findings += _duplicates(note for note in notes if note.path not in echoes)
    for outcome in outcomes:
        findings += examine_outcome(outcome)
    for note, file in zip(notes, files, strict=True):
        findings += examine_note(note, file)
    return HealthReport(len(notes), _ordered(findings, links.missing), links.missing)


def _is_note(outcome: Outcome) -> bool:
    return outcome.path.lower().endswith(NOTE_SUFFIXES) and outcome.reason not in _UNSEEN


def _duplicates(notes: Iterable[Note]) -> Iterator[Finding]:
    for duplicate in find_duplicates(notes):
        alike = "mot pour mot" if duplicate.exact else "presque mot pour mot"
        sentence = f"Cette note redit {alike} « {duplicate.original} » : gardez-en une, ou réunissez-les."
        yield Finding("near_duplicate", duplicate.path, None, sentence, duplicate.original)


def _without_copies(findings: Iterable[Finding], copies: Iterable[Finding]) -> Iterator[Finding]:
    """Leave out that a conflict copy is linked to nothing: it is to go, not to be linked."""
    paths = {copy.path for copy in copies}
    return (finding for finding in findings if finding.kind != "orphan" or finding.path not in paths)


def _ordered(findings: Iterable[Finding], missing: Sequence[MissingNote]) -> tuple[Finding, ...]:
    ranks = {link_key(note.target): rank for rank, note in enumerate(missing)}
    kinds = {kind: place for place, kind in enumerate(KINDS)}

    def place(finding: Finding) -> tuple[int, int, str, int, str]:
        rank = ranks.get(link_key(finding.target or ""), 0) if finding.kind == "missing_note" else 0
        return kinds[finding.kind], rank, finding.path, finding.line or 0, finding.sentence

    return tuple(sorted(findings, key=place))
