"""The vectors of a snapshot in Chroma: built once in a new folder, then only read. The only chromadb.

It is imported when used: importing it reads `.env`, which our settings must have read first.
"""

import errno
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from ingest.errors import IndexDamagedError, IndexWriteError
from ingest.matrix import Matrix

_COLLECTION = "chunks"
_BATCH = 5_000  # the store refuses more than 5 461 rows a call
_EF_SEARCH = 400
_NO_ROOM_BYTES = 1_000_000
_SAME = 1e-3  # cosine distance within which a vector is itself, rounding apart

Metadata = dict[str, str | int]


def load_chroma() -> None:
    """Import Chroma ahead of its use: it takes a second."""
    import chromadb  # noqa: F401, PLC0415


def build_vectors(
    folder: Path,
    ids: Sequence[str],
    vectors: Matrix,
    metadatas: Sequence[Metadata],
) -> None:
    """Write N chunks into a new Chroma folder and close it.

    Their texts go with the metadata: of documents, Chroma would index each trigram for a search that nobody
    makes, which is most of the time of writing.

    Args:
        folder: Must not hold a store yet.
        ids: N distinct ids.
        vectors: Array of shape (N, dimension), its rows L2-normalised.
        metadatas: N flat mappings.

    Raises:
        IndexWriteError: Chroma cannot write the folder.
    """
    making = folder.with_name(f"{folder.name}-{uuid4().hex}")  # Chroma never forgets a path that failed it
    with _write_errors(folder):
        with _client(making) as client:
            collection = client.create_collection(
                _COLLECTION,
                configuration={"hnsw": {"space": "cosine", "ef_search": _EF_SEARCH}},
                embedding_function=None,
            )
            for start in range(0, len(ids), _BATCH):
                rows = slice(start, start + _BATCH)
                collection.add(
                    ids=list(ids[rows]),
                    embeddings=vectors[rows],
                    metadatas=list(metadatas[rows]),
                )
        _blank_unused(making)
        making.rename(folder)


class VectorIndex:
    """The vectors of one published snapshot.

    Raises:
        IndexDamagedError: Chroma cannot open the folder, or it does not hold the collection.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not folder.is_dir():
            raise IndexDamagedError(folder, "dossier absent")
        self._client: Any = None
        with _chroma_errors(folder):
            self._client = _open(folder)
            try:
                self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)
            except BaseException:
                self.close()
                raise

    def query(self, vector: Sequence[float], *, limit: int) -> list[tuple[str, float]]:
        """Return the (chunk id, cosine similarity) of the nearest chunks, nearest first."""
        with _chroma_errors(self._folder):
            found = self._collection.query(
                query_embeddings=[list(vector)], n_results=limit, include=["distances"]
            )
        pairs = [
            (chunk_id, 1.0 - distance)
            for chunk_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def count(self) -> int:
        """Return how many chunks there are."""
        with _chroma_errors(self._folder):
            return int(self._collection.count())

    def find_themselves(self, tried: int) -> bool:
        """Tell whether chunks, as many as `tried` spread over all, are nearest to their own vectors.

        One in ten may not be: the search is approximate, and among alike texts 1 % are missed each time.
        """
        with _chroma_errors(self._folder):
            offsets = range(0, self.count(), max(1, self.count() // tried))
            missed = 0
            for offset in offsets:
                own = self._collection.get(limit=1, offset=offset, include=["embeddings"])["embeddings"][0]
                found = self._collection.query(query_embeddings=[own], n_results=1, include=["distances"])
                missed += found["distances"][0][0] > _SAME
        return 10 * missed <= len(offsets)

    def close(self) -> None:
        """Release Chroma's files; further queries fail."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _blank_unused(folder: Path) -> None:
    """Fill with zeros what Chroma 1.5.9 only reserved: it holds whatever this process had in memory there.

    Below a thousand chunks the vectors lie in `chroma.sqlite3`, and the HNSW files are of that kind. An index
    that was written has its `index_metadata.pickle` and reserves nothing.
    """
    for header in folder.glob("*/header.bin"):
        if not header.with_name("index_metadata.pickle").exists():
            for name in ("data_level0.bin", "length.bin"):
                reserved = header.with_name(name)
                reserved.write_bytes(bytes(reserved.stat().st_size))


@contextmanager
def _client(folder: Path) -> Iterator[Any]:
    client = _open(folder)
    try:
        yield client
    finally:
        client.close()


def _open(folder: Path) -> Any:
    """Open a store with everything that calls out switched off, whatever the environment says."""
    import chromadb  # noqa: PLC0415
    from chromadb.config import Settings as ChromaSettings  # noqa: PLC0415

    settings = ChromaSettings(
        _env_file=None,
        chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
        anonymized_telemetry=False,
        chroma_otel_collection_endpoint="",
        allow_reset=False,
    )
    return chromadb.PersistentClient(path=str(folder), settings=settings)


@contextmanager
def _chroma_errors(folder: Path) -> Iterator[None]:
    from chromadb.errors import ChromaError  # noqa: PLC0415

    try:
        yield
    except (ChromaError, ValueError, OSError, AttributeError) as error:  # a closed client has no bindings
        raise IndexDamagedError(folder, "Chroma ne peut pas le lire") from error


@contextmanager
def _write_errors(folder: Path) -> Iterator[None]:
    from chromadb.errors import ChromaError  # noqa: PLC0415

    try:
        yield
    except (ChromaError, ValueError, OSError, AttributeError) as error:  # a client that could not be made
        full = folder.parent.is_dir() and shutil.disk_usage(folder.parent).free < _NO_ROOM_BYTES
        cause = OSError(errno.ENOSPC, "Chroma does not always say why") if full else error
        raise IndexWriteError.because(folder.parent.parent, cause) from error
