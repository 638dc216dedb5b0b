"""Snapshot folders, their pointer, their manifest, their leases, and the lock of the one writer."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import (
    IndexBusyError,
    IndexDamagedError,
    IndexMismatchError,
    IndexMissingError,
    IndexWriteError,
)
from ingest.lease import Lease, Scratch, remove_unless_held
from ingest.manifest import Manifest, check_files, read_manifest, render_manifest, seal_manifest
from ingest.settings import IngestSettings
from ingest.snapshot import current_folder, new_folder, open_snapshot, publication, publish, sweep, writing
from tests.index_life import HASHED, published, sync_near, texts_of

MARKS = Manifest(notes=1, chunks=2, vectors=2, embeddings="e", parser="p")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of one note."""
    place = tmp_path_factory.mktemp("built")
    (place / "vault").mkdir()
    (place / "vault" / "Note.md").write_text("Le musée.", encoding="utf-8")
    sync_near(IngestSettings(vault=place / "vault", index=place / "index"))
    return place / "index"


@pytest.fixture
def index(built: Path, tmp_path: Path) -> Path:
    """A copy of that index."""
    return shutil.copytree(built, tmp_path / "index")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A snapshot folder with a file and a folder in it."""
    (tmp_path / "1" / "chroma").mkdir(parents=True)
    (tmp_path / "1" / "notes.sqlite3").write_text("Vérité", encoding="utf-8")
    (tmp_path / "1" / "chroma" / "x").write_text("Vecteurs", encoding="utf-8")
    return tmp_path / "1"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


def _seal(folder: Path) -> None:
    (folder / "manifest.json").write_text(render_manifest(seal_manifest(MARKS, folder)), encoding="utf-8")


def test_manifest_is_read_back_as_it_was_made(folder: Path) -> None:
    made = seal_manifest(MARKS, folder)
    (folder / "manifest.json").write_text(render_manifest(made), encoding="utf-8")
    assert read_manifest(folder) == made
    assert set(made.digests) == {"notes.sqlite3", "chroma/x"}
    check_files(folder, made)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", "{", "[" * 100_000, '{"format": 4}', "\ud800", "1" * 10_000]
)
def test_what_is_no_manifest_is_damage(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(IndexDamagedError, match=r"manifest\.json est illisible"):
        read_manifest(folder)


def test_missing_manifest_is_damage(folder: Path) -> None:
    with pytest.raises(IndexDamagedError, match="illisible"):
        read_manifest(folder)


@pytest.mark.parametrize("field", ["notes", "chunks", "embeddings", "parser", "digests", "seal"])
def test_changed_field_of_the_manifest_is_damage(folder: Path, field: str) -> None:
    _seal(folder)
    said = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(said | {field: {}}), encoding="utf-8")
    with pytest.raises(IndexDamagedError, match="modifié"):
        read_manifest(folder)


def test_manifest_of_another_format_is_told(folder: Path) -> None:
    _seal(folder)
    said = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(said | {"format": 1}), encoding="utf-8")
    with pytest.raises(IndexDamagedError, match="autre version"):
        read_manifest(folder)


@pytest.mark.parametrize("change", ["edit", "remove"])
def test_changed_file_is_damage_where_it_is_looked_for(folder: Path, change: str) -> None:
    manifest = seal_manifest(MARKS, folder)
    if change == "edit":
        (folder / "chroma" / "x").write_text("Vecteurt", encoding="utf-8")
    else:
        (folder / "chroma" / "x").unlink()
    check_files(folder, manifest, under="notes.sqlite3")
    with pytest.raises(IndexDamagedError, match=r"x est illisible|chroma/x a été modifié"):
        check_files(folder, manifest)


def test_snapshot_that_is_held_is_not_removed(folder: Path) -> None:
    _seal(folder)
    first, second = Lease(folder), Lease(folder)
    assert not remove_unless_held(folder)
    first.release()
    assert not remove_unless_held(folder)
    second.release()
    assert remove_unless_held(folder)
    assert not folder.exists()


def test_snapshot_that_was_never_finished_is_removed(folder: Path) -> None:
    assert remove_unless_held(folder)
    assert list(folder.parent.glob("1*")) == []


def test_lease_of_a_killed_reader_ends_with_it(folder: Path) -> None:
    _seal(folder)
    code = "import sys, pathlib, ingest.lease as l; h = l.Lease(pathlib.Path(sys.argv[1])); print(); sys.stdin.read()"
    reader = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        assert not remove_unless_held(folder)
        reader.kill()
    assert remove_unless_held(folder)


def test_no_lease_on_what_is_gone(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Lease(tmp_path / "7")


def test_scratch_of_a_killed_process_goes_when_the_next_is_made(scratch: Path) -> None:
    code = "import os, ingest.lease as l; s = l.Scratch(); (s.folder / 'texte').write_text('secret'); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code], check=False)
    assert len(list(scratch.glob("cimaise-*/texte"))) == 1
    mine = Scratch()
    assert list(scratch.iterdir()) == [mine.folder]
    mine.remove()
    assert list(scratch.iterdir()) == []


def test_scratch_in_use_is_left_alone(scratch: Path) -> None:
    first, second = Scratch(), Scratch()
    assert set(scratch.iterdir()) == {first.folder, second.folder}
    first.remove()
    second.remove()


def test_scratch_without_room_leaves_nothing(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _mode: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OSError, match="No space"):
        Scratch()
    assert list(scratch.iterdir()) == []


def test_pipe_and_link_in_place_of_a_lock_neither_hang_nor_lead_out(scratch: Path, tmp_path: Path) -> None:
    (tmp_path / "précieux").touch()
    for name in ("cimaise-tube", "cimaise-lien"):
        (scratch / name).mkdir()
    os.mkfifo(scratch / "cimaise-tube" / "lock")
    (scratch / "cimaise-lien" / "lock").symlink_to(tmp_path / "précieux")
    Scratch().remove()
    assert (tmp_path / "précieux").exists()
    assert (scratch / "cimaise-lien").exists()


def test_nothing_published_is_no_index(tmp_path: Path) -> None:
    assert current_folder(tmp_path) is None
    assert publication(tmp_path) is None
    with pytest.raises(IndexMissingError, match="cimaise index"):
        open_snapshot(tmp_path, embeddings=HASHED)


@pytest.mark.parametrize(
    "content",
    [b"", b"0", b"01", b"-1", b"1.gone", b"../1", b"1\n2", b"\xff", "٣".encode(), b"9" * 5_000, b"1\0"],
)
def test_pointer_that_is_no_number_is_damage(index: Path, content: bytes) -> None:
    (index / "CURRENT").write_bytes(content)
    with pytest.raises(IndexDamagedError, match="CURRENT est illisible"):
        open_snapshot(index, embeddings=HASHED)


def test_pointer_to_nothing_is_damage(index: Path) -> None:
    (index / "CURRENT").write_text("7", encoding="ascii")
    with pytest.raises(IndexDamagedError, match="cimaise index --force"):
        open_snapshot(index, embeddings=HASHED)


def test_other_embeddings_are_refused(index: Path) -> None:
    with pytest.raises(IndexMismatchError, match="relancez : cimaise index"):
        open_snapshot(index, embeddings="autres")


def test_changed_truth_is_damage_and_lets_go_of_the_snapshot(index: Path) -> None:
    with (index / "1" / "notes.sqlite3").open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(IndexDamagedError, match=r"notes\.sqlite3 a été modifié"):
        open_snapshot(index, embeddings=HASHED)
    assert remove_unless_held(index / "1")


@pytest.mark.parametrize("damage", ["file", "byte", "folder", "room"])
def test_broken_vectors_are_done_without(index: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    if damage == "file":
        (index / "1" / "chroma" / "chroma.sqlite3").write_bytes(b"x")
    elif damage == "byte":
        with next((index / "1" / "chroma").glob("*/length.bin")).open("ab") as stream:
            stream.write(b"\0")  # Chroma does not mind
    elif damage == "folder":
        shutil.rmtree(index / "1" / "chroma")
    else:
        monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with closing(open_snapshot(index, embeddings=HASHED)) as snapshot:
        assert snapshot.vectors is None
        assert texts_of(snapshot) == {"Note.md": "Le musée."}


def test_reading_leaves_what_was_published_as_it_was(index: Path, scratch: Path) -> None:
    before = {path: path.read_bytes() for path in index.rglob("*") if path.is_file()}
    with closing(open_snapshot(index, embeddings=HASHED)) as snapshot:
        assert snapshot.vectors is not None
        assert len(snapshot.vectors.query([1.0] * 128, limit=5)) == 1
    assert {path: path.read_bytes() for path in index.rglob("*") if path.is_file()} == before
    assert list(scratch.iterdir()) == []


def test_publication_moves_the_pointer_and_removes_the_others(index: Path) -> None:
    before = publication(index)
    folder = new_folder(index)
    (folder / "notes.sqlite3").touch()
    (index / "1.gone").mkdir()
    manifest = publish(folder, MARKS)
    assert current_folder(index) == folder == index / "2"
    assert read_manifest(folder) == manifest
    assert publication(index) != before
    assert {path.name for path in index.iterdir() if path.is_dir()} == {"2"}


def test_everything_is_durable_before_the_pointer_moves(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        done.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    def note_replace(source: Path, target: Path) -> None:
        done.append(f"→ {target.name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    folder = new_folder(index)
    (folder / "chroma").mkdir()
    (folder / "chroma" / "x").touch()
    publish(folder, MARKS)
    moved = done.index("→ CURRENT")
    before = {
        str(path) for path in (folder, folder / "chroma", folder / "chroma" / "x", folder / "manifest.json")
    }
    assert before | {str(index / "CURRENT.new")} <= set(done[:moved])
    assert done[moved + 1] == str(index)


def test_next_number_is_above_all_that_were_seen(index: Path) -> None:
    (index / "5").mkdir()
    assert new_folder(index).name == "6"
    (index / "CURRENT").write_text("9", encoding="ascii")
    assert new_folder(index).name == "10"


def test_sweeping_keeps_what_is_published_and_what_is_not_ours(index: Path) -> None:
    for name in ("3", "4.gone", "mes notes"):
        (index / name).mkdir()
    (index / "CURRENT.new").touch()
    sweep(index)
    assert {path.name for path in index.iterdir()} == {"1", "CURRENT", "last_run.json", "mes notes", "vectors.sqlite3", "writer", "writer.lock"}  # fmt: skip


def test_sweeping_removes_nothing_while_the_pointer_cannot_be_read(index: Path) -> None:
    (index / "CURRENT").write_bytes(b"\xff")
    sweep(index)
    assert (index / "1" / "notes.sqlite3").exists()


def test_second_writer_is_told_who_the_first_is(index: Path) -> None:
    with writing(index), pytest.raises(IndexBusyError, match=f"processus {os.getpid()}, depuis [0-9:]{{8}}"), writing(index):  # fmt: skip
        pass
    with writing(index):
        pass


def test_holder_that_wrote_nonsense_is_still_a_holder(index: Path) -> None:
    with writing(index):
        (index / "writer").write_bytes(b"\xff\xfe")
        with pytest.raises(IndexBusyError), writing(index):
            pass
        (index / "writer").unlink()
        with pytest.raises(IndexBusyError, match="autre processus"), writing(index):
            pass


def test_writer_sweeps_what_a_killed_one_left(index: Path) -> None:
    (index / "2" / "chroma").mkdir(parents=True)
    (index / "1.gone").mkdir()
    with writing(index):
        assert not (index / "2").exists()
        assert not (index / "1.gone").exists()


def test_index_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "fichier").touch()
    with pytest.raises(IndexWriteError), writing(tmp_path / "fichier" / "index"):
        pass


def test_closing_twice_is_closing_once(index: Path) -> None:
    snapshot = open_snapshot(index, embeddings=HASHED)
    snapshot.close()
    snapshot.close()


def test_superseded_snapshot_goes_with_its_reader(
    make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]
) -> None:
    settings = make_settings(make_vault({"Note.md": "Un secret."}))
    sync_near(settings)
    snapshot = open_snapshot(settings.index_folder, embeddings=HASHED)
    make_vault({"Note.md": "Rien."})
    sync_near(settings)
    assert texts_of(snapshot) == {"Note.md": "Un secret."}
    snapshot.close()
    assert not snapshot.folder.exists()
    assert published(settings).name == "2"
