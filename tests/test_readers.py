"""Readers share a snapshot: each question sees one whole, the next the newest, and what nobody reads is closed."""

import gc
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import IndexMismatchError, IndexMissingError
from ingest.readers import SnapshotSource
from ingest.settings import IngestSettings
from tests.index_life import HASHED, CountingEmbeddings, published, sync_near, texts_of


@pytest.fixture
def settings(make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]) -> IngestSettings:
    """The settings of an indexed vault of one note."""
    settings = make_settings(make_vault({"Note.md": "Version 0."}))
    sync_near(settings)
    return settings


@pytest.fixture
def source(settings: IngestSettings) -> Iterator[SnapshotSource]:
    """What lends its snapshots."""
    with closing(SnapshotSource(settings.index_folder, embeddings=HASHED)) as source:
        yield source


def _publish(settings: IngestSettings, version: int) -> None:
    (settings.vault / "Note.md").write_text(f"Version {version}.", encoding="utf-8")
    sync_near(settings)


def _read(source: SnapshotSource) -> str:
    with source.lease() as snapshot:
        return texts_of(snapshot)["Note.md"]


def _folders(settings: IngestSettings) -> list[str]:
    return sorted(path.name for path in settings.index_folder.iterdir() if path.is_dir())


def test_without_a_snapshot_there_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError):
        SnapshotSource(tmp_path, embeddings=HASHED)


def test_source_refuses_other_embeddings(settings: IngestSettings) -> None:
    with pytest.raises(IndexMismatchError):
        SnapshotSource(settings.index_folder, embeddings="autres")


def test_same_snapshot_is_lent_to_all(source: SnapshotSource) -> None:
    with source.lease() as first, source.lease() as second:
        assert first is second


def test_next_question_reads_what_was_published_since(
    settings: IngestSettings, source: SnapshotSource
) -> None:
    for version in range(1, 4):
        _publish(settings, version)
        assert _read(source) == f"Version {version}."
        assert _folders(settings) == [str(version + 1)]


def test_question_under_way_keeps_its_snapshot(settings: IngestSettings, source: SnapshotSource) -> None:
    with source.lease() as snapshot:
        _publish(settings, 1)
        assert _read(source) == "Version 1."
        assert texts_of(snapshot)["Note.md"] == "Version 0."
        assert snapshot.vectors is not None
        assert snapshot.vectors.count() == 1
        assert _folders(settings) == ["1", "2"]
    assert _folders(settings) == ["2"]


def test_snapshot_of_several_questions_goes_with_the_last(
    settings: IngestSettings, source: SnapshotSource
) -> None:
    first, second = source.take(), source.take()
    _publish(settings, 1)
    _read(source)
    source.give_back(first)
    assert texts_of(second)["Note.md"] == "Version 0."
    source.give_back(second)
    assert _folders(settings) == ["2"]


@pytest.mark.parametrize("damage", ["notes.sqlite3", "manifest.json", "../CURRENT"])
def test_damaged_publication_is_not_switched_to_and_the_next_is(
    settings: IngestSettings, source: SnapshotSource, damage: str
) -> None:
    _publish(settings, 1)
    (published(settings) / damage).write_bytes(b"x")
    assert _read(source) == _read(source) == "Version 0."
    _publish(settings, 2)
    assert _read(source) == "Version 2."


def test_publication_with_other_embeddings_is_not_switched_to(
    settings: IngestSettings, source: SnapshotSource
) -> None:
    (settings.vault / "Note.md").write_text("Version 1.", encoding="utf-8")
    sync_near(settings, embeddings=CountingEmbeddings())
    assert _read(source) == "Version 0."
    _publish(settings, 2)
    assert _read(source) == "Version 2."


def test_damaged_publication_is_told_once(
    settings: IngestSettings, source: SnapshotSource, caplog: pytest.LogCaptureFixture
) -> None:
    _publish(settings, 1)
    (published(settings) / "notes.sqlite3").write_bytes(b"x")
    for _ in range(3):
        _read(source)
    assert [record.message.count("abîmé") for record in caplog.records] == [1]


def test_index_made_again_from_nothing_is_followed(settings: IngestSettings, source: SnapshotSource) -> None:
    shutil.rmtree(settings.index_folder)
    assert _read(source) == "Version 0."
    _publish(settings, 1)
    assert published(settings).name == "1"
    assert _read(source) == "Version 1."


def test_snapshot_removed_under_the_reader_is_followed_by_the_next(settings: IngestSettings, source: SnapshotSource) -> None:  # fmt: skip
    shutil.rmtree(published(settings))
    assert _read(source) == "Version 0."
    _publish(settings, 1)
    assert _read(source) == "Version 1."


def test_closed_source_lets_go_when_the_last_question_is_done(settings: IngestSettings) -> None:
    source = SnapshotSource(settings.index_folder, embeddings=HASHED)
    snapshot = source.take()
    source.close()
    assert texts_of(snapshot)["Note.md"] == "Version 0."
    source.give_back(snapshot)
    _publish(settings, 1)
    assert _folders(settings) == ["2"]


def test_files_do_not_stay_open(settings: IngestSettings, source: SnapshotSource) -> None:
    def count() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    _read(source)
    before = count()
    for version in range(1, 6):
        _publish(settings, version)
        _read(source)
    assert count() < before + 5  # Chroma keeps one or two more for a while; a snapshot holds at least three


def test_threads_see_whole_snapshots_only(settings: IngestSettings, source: SnapshotSource) -> None:
    (settings.vault / "Autre.md").write_text("Version 0.", encoding="utf-8")
    sync_near(settings)
    mixed: list[set[str]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with source.lease() as snapshot:
                versions = set(texts_of(snapshot).values())
                if len(versions) != 1:
                    mixed.append(versions)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for version in range(1, 4):
        (settings.vault / "Autre.md").write_text(f"Version {version}.", encoding="utf-8")
        _publish(settings, version)
    stop.set()
    for thread in threads:
        thread.join()
    assert mixed == []
