"""Vectors are kept by what was embedded: none is paid twice, none is kept too long, none is taken for another."""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import IndexWriteError
from ingest.matrix import Matrix
from ingest.vector_cache import VectorCache, vector_key

KEYS = [vector_key("e", [f"texte {number}"]) for number in range(1_200)]
VECTORS: Matrix = np.random.default_rng(7).normal(size=(1_200, 8)).astype(np.float32)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[VectorCache]:
    """An empty cache."""
    with closing(VectorCache(tmp_path)) as cache:
        yield cache


def _fill(index: Path) -> None:
    with closing(VectorCache(index)) as cache:
        cache.put(KEYS, VECTORS)


def _known(index: Path) -> int:
    """Return how many vectors are kept; each is the one that was put there."""
    with closing(VectorCache(index)) as cache:
        found = cache.get(KEYS)
    assert all(np.array_equal(found[key], VECTORS[KEYS.index(key)]) for key in found)
    return len(found)


def test_vectors_come_back_bit_for_bit(cache: VectorCache) -> None:
    cache.put(KEYS, VECTORS)
    found = cache.get(KEYS[::-1])
    assert np.array_equal(np.stack([found[key] for key in KEYS]), VECTORS)


def test_unknown_keys_are_left_out(cache: VectorCache) -> None:
    cache.put(KEYS[:1], VECTORS[:1])
    assert list(cache.get(KEYS[:2])) == KEYS[:1]
    assert cache.get([]) == {}


def test_newer_vector_replaces_the_older(cache: VectorCache) -> None:
    cache.put(KEYS[:1], VECTORS[:1])
    cache.put(KEYS[:1], VECTORS[1:2])
    assert np.array_equal(cache.get(KEYS[:1])[KEYS[0]], VECTORS[1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("e", ["a"]), ("f", ["a"])),
        (("e", ["a", "b"]), ("e", ["ab"])),
        (("e", ["a", "b"]), ("e", ["b", "a"])),
        (("e", ["a"]), ("e", ["a", ""])),
        (("e", []), ("e", [""])),
    ],
)
def test_keys_of_different_texts_differ(one: tuple[str, list[str]], other: tuple[str, list[str]]) -> None:
    assert vector_key(*one) == vector_key(*one) != vector_key(*other)


def test_only_what_is_asked_for_is_kept_and_the_rest_is_beyond_recovery(
    cache: VectorCache, tmp_path: Path
) -> None:
    cache.put(KEYS, VECTORS)
    cache.keep_only(KEYS[1:3])
    assert set(cache.get(KEYS)) == set(KEYS[1:3])
    assert VECTORS[0].tobytes() not in (tmp_path / "vectors.sqlite3").read_bytes()


def test_no_text_is_in_the_file(tmp_path: Path) -> None:
    with closing(VectorCache(tmp_path)) as cache:
        cache.put([vector_key("e", ["secret"])], VECTORS[:1])
    assert b"secret" not in (tmp_path / "vectors.sqlite3").read_bytes()


def test_batch_is_durable_when_its_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib; sys.path.insert(0, sys.argv[2])\n"
        "from tests.test_vector_cache import KEYS, VECTORS, VectorCache\n"
        "cache = VectorCache(pathlib.Path(sys.argv[1])); cache.put(KEYS[:500], VECTORS[:500])\n"
        "cache._connection.execute('BEGIN'); cache._connection.execute('DELETE FROM vectors'); os.kill(os.getpid(), 9)"
    )
    root = str(Path(__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path), root], check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert _known(tmp_path) == 500


@pytest.mark.parametrize(
    "content",
    [b"Ce n'est pas une base.", b"SQLite format 3\0" + b"\xff" * 5_000, b"\0" * 4_096],
)
def test_file_that_is_no_cache_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vectors.sqlite3").write_bytes(content)
    assert _known(tmp_path) == 0
    _fill(tmp_path)
    assert _known(tmp_path) == len(KEYS)


@pytest.mark.parametrize("schema", ["CREATE TABLE vectors (key, vector)", "CREATE TABLE vectors (autre)", "CREATE TABLE notes (x)"])  # fmt: skip
def test_cache_of_another_shape_is_begun_anew(tmp_path: Path, schema: str) -> None:
    with closing(sqlite3.connect(tmp_path / "vectors.sqlite3")) as connection:
        connection.execute(schema)
    _fill(tmp_path)
    assert _known(tmp_path) == len(KEYS)


def test_header_that_says_read_only_is_damage(tmp_path: Path) -> None:
    _fill(tmp_path)
    content = bytearray((tmp_path / "vectors.sqlite3").read_bytes())
    content[18] = 9  # a version of the format to come
    (tmp_path / "vectors.sqlite3").write_bytes(content)
    _fill(tmp_path)
    assert _known(tmp_path) == len(KEYS)


def test_altered_vector_is_not_taken_for_the_one_that_was_put_there(tmp_path: Path) -> None:
    _fill(tmp_path)
    content = (tmp_path / "vectors.sqlite3").read_bytes()
    altered = VECTORS[3].tobytes()[:-1] + b"\x01"
    (tmp_path / "vectors.sqlite3").write_bytes(content.replace(VECTORS[3].tobytes(), altered))
    assert _known(tmp_path) == len(KEYS) - 1


def test_no_mutation_gives_a_wrong_vector_or_an_error(tmp_path: Path) -> None:
    _fill(tmp_path)
    whole = (tmp_path / "vectors.sqlite3").read_bytes()
    dice = random.Random(7)  # noqa: S311 - the same run each time
    kept = []
    for _ in range(30):
        content = bytearray(whole)
        for _ in range(dice.choice((1, 20))):
            place = dice.choice((dice.randrange(200), dice.randrange(len(content))))
            content[place] ^= 1 << dice.randrange(8)
        (tmp_path / "vectors.sqlite3").write_bytes(
            content[: dice.choice((None, dice.randrange(len(content))))]
        )
        kept.append(_known(tmp_path))
        _fill(tmp_path)
        assert _known(tmp_path) == len(KEYS)
    assert 0 < sum(kept) < 30 * len(KEYS)


def test_cache_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "vectors.sqlite3").mkdir()
    with pytest.raises(IndexWriteError, match="--index"):
        VectorCache(tmp_path)


def test_cache_that_another_program_holds_is_told_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(tmp_path)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path: connect(path, timeout=0.01))
    with closing(connect(tmp_path / "vectors.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(IndexWriteError):
            VectorCache(tmp_path)
    assert _known(tmp_path) == len(KEYS)


def test_cache_without_the_right_to_write_is_told_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(tmp_path)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path: connect(f"file:{path}?mode=ro", uri=True))
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)  # root has every right
    with pytest.raises(IndexWriteError, match="lecture seule"):
        VectorCache(tmp_path)
    monkeypatch.undo()
    assert _known(tmp_path) == len(KEYS)
