"""Bring the index up to date with the vault: read what changed, build, publish, and report."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from langchain_core.embeddings import Embeddings

from ingest.build import Content, Progress, build_snapshot
from ingest.embeddings import build_embeddings, fingerprint
from ingest.errors import IndexDamagedError, IndexInVaultError, MassDeletionError, VaultError
from ingest.indexed import IndexedChunk, IndexedNote, index_chunks, parser_fingerprint
from ingest.last_run import (
    LastRun,
    recall_hashes,
    recall_note,
    recall_outcomes,
    recall_run,
    recall_warnings,
    record_run,
)
from ingest.manifest import Manifest, check_files, read_manifest
from ingest.note import Note, parse_note, settle_titles
from ingest.settings import IngestSettings
from ingest.snapshot import published_folder, writing
from ingest.store import Store
from ingest.vault import NoteFile, Outcome, check_vault, walk_vault
from ingest.verify import Verifier

_WORDLESS = "sans texte"
_SEEN_EVERY = 50  # files between two words of progress


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a run saw and did: `seen == indexed + len(skipped) + len(failed)`.

    `skipped`, `failed` and `warnings` are (path, French sentence); `published` is false when nothing changed.
    A note whose very text is at another path now is renamed, neither added nor removed. `run` says when it
    ended and how long it took, None where that is not known.
    """

    seen: int
    skipped: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]
    indexed: int = 0
    chunks: int = 0
    added: int = 0
    updated: int = 0
    renamed: int = 0
    removed: int = 0
    published: bool = False
    run: LastRun | None = field(default=None, compare=False)


def sync(
    settings: IngestSettings,
    *,
    embeddings: Embeddings | None = None,
    force: bool = False,
    on_progress: Progress | None = None,
    verifier: Verifier | None = None,
) -> SyncReport:
    """Read the vault and publish a snapshot of it, unless the published one is already that.

    Args:
        settings: Names the vault and the index.
        embeddings: Instead of those the settings name.
        force: Rebuild even when nothing changed, and even when more than half of the notes are gone.
        on_progress: Told of each stage.
        verifier: One that is warm already, for those who index often.

    Raises:
        VaultError: The vault cannot be read, or holds no note.
        IndexInVaultError: Index and vault lie one in the other.
        MassDeletionError: More than half of the indexed notes are gone, and `force` is not given.
        IndexBusyError: Another process is writing this index.
        IndexWriteError: The index cannot be written; the published snapshot is untouched.
        ProviderError: The embedding provider failed.
    """
    began_s = time.monotonic()
    index = settings.index_folder
    check_vault(settings.vault)
    check_apart(settings.vault, index)
    with writing(index):
        progress = on_progress or (lambda _stage, _done, _total: None)
        report = _bring_up_to_date(settings, embeddings, progress, verifier or Verifier(), force=force)
        run = LastRun(datetime.now(UTC), time.monotonic() - began_s)
        record_run(index, run)
    return replace(report, run=run)


def _bring_up_to_date(
    settings: IngestSettings,
    embeddings: Embeddings | None,
    progress: Progress,
    verifier: Verifier,
    *,
    force: bool,
) -> SyncReport:
    index = settings.index_folder
    outcomes = _walk(settings, progress)
    embedder = embeddings or build_embeddings(settings)
    mark = fingerprint(embedder, settings.embeddings)
    published, whole = _published(index, mark)
    with published as last:
        before = last.hashes() if last is not None else {}
        reused = last if whole and not force else None
        if reused is not None and recall_hashes(reused) == _hashes(outcomes):
            return _unchanged(outcomes, reused)
        notes, outcomes = _read(outcomes, reused, settings.vault, progress)
    mended = ((item.file.path, *warning) for item in notes for warning in item.note.warnings)
    now = {item.file.raw_path: item.file.sha256 for item in notes}
    report = _compare(_report(outcomes, mended), before, now)
    if 2 * report.removed > len(before) and not force:
        raise MassDeletionError(gone=report.removed, indexed=len(before))
    build_snapshot(index, Content(notes, outcomes, embedder, mark), progress, verifier)
    chunks = sum(len(item.chunks) for item in notes)
    return replace(report, indexed=len(notes), chunks=chunks, published=True)


def recall_report(index: Path) -> SyncReport | None:
    """Return what the run that published the index saw, and when the last one was; None without an index."""
    folder = published_folder(index)
    if folder is None:
        return None
    try:
        read_manifest(folder)
        with closing(Store(folder / "notes.sqlite3")) as last:
            report = _report(recall_outcomes(last), recall_warnings(last))
            counts = {"indexed": last.note_count, "chunks": last.chunk_count}
            return replace(report, **counts, run=recall_run(index))
    except IndexDamagedError:
        return None


