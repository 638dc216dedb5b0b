"""`<index>/vectors.sqlite3`: the vectors already computed, by what was embedded; none is ever paid twice.

It holds no text, and after each publication no vector of a text that is gone. What it loses, or what is no
longer what was put there, is computed anew.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from ingest.errors import IndexWriteError
from ingest.matrix import Matrix

_SCHEMA = "CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB, seal BLOB) WITHOUT ROWID"
_BATCH = 500  # keys a statement
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


def vector_key(fingerprint: str, parts: Iterable[str]) -> bytes:
    """Return the key of a text given in parts, under the embeddings with this fingerprint."""
    digest = hashlib.blake2b(fingerprint.encode(), digest_size=16)
    for part in parts:
        digest.update(b"\0" + part.encode())
    return digest.digest()


class VectorCache:
    """Vectors by key; each batch is durable when `put` returns.

    Args:
        index: The index folder; a damaged cache in it is begun anew.

    Raises:
        IndexWriteError: The cache cannot be written.
    """

    def __init__(self, index: Path) -> None:
        self._index = index
        self._path = index / "vectors.sqlite3"
        with self._errors():
            try:
                self._connection = self._open()
            except sqlite3.Error as error:
                if not self._is_damage(error):
                    raise
                self._path.unlink()
                self._connection = self._open()

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Matrix]:
        """Return the known ones of the vectors, each an array of float32."""
        found: dict[bytes, Matrix] = {}
        for start in range(0, len(keys), _BATCH):
            part = keys[start : start + _BATCH]
            sql = f"SELECT * FROM vectors WHERE key IN ({','.join('?' * len(part))})"  # noqa: S608
            with self._errors():
                rows = self._connection.execute(sql, part).fetchall()
            whole = (row for row in rows if row[2] == _seal(row[0], row[1]))
            found.update((key, np.frombuffer(vector, np.float32)) for key, vector, _ in whole)
        return found

    def put(self, keys: Sequence[bytes], vectors: Matrix) -> None:
        """Keep N vectors under N keys."""
        pairs = [(key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True)]
        rows = [(key, vector, _seal(key, vector)) for key, vector in pairs]
        with self._errors(), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?,?,?)", rows)

    def keep_only(self, keys: Iterable[bytes]) -> None:
        """Forget every other vector, beyond recovery."""
        kept = set(keys)
        with self._errors(), self._connection:
            known = self._connection.execute("SELECT key FROM vectors").fetchall()
            gone = [row for row in known if row[0] not in kept]
            self._connection.executemany("DELETE FROM vectors WHERE key = ?", gone)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path)
        try:
            connection.execute("PRAGMA secure_delete=ON")
            with closing(connection.execute("PRAGMA quick_check(1)")) as check:
                sound = check.fetchone() == ("ok",)
            tables = [row[0] for row in connection.execute("SELECT sql FROM sqlite_master")]
            if not sound or tables not in ([], [_SCHEMA]):
                raise sqlite3.DatabaseError("damaged")
            if not tables:
                connection.execute(_SCHEMA)
            connection.execute("PRAGMA user_version=1")  # fails where nothing can be written
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_damage(self, error: sqlite3.Error) -> bool:
        """Tell a file that is not what was written from a disk or rights that are wanting."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        refused = code == sqlite3.SQLITE_READONLY and not os.access(self._path, os.W_OK)
        return not refused and code in _DAMAGE | {sqlite3.SQLITE_READONLY}

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise IndexWriteError.because(self._index, error) from error


def _seal(key: bytes, vector: bytes) -> bytes:
    return hashlib.blake2b(key + vector, digest_size=8).digest()
