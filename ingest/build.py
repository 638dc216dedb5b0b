"""Build a snapshot in a new folder: the truth, the vectors, a trial of both, and the publication."""

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings

from ingest.batches import batch_lengths, embed_texts
from ingest.clean import clean
from ingest.embeddings import HashedEmbeddings, is_remote
from ingest.errors import IndexDamagedError, IndexWriteError, VectorsError
from ingest.french import content_words
from ingest.indexed import IndexedChunk, IndexedNote, parser_fingerprint
from ingest.links import resolve_links
from ingest.manifest import Manifest
from ingest.matrix import Matrix
from ingest.snapshot import new_folder, publish, published_folder
from ingest.store_writer import write_store
from ingest.vault import Outcome
from ingest.vector_cache import VectorCache, vector_key
from ingest.vectors import Metadata, build_vectors
from ingest.verify import Verifier

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int | None], None]
"""Called with the stage in French, how many are done, and of how many (None when not yet known)."""


Chunked = tuple[IndexedNote, IndexedChunk]
"""A chunk with the note it stands in."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a snapshot is built of; `fingerprint` is that of the embedder."""

    notes: Sequence[IndexedNote]
    outcomes: Sequence[Outcome]
    embedder: Embeddings
    fingerprint: str


def build_snapshot(index: Path, content: Content, progress: Progress, verifier: Verifier) -> None:
    """Build a snapshot of the content and publish it; on any failure its folder goes.

    Raises:
        IndexWriteError: The index cannot be written, or what was written cannot be read back.
        ProviderError: The embedding provider failed; the vectors it gave are kept for the next run.
    """
    with verifier:  # it imports Chroma while the truth is written
        folder = new_folder(index)
        notes, chunks = len(content.notes), sum(len(item.chunks) for item in content.notes)
        try:
            with closing(VectorCache(index)) as cache:
                keys = _fill(folder, content, cache, progress)
                cache.keep_only(keys)
                progress("Vérification de l’index", 0, len(keys))
                _verify(verifier, folder, len(keys))
                progress("Publication de l’index", 0, notes)
                publish(folder, Manifest(notes, chunks, len(keys), content.fingerprint, parser_fingerprint()))
        except BaseException:
            if published_folder(index) != folder:
                shutil.rmtree(folder, ignore_errors=True)
            raise
    progress("Index publié", notes, notes)
    logger.info("published snapshot %s: %d notes, %d chunks", folder.name, notes, chunks)


def _fill(folder: Path, content: Content, cache: VectorCache, progress: Progress) -> list[bytes]:
    """Write the truth and the vectors, and return the keys of the latter.

    Private notes have none where embeddings are remote: they are not sent, and words alone find them.
    """
    notes = content.notes
    progress("Écriture de l’index", 0, len(notes))
    links = resolve_links(item.note for item in notes)
    shown = [item for item in notes if not (item.note.private and is_remote(content.embedder))]
    chunks = [(item, chunk) for item in shown for chunk in item.chunks]
    keys = [_key(content.fingerprint, item, chunk) for item, chunk in chunks]
    with ThreadPoolExecutor(1) as aside:  # Chroma's work is not Python's: the two go on together
        written = aside.submit(write_store, folder / "notes.sqlite3", notes, links, content.outcomes)
        vectors = _vectors(content, chunks, keys, cache, progress)
        progress("Rangement des vecteurs", 0, len(chunks))
        _write_vectors(folder / "chroma", chunks, vectors)
        written.result()
    return keys


def _vectors(
    content: Content, chunks: Sequence[Chunked], keys: Sequence[bytes], cache: VectorCache, progress: Progress
) -> Matrix:
    """Return the vectors of the chunks, in order; the unknown ones are computed and kept batch by batch."""
    progress("Calcul des vecteurs", 0, len(chunks))
    if isinstance(content.embedder, HashedEmbeddings):  # cheaper to compute than to keep
        return _hashed(content.embedder, chunks)
    known = cache.get(keys)
    missing = {key: pair for key, pair in zip(keys, chunks, strict=True) if key not in known}
    texts = [_text(*pair) for pair in missing.values()]
    wanted, done = list(missing), 0
    for count in batch_lengths(texts):
        progress("Calcul des vecteurs", done, len(wanted))
        batch = slice(done, done + count)
        vectors = embed_texts(content.embedder, texts[batch])
        cache.put(wanted[batch], vectors)
        known.update(zip(wanted[batch], vectors, strict=True))
        _check_alike(known, cache, wanted[batch])
        done += count
    return np.stack([known[key] for key in keys]) if keys else np.empty((0, 1), np.float32)


def _check_alike(known: Mapping[bytes, Matrix], cache: VectorCache, newest: Sequence[bytes]) -> None:
    """Raise VectorsError where another model answers under the same name; only what it gave is then kept."""
    lengths = dict.fromkeys(len(vector) for vector in known.values())
    if len(lengths) > 1:
        cache.keep_only(newest)
        before, now = next(iter(lengths)), len(known[newest[0]])
        raise VectorsError(f"un autre modèle, {now} nombres par vecteur au lieu de {before}")


def _hashed(embedder: HashedEmbeddings, chunks: Sequence[Chunked]) -> Matrix:
    """Return the hashed vectors of the chunks, from the words already counted."""
    around = (content_words(" ".join((item.note.title, *chunk.heading[-1:]))) for item, chunk in chunks)
    return embedder.embed_counts(
        [chunk.words + Counter(words) for (_, chunk), words in zip(chunks, around, strict=True)]
    )


def _key(fingerprint: str, item: IndexedNote, chunk: IndexedChunk) -> bytes:
    raw = item.file.text[chunk.start : chunk.end]
    return vector_key(fingerprint, (item.note.title, *chunk.heading, raw))


def _text(item: IndexedNote, chunk: IndexedChunk) -> str:
    """Return what is embedded of a chunk: its title, its headings and what a reader sees of it."""
    raw = item.file.text[chunk.start : chunk.end]
    return "\n".join((item.note.title, *chunk.heading, clean(raw, comments=True)))


def _write_vectors(folder: Path, chunks: Sequence[Chunked], vectors: Matrix) -> None:
    ids = [chunk.id for _, chunk in chunks]
    build_vectors(folder, ids, vectors, [_metadata(item, chunk) for item, chunk in chunks])


def _metadata(item: IndexedNote, chunk: IndexedChunk) -> Metadata:
    return {
        "path": item.file.path,
        "note": item.note.title,
        "heading": " › ".join(chunk.heading),
        "start": chunk.start,
        "end": chunk.end,
        "tags": " ".join(item.note.tags),
        "folder": item.file.path.rpartition("/")[0],
        "date": item.note.date or "",
        "text": item.file.text[chunk.start : chunk.end],
    }


def _verify(verifier: Verifier, folder: Path, chunks: int) -> None:
    try:
        verifier.check(folder / "chroma", chunks)
    except IndexDamagedError as error:
        raise IndexWriteError(folder.parent, error.problem) from error
