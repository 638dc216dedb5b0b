"""Bring the index up to date with the vault: plan by content hash, build, publish, report."""

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from langchain_core.embeddings import Embeddings

from ingest.chunk import split_note
from ingest.embeddings import build_embeddings, fingerprint
from ingest.errors import CimaiseError, IndexInVaultError, MassDeletionError, VaultError
from ingest.links import resolve_links
from ingest.note import Note, parse_note, settle_titles
from ingest.providers import provider_errors
from ingest.settings import IngestSettings
from ingest.snapshot import current_folder_or_none, new_folder, publish, read_manifest, writing
from ingest.store import Store
from ingest.store_writer import IndexedNote, write_store
from ingest.vault import NoteFile, Outcome, check_vault, walk_vault
from ingest.vectors import Metadata, build_vectors

logger = logging.getLogger(__name__)

_EMBEDDING_BATCH = 256

Progress = Callable[[str, int, int | None], None]
"""Called with the stage in French, how many are done, and of how many (None when not yet known)."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a run saw and did: `seen == indexed + len(skipped) + len(failed)`.

    `skipped`, `failed` and `warnings` are (path, French sentence); `published` is false when nothing changed.
    """

    seen: int
    indexed: int
    skipped: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]
    added: int
    updated: int
    removed: int
    chunks: int
    published: bool


@dataclass(frozen=True, slots=True)
class _Content:
    """What a snapshot is built of."""

    notes: Sequence[IndexedNote]
    outcomes: Sequence[Outcome]
    embedder: Embeddings
    fingerprint: str


def sync(
    settings: IngestSettings,
    *,
    embeddings: Embeddings | None = None,
    force: bool = False,
    on_progress: Progress | None = None,
) -> SyncReport:
    """Read the vault and publish a snapshot of it, unless the published one is already that.

    Args:
        settings: Names the vault and the index.
        embeddings: Instead of those the settings name.
        force: Rebuild even when nothing changed, and even when more than half of the notes are gone.
        on_progress: Told of each stage.

    Raises:
        VaultError: The vault cannot be read, or holds no note.
        IndexInVaultError: Index and vault lie one in the other.
        MassDeletionError: More than half of the indexed notes are gone, and `force` is not given.
        IndexBusyError: Another process is writing this index.
        IndexWriteError: The index cannot be written; the published snapshot is untouched.
        ProviderError: The embedding provider failed.
    """
    progress = on_progress or (lambda _stage, _done, _total: None)
    vault, index = settings.vault, settings.index_folder
    check_vault(vault)
    _check_apart(vault, index)
    with writing(index):
        outcomes, notes = _read_vault(settings, progress)
        embedder = embeddings or build_embeddings(settings)
        mark = fingerprint(embedder, settings.embeddings)
        before = _published_hashes(index, mark)
        now = {item.file.path: item.file.sha256 for item in notes}
        removed = before.keys() - now.keys()
        if before and len(removed) * 2 > len(before) and not force:
            raise MassDeletionError(gone=len(removed), indexed=len(before))
        changed = force or before != now
        if changed:
            _build(index, _Content(notes, outcomes, embedder, mark), progress)
        return SyncReport(
            seen=len(outcomes),
            indexed=len(notes),
            skipped=_reasons(outcomes, "skipped"),
            failed=_reasons(outcomes, "failed"),
            warnings=_warnings(notes),
            added=len(now.keys() - before.keys()),
            updated=sum(before.get(path, digest) != digest for path, digest in now.items()),
            removed=len(removed),
            chunks=sum(len(item.chunks) for item in notes),
            published=changed,
        )


def _check_apart(vault: Path, index: Path) -> None:
    real_vault, real_index = vault.resolve(), index.resolve()
    if real_index.is_relative_to(real_vault) or real_vault.is_relative_to(real_index):
        raise IndexInVaultError(vault=vault, index=index)