def check_apart(vault: Path, index: Path) -> None:
    """Raise IndexInVaultError where index and vault lie one in the other."""
    real_vault, real_index = vault.resolve(), index.resolve()
    if real_index.is_relative_to(real_vault) or real_vault.is_relative_to(real_index):
        raise IndexInVaultError(vault=vault, index=index)


def _walk(settings: IngestSettings, progress: Progress) -> list[Outcome]:
    walk = walk_vault(
        settings.vault, max_note_bytes=settings.max_note_bytes, exclude=settings.exclude_patterns
    )
    outcomes = []
    for seen, outcome in enumerate(walk, start=1):
        outcomes.append(outcome)
        if seen % _SEEN_EVERY == 0:
            progress("Lecture des notes", seen, None)
    if any(outcome.file for outcome in outcomes):
        progress("Lecture des notes", len(outcomes), len(outcomes))
    return outcomes


def _published(index: Path, mark: str) -> "tuple[closing[Store] | nullcontext[None], bool]":
    """Return the published store, None when it is damaged, and whether it can be reused.

    It cannot when its vectors are damaged, or when it is of other embeddings or parsers: it still tells
    which notes there were.
    """
    folder = published_folder(index)
    if folder is None:
        return nullcontext(), False
    try:
        manifest = read_manifest(folder)
        check_files(folder, manifest, under="notes.sqlite3")
        store = closing(Store(folder / "notes.sqlite3"))
    except IndexDamagedError:
        return nullcontext(), False
    alike = (manifest.embeddings, manifest.parser) == (mark, parser_fingerprint())
    return store, alike and _are_sound(folder, manifest)


def _are_sound(folder: Path, manifest: Manifest) -> bool:
    try:
        check_files(folder, manifest, under="chroma/")
    except IndexDamagedError:
        return False
    return True


def _read(
    outcomes: Sequence[Outcome], last: Store | None, vault: Path, progress: Progress
) -> tuple[list[IndexedNote], list[Outcome]]:
    """Parse what the last store does not hold as it is; a note without a word of text is skipped."""
    read: list[tuple[NoteFile, Note, tuple[IndexedChunk, ...]]] = []
    files = [outcome.file for outcome in outcomes if outcome.file is not None]
    for done, file in enumerate(files):
        if done % _SEEN_EVERY == 0:
            progress("Analyse des notes", done, len(files))
        known = recall_note(last, file) if last is not None else None
        note = known[0] if known else parse_note(file.text, file.path)
        read.append((file, note, known[1] if known else index_chunks(note)))
    worded = [(file, note, chunks) for file, note, chunks in read if chunks]
    if not worded:
        raise VaultError(vault, "il ne contient aucune note Markdown (.md) avec du texte.")
    titled = settle_titles(note for _, note, _ in worded)
    notes = [
        IndexedNote(file, note, own.title, chunks)
        for (file, own, chunks), note in zip(worded, titled, strict=True)
    ]
    kept = {file.raw_path for file, _, _ in worded}
    return notes, [
        Outcome(o.path, "skipped", _WORDLESS, o.file) if o.file and o.file.raw_path not in kept else o
        for o in outcomes
    ]


def _hashes(outcomes: Sequence[Outcome]) -> dict[bytes, str]:
    return {o.file.raw_path: o.file.sha256 for o in outcomes if o.file is not None}


def _compare(report: SyncReport, before: Mapping[bytes, str], now: Mapping[bytes, str]) -> SyncReport:
    """Return the report with how many notes were added, updated, renamed and removed."""
    gone, new = before.keys() - now.keys(), now.keys() - before.keys()
    moved = (Counter(before[path] for path in gone) & Counter(now[path] for path in new)).total()
    updated = sum(before[path] != now[path] for path in before.keys() & now.keys())
    added, removed = len(new) - moved, len(gone) - moved
    return replace(report, added=added, updated=updated, renamed=moved, removed=removed)


def _unchanged(outcomes: Sequence[Outcome], last: Store) -> SyncReport:
    indexed = last.hashes()
    seen = [
        Outcome(o.path, "skipped", _WORDLESS) if o.file and o.file.raw_path not in indexed else o
        for o in outcomes
    ]
    report = _report(seen, recall_warnings(last))
    return replace(report, indexed=len(indexed), chunks=last.chunk_count)


def _report(outcomes: Sequence[Outcome], mended: Iterable[tuple[str, int, str]]) -> SyncReport:
    """Return what the walk and the parsing found; what became of the index is not in it yet."""
    said = ((o, o.file.warning if o.file else o.reason) for o in outcomes if o.status == "read")
    read = [(o.path, warning) for o, warning in said if warning]
    parsed = [(path, f"ligne {line} : {problem}") for path, line, problem in mended]
    skipped, failed = (
        tuple((o.path, o.reason) for o in outcomes if o.status == status) for status in ("skipped", "failed")
    )
    return SyncReport(len(outcomes), skipped, failed, (*read, *parsed))
