"""A Chroma folder is tried in a process of its own, and what cannot be read back is not published."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.embeddings import HashedEmbeddings
from ingest.errors import IndexDamagedError, IndexWriteError
from ingest.settings import IngestSettings
from ingest.sync import sync
from ingest.vectors import VectorIndex, build_vectors
from ingest.verify import Verifier, try_folder
from tests.index_life import bytes_hold, published, sync_near

CHUNKS = 30


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Chroma folder of thirty chunks."""
    folder = tmp_path_factory.mktemp("built") / "chroma"
    vectors = np.eye(CHUNKS, 32, dtype=np.float32)
    names = [f"c{row}" for row in range(CHUNKS)]
    build_vectors(folder, names, vectors, [{"path": "a.md"}] * CHUNKS)
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    return shutil.copytree(built, tmp_path / "à vérifier")


def _alive(process_id: int) -> bool:
    return os.path.exists(f"/proc/{process_id}")


def test_sound_folder_passes_and_stays_as_it_was(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert try_folder(folder, CHUNKS)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("chunks", [CHUNKS - 1, CHUNKS + 1])
def test_folder_with_another_number_of_chunks_fails(folder: Path, chunks: int) -> None:
    assert not try_folder(folder, chunks)


def test_chunk_that_does_not_find_itself_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.vectors._SAME", -1.0)  # then nothing is itself
    assert not try_folder(folder, CHUNKS)


def test_alike_texts_that_the_search_misses_are_no_damage(tmp_path: Path) -> None:
    texts = [f"{number}\nNote numéro {number}." for number in range(300)]
    vectors = np.array(HashedEmbeddings().embed_documents(texts), dtype=np.float32)
    build_vectors(tmp_path / "chroma", texts, vectors, [{"path": "a.md"}] * 300)
    for _ in range(2):
        with closing(VectorIndex(tmp_path / "chroma")) as index:
            assert index.find_themselves(300)


def test_process_of_its_own_says_which_folder_is_sound(folder: Path) -> None:
    with Verifier() as verifier:
        verifier.check(folder, CHUNKS)
    (folder / "chroma.sqlite3").write_bytes(b"SQLite format 3\0" + b"\xff" * 9_000)
    with Verifier() as verifier, pytest.raises(IndexDamagedError, match="Chroma ne le relit pas"):
        verifier.check(folder, CHUNKS)


def test_process_that_dies_is_damage(folder: Path) -> None:
    with Verifier() as verifier:
        assert verifier._process is not None
        verifier._process.kill()
        with pytest.raises(IndexDamagedError):
            verifier.check(folder, CHUNKS)


def test_process_that_never_answers_is_damage_and_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.verify._TIMEOUT_S", 0.01)
    with Verifier() as verifier:
        process = verifier._process
        with pytest.raises(IndexDamagedError, match="à temps"):
            verifier.check(folder, CHUNKS)
    assert process is not None
    assert not _alive(process.pid)


def test_process_that_was_not_needed_ends() -> None:
    with Verifier() as verifier, verifier:
        process = verifier._process
    assert process is not None
    assert not _alive(process.pid)


def test_files_of_the_current_folder_are_not_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    (tmp_path / "json.py").write_text("raise SystemExit(9)", encoding="utf-8")
    with Verifier() as verifier:
        verifier.check(folder, CHUNKS)


def test_what_cannot_be_read_back_is_not_published(
    make_vault: Callable[..., Path],
    make_settings: Callable[..., IngestSettings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = make_settings(make_vault({"Note.md": "Le musée."}))
    sync_near(settings)
    before = published(settings)
    monkeypatch.setattr("ingest.verify._TIMEOUT_S", 0.01)
    with pytest.raises(IndexWriteError, match="Chroma ne le relit pas à temps"):
        sync(settings, force=True, verifier=Verifier())
    assert published(settings) == before
    assert [path.name for path in settings.index_folder.iterdir() if path.is_dir()] == [before.name]


def test_memory_of_the_process_is_not_written(tmp_path: Path) -> None:
    secrets = [f"clé secrète {number} " * 40 for number in range(2_000)]
    del secrets  # what Chroma reserves is likely to hold it
    found: list[str] = []
    for turn in range(5):
        folder = tmp_path / str(turn)
        vectors = np.eye(3, 128, dtype=np.float32)
        build_vectors(folder, ["a", "b", "c"], vectors, [{"path": "a.md"}] * 3)
        found += [
            path.name
            for path in folder.glob("*/*.bin")
            if path.name != "header.bin" and any(path.read_bytes())
        ]
        found += bytes_hold(folder, "clé secrète")
        assert try_folder(folder, 3)
    assert found == []