def _read_vault(settings: IngestSettings, progress: Progress) -> tuple[list[Outcome], list[IndexedNote]]:
    """Walk and parse; a note without a word of text is skipped, and says so."""
    outcomes: list[Outcome] = []
    read: list[tuple[NoteFile, Note]] = []
    walk = walk_vault(
        settings.vault, max_note_bytes=settings.max_note_bytes, exclude=settings.exclude_patterns
    )
    for outcome in walk:
        outcomes.append(outcome)
        if outcome.file is not None:
            read.append((outcome.file, parse_note(outcome.file.text, outcome.path)))
            progress("Lecture des notes", len(read), None)
    titled = settle_titles(note for _, note in read)
    items = [IndexedNote(file, note, split_note(note)) for (file, _), note in zip(read, titled, strict=True)]
    wordless = {item.file.path for item in items if not item.chunks}
    outcomes = [Outcome(o.path, "skipped", "sans texte") if o.path in wordless else o for o in outcomes]
    notes = [item for item in items if item.chunks]
    if not notes:
        raise VaultError(settings.vault, "il ne contient aucune note Markdown (.md) avec du texte.")
    return outcomes, notes


def _published_hashes(index: Path, mark: str) -> dict[str, str]:
    """Return the hashes of the published snapshot, or nothing when it cannot serve these embeddings."""
    folder = current_folder_or_none(index)
    if folder is None:
        return {}
    try:
        if read_manifest(folder).embeddings != mark:
            return {}
        store = Store(folder / "notes.sqlite3")
    except CimaiseError:
        return {}
    try:
        return store.hashes()
    finally:
        store.close()


def _build(index: Path, content: _Content, progress: Progress) -> None:
    """Build a snapshot in a new folder and publish it; on any failure the folder goes."""
    folder = new_folder(index)
    notes = content.notes
    try:
        progress("Écriture de l’index", 0, len(notes))
        links = resolve_links(item.note for item in notes)
        write_store(folder / "notes.sqlite3", notes, links, content.outcomes)
        progress("Écriture de l’index", len(notes), len(notes))
        chunks = [(item, chunk) for item in notes for chunk in item.chunks]
        texts = ["\n".join((item.note.title, *chunk.heading, chunk.cleaned)) for item, chunk in chunks]
        vectors = _embed(content.embedder, texts, progress)
        metadatas = [_metadata(item, position) for item in notes for position in range(len(item.chunks))]
        build_vectors(
            folder / "chroma", [c.id for _, c in chunks], [c.cleaned for _, c in chunks], vectors, metadatas
        )
        publish(folder, notes=len(notes), chunks=len(chunks), embeddings=content.fingerprint)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    logger.info("published snapshot %s: %d notes, %d chunks", folder.name, len(notes), len(chunks))


def _embed(embedder: Embeddings, texts: list[str], progress: Progress) -> list[list[float]]:
    vectors: list[list[float]] = []
    for start in range(0, len(texts), _EMBEDDING_BATCH):
        progress("Calcul des vecteurs", start, len(texts))
        with provider_errors():
            vectors += embedder.embed_documents(texts[start : start + _EMBEDDING_BATCH])
    progress("Calcul des vecteurs", len(texts), len(texts))
    return vectors


def _metadata(item: IndexedNote, position: int) -> Metadata:
    chunk = item.chunks[position]
    return {
        "path": item.file.path,
        "note": item.note.title,
        "heading": " › ".join(chunk.heading),
        "start": chunk.start,
        "end": chunk.end,
        "tags": " ".join(item.note.tags),
        "folder": item.file.path.rpartition("/")[0],
        "date": item.note.date or "",
    }


def _reasons(outcomes: Sequence[Outcome], status: str) -> tuple[tuple[str, str], ...]:
    return tuple((outcome.path, outcome.reason) for outcome in outcomes if outcome.status == status)


def _warnings(notes: Sequence[IndexedNote]) -> tuple[tuple[str, str], ...]:
    found = [(item.file.path, item.file.warning) for item in notes if item.file.warning]
    found += [
        (item.file.path, f"ligne {line} : {problem}")
        for item in notes
        for line, problem in item.note.warnings
    ]
    return tuple(found)
