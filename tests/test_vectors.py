"""The vectors of a snapshot in the real Chroma: built once, queried, closed, and nothing calls out."""

import math
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest

from ingest.errors import CimaiseError, IndexDamagedError, IndexWriteError
from ingest.vectors import VectorIndex, build_vectors

AXES = {
    "est": [1.0, 0.0, 0.0],
    "nord-est": [math.sqrt(0.5), math.sqrt(0.5), 0.0],
    "nord": [0.0, 1.0, 0.0],
    "ouest": [-1.0, 0.0, 0.0],
}


def _build(folder: Path, vectors: dict[str, list[float]]) -> Path:
    metadatas: list[dict[str, str | int]] = [
        {"path": f"{name}.md", "start": 0, "text": f"Texte {name}"} for name in vectors
    ]
    build_vectors(
        folder,
        list(vectors),
        np.array(list(vectors.values()), np.float32),
        metadatas,
    )
    return folder


@pytest.fixture(scope="module")
def compass(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of four unit vectors, to be opened or copied, never changed."""
    return _build(tmp_path_factory.mktemp("vectors") / "chroma", AXES)


@pytest.fixture
def index(compass: Path) -> Iterator[VectorIndex]:
    """The store of four vectors, open."""
    with closing(VectorIndex(compass)) as opened:
        yield opened


def test_query_gives_ids_and_cosine_similarities_nearest_first(index: VectorIndex) -> None:
    found = index.query([2.0, 0.0, 0.0], limit=4)
    assert [name for name, _ in found] == ["est", "nord-est", "nord", "ouest"]
    assert [score for _, score in found] == pytest.approx([1, math.sqrt(0.5), 0, -1], abs=1e-6)


def test_limit_is_kept(index: VectorIndex) -> None:
    assert [len(index.query(AXES["nord"], limit=limit)) for limit in (1, 2, 4)] == [1, 2, 4]


def test_limit_above_what_is_held_gives_all(index: VectorIndex) -> None:
    assert len(index.query(AXES["nord"], limit=50)) == 4


def test_equal_scores_come_in_the_order_of_ids(index: VectorIndex) -> None:
    assert [name for name, _ in index.query([0.0, 0.0, 1.0], limit=4)] == sorted(AXES)


def test_question_of_another_dimension_is_our_error(index: VectorIndex) -> None:
    with pytest.raises(IndexDamagedError):
        index.query([1.0, 0.0], limit=1)


def test_closed_index_answers_with_our_error(compass: Path) -> None:
    index = VectorIndex(compass)
    index.close()
    index.close()
    with pytest.raises(CimaiseError):
        index.query(AXES["est"], limit=1)


def test_index_is_opened_many_times_at_once_and_again(compass: Path) -> None:
    for _ in range(5):
        with closing(VectorIndex(compass)) as one, closing(VectorIndex(compass)) as other:
            assert one.query(AXES["est"], limit=1) == other.query(AXES["est"], limit=1)
        with closing(VectorIndex(compass)) as again:
            assert again.query(AXES["nord"], limit=1)[0][0] == "nord"


def test_closing_one_reader_leaves_the_other_open(compass: Path) -> None:
    first, second = VectorIndex(compass), VectorIndex(compass)
    first.close()
    assert second.query(AXES["est"], limit=1)[0][0] == "est"
    second.close()


def test_store_that_was_moved_is_opened(compass: Path, tmp_path: Path) -> None:
    with closing(VectorIndex(shutil.copytree(compass, tmp_path / "été #1 %20?"))) as index:
        assert index.query(AXES["ouest"], limit=1)[0][0] == "ouest"


def test_more_rows_than_one_call_takes_are_all_found(tmp_path: Path) -> None:
    generator = random.Random(1)  # noqa: S311 - the same vectors each time
    vectors = {f"{row:05}": [generator.gauss(0, 1) for _ in range(6)] for row in range(5_600)}
    with closing(VectorIndex(_build(tmp_path / "chroma", vectors))) as index:
        for name in ("00000", "04999", "05000", "05461", "05599"):
            assert index.query(vectors[name], limit=1)[0][0] == name


@pytest.fixture
def collection(compass: Path, tmp_path: Path) -> Iterator[Any]:
    """The collection of a copy of the store, as Chroma itself has it."""
    settings = chromadb.config.Settings(anonymized_telemetry=False)
    client: Any = chromadb.PersistentClient(str(shutil.copytree(compass, tmp_path / "copy")), settings)
    yield client.get_collection("chunks", embedding_function=None)
    client.close()


def test_metadata_are_stored_with_the_vectors_the_text_among_them(collection: Any) -> None:
    found = collection.get(ids=["nord"])
    assert found["metadatas"] == [{"path": "nord.md", "start": 0, "text": "Texte nord"}]


def test_collection_measures_cosines_and_searches_wide(collection: Any) -> None:
    hnsw = collection.configuration_json["hnsw"]
    assert (hnsw["space"], hnsw["ef_search"]) == ("cosine", 400)


def test_odd_texts_and_names_are_stored(tmp_path: Path) -> None:
    folder = tmp_path / "chroma"
    build_vectors(
        folder,
        ["a"],
        np.ones((1, 1), np.float32),
        [{"path": r"caf\xe9 🎨.md", "tags": "", "text": "🎨\0e\u0301 \u202e"}],
    )
    with closing(VectorIndex(folder)) as index:
        assert index.query([1.0], limit=1)[0][0] == "a"


def test_missing_folder_is_damage_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(IndexDamagedError, match="dossier absent"):
        VectorIndex(tmp_path / "chroma")
    assert not (tmp_path / "chroma").exists()


def test_file_in_place_of_the_folder_is_damage(tmp_path: Path) -> None:
    (tmp_path / "chroma").write_text("x", encoding="utf-8")
    with pytest.raises(IndexDamagedError):
        VectorIndex(tmp_path / "chroma")


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def _without_database(folder: Path) -> None:
    (folder / "chroma.sqlite3").unlink()


def _garbage(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"garbage" * 1_000)


def _truncated(folder: Path) -> None:
    content = (folder / "chroma.sqlite3").read_bytes()
    (folder / "chroma.sqlite3").write_bytes(content[: len(content) // 3])


@pytest.mark.parametrize("spoil", [_empty, _without_database, _garbage, _truncated])
def test_damaged_folder_is_our_error(compass: Path, tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(folder := shutil.copytree(compass, tmp_path / "chroma"))
    with (
        pytest.raises(IndexDamagedError, match="cimaise index --force"),
        closing(VectorIndex(folder)) as index,
    ):
        index.query(AXES["est"], limit=1)


@pytest.mark.parametrize("spoil", [_empty, _without_database, _garbage, _truncated])
def test_damaged_folder_stays_our_error_when_opened_again(
    compass: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(folder := shutil.copytree(compass, tmp_path / "chroma"))
    for _ in range(3):
        with pytest.raises(IndexDamagedError), closing(VectorIndex(folder)) as index:
            index.query(AXES["est"], limit=1)


def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(IndexWriteError):
        _build(tmp_path / "file" / "chroma", AXES)


def test_everything_that_calls_out_is_off_whatever_the_environment_says(
    compass: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANONYMIZED_TELEMETRY", "True")
    monkeypatch.setenv("CHROMA_OTEL_COLLECTION_ENDPOINT", "http://127.0.0.1:9")
    seen: list[Any] = []
    original = chromadb.PersistentClient

    def watched(*, path: str, settings: Any) -> Any:
        seen.append(settings)
        return original(path=path, settings=settings)

    monkeypatch.setattr(chromadb, "PersistentClient", watched)
    VectorIndex(compass).close()
    assert [(given.anonymized_telemetry, given.chroma_otel_collection_endpoint) for given in seen] == [
        (False, "")
    ]


WATCHED = """
import sys, pathlib, chromadb
from ingest.vectors import VectorIndex, build_vectors
pathlib.Path(".env").write_bytes("NOM=mus\\xe9e".encode("latin-1"))
seen = []
sys.addaudithook(lambda event, given: seen.append((event, given)) if event.startswith("socket.")
                 or (event == "open" and str(given[0]).endswith(".env")) else None)
folder = pathlib.Path("chroma")
import numpy
build_vectors(folder, ["a"], numpy.array([[1.0, 0.0]]), [{"path": "a.md", "text": "texte"}])
index = VectorIndex(folder)
index.query([1.0, 0.0], limit=1)
index.close()
print(seen)
"""


def test_building_and_reading_open_no_socket_and_no_env_file(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "ANONYMIZED_TELEMETRY": "True",
        "CHROMA_OTEL_COLLECTION_ENDPOINT": "http://127.0.0.1:9",
    }
    done = subprocess.run(
        [sys.executable, "-c", WATCHED],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
