"""A followed vault: what its notes become is published soon, once they are still; no error ends the following."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.errors import CimaiseError, MassDeletionError
from ingest.readers import SnapshotSource
from ingest.settings import IngestSettings
from ingest.snapshot import writing
from ingest.sync import SyncReport, sync
from ingest.verify import Verifier
from ingest.watch import QUIET_S, follow_vault
from tests.index_life import HASHED, published, sync_near, texts_in, texts_of

PATIENCE_S = 30.0  # for a machine that is busy elsewhere


class Following:
    """A vault that is followed in a thread of its own, and what was said of it."""

    def __init__(self, settings: IngestSettings) -> None:
        self.settings = settings
        self.reports: list[SyncReport] = []
        self.errors: list[CimaiseError] = []
        self.tries = 0
        self.stop = threading.Event()
        options = {"stop": self.stop, "quiet_s": 0.3, "run": self._run, "on_error": self.errors.append}
        self.thread = threading.Thread(target=follow_vault, args=(settings,), kwargs=options)
        self.thread.start()

    def _run(self, verifier: Verifier) -> None:
        self.tries += 1
        report = sync(self.settings, verifier=verifier)
        if report.published:
            self.reports.append(report)

    def wait(self, happened: Callable[[], bool]) -> float:
        """Wait until something has happened; return how long it took (seconds)."""
        started = time.monotonic()
        while not happened():
            assert self.thread.is_alive()
            assert time.monotonic() - started < PATIENCE_S
            time.sleep(0.02)
        return time.monotonic() - started

    def write(self, name: str, text: str) -> None:
        (self.settings.vault / name).write_text(text, encoding="utf-8")

    def close(self) -> None:
        self.stop.set()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


@pytest.fixture(autouse=True)
def _try_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.watch._RETRY_S", 0.2)


@pytest.fixture
def settings(make_vault: Callable[..., Path], make_settings: Callable[..., IngestSettings]) -> IngestSettings:
    """The settings of a vault of two notes that is indexed already."""
    settings = make_settings(make_vault({"Note.md": "Version 0.", "Autre.md": "Le musée."}))
    sync_near(settings)
    return settings


@pytest.fixture
def following(settings: IngestSettings) -> Iterator[Following]:
    """That vault, followed."""
    with closing(Following(settings)) as following:
        time.sleep(0.5)
        yield following


def test_change_is_live_within_a_few_seconds(following: Following) -> None:
    with closing(SnapshotSource(following.settings.index_folder, embeddings=HASHED)) as source:
        following.write("Note.md", "Version 1.")

        def live() -> bool:
            with source.lease() as snapshot:
                return texts_of(snapshot)["Note.md"] == "Version 1."

        assert following.wait(live) < PATIENCE_S
    following.wait(lambda: len(following.reports) == 1)
    assert following.reports[-1].updated == 1


def test_new_renamed_and_removed_notes_are_followed(following: Following) -> None:
    vault = following.settings.vault
    following.write("Neuve.md", "Une note.")
    (vault / "dossier").mkdir()
    (vault / "Note.md").rename(vault / "dossier" / "Note.md")
    expected = {"Neuve.md": "Une note.", "dossier/Note.md": "Version 0.", "Autre.md": "Le musée."}
    following.wait(lambda: texts_in(following.settings) == expected)
    (vault / "Neuve.md").unlink()
    following.wait(lambda: len(following.reports) == 2 and following.reports[-1].removed == 1)


def test_notes_are_read_once_they_are_still(following: Following) -> None:
    for version in range(1, 9):
        following.write("Note.md", f"Version {version}.")
        time.sleep(0.1)
    following.wait(lambda: len(following.reports) > 0)
    assert [report.updated for report in following.reports] == [1]
    assert texts_in(following.settings)["Note.md"] == "Version 8."


def test_quiet_period_is_that_of_a_synchroniser() -> None:
    assert QUIET_S == 2.0


def test_move_that_changes_no_note_is_not_reported(following: Following) -> None:
    following.write("image.png", "x")
    time.sleep(0.8)
    following.write("Note.md", "Version 1.")
    following.wait(lambda: len(following.reports) == 1)
    assert published(following.settings).name == "2"


def test_error_is_told_once_and_does_not_end_the_following(following: Following) -> None:
    for name in ("Note.md", "Autre.md"):
        (following.settings.vault / name).unlink()
    following.wait(lambda: len(following.errors) == 1)
    time.sleep(0.5)
    assert ["aucune note Markdown" in str(error) for error in following.errors] == [True]
    assert texts_in(following.settings)["Note.md"] == "Version 0."
    following.write("Note.md", "Version 1.")
    following.write("Autre.md", "Le musée.")
    following.wait(lambda: texts_in(following.settings)["Note.md"] == "Version 1.")


def test_what_no_retry_mends_is_tried_less_and_less_until_the_folder_changes(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.watch._RETRY_S", 0.05)
    for name in ("Note.md", "Autre.md"):
        (following.settings.vault / name).unlink()
    following.write("Seule.md", "Une note.")
    following.wait(lambda: len(following.errors) == 1)
    assert isinstance(following.errors[0], MassDeletionError)
    before = following.tries
    time.sleep(2)
    assert 1 <= following.tries - before <= 6  # 40 at a steady pace
    following.write("Note.md", "Version 1.")
    following.wait(lambda: "Note.md" in texts_in(following.settings) and len(following.reports) == 1)
    assert len(following.errors) == 1


def test_pause_between_tries_has_a_bound(settings: IngestSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.watch._LONGEST_RETRY_S", 0.1)
    (settings.vault / "Note.md").unlink()
    (settings.vault / "Autre.md").unlink()
    with closing(Following(settings)) as following:
        following.wait(lambda: following.tries >= 9)  # a minute, if each pause were twice the last


def test_vault_that_goes_and_comes_back_is_followed_again(following: Following, tmp_path: Path) -> None:
    vault = following.settings.vault
    vault.rename(tmp_path / "ailleurs")
    following.wait(lambda: len(following.errors) == 1)
    assert "n’existe pas" in str(following.errors[0])
    shutil.copytree(tmp_path / "ailleurs", vault)
    following.write("Note.md", "Version 1.")
    following.wait(lambda: texts_in(following.settings)["Note.md"] == "Version 1.")


def test_other_writer_is_waited_for_without_a_word(settings: IngestSettings) -> None:
    (settings.vault / "Note.md").write_text("Version 1.", encoding="utf-8")
    with closing(Following(settings)) as following:
        with writing(settings.index_folder):
            time.sleep(0.8)
        following.wait(lambda: texts_in(settings)["Note.md"] == "Version 1.")
    assert following.errors == []


def test_following_ends_when_it_is_told_to(following: Following) -> None:
    following.stop.set()
    following.thread.join(5)
    assert not following.thread.is_alive()
