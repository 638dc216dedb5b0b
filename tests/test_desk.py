"""What is served changes behind the page: no answer is cut, nothing is left open, what fails is said."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any, cast

import pytest

from assistant.answer import Answer, Question
from assistant.chain import AnswerChain
from assistant.choice import Choice
from assistant.desk import Desk
from assistant.indexing import Indexing, IndexState
from assistant.settings import Settings
from ingest.errors import (
    CimaiseError,
    IndexInVaultError,
    MassDeletionError,
    QuestionError,
    SettingsError,
    VaultError,
)
from ingest.last_run import recall_run
from ingest.snapshot import published_folder, writing
from ingest.sync import recall_report
from tests.index_life import NearVerifier, sync_near
from tests.model_server import Reply, serve_model

PATIENCE_S = 30.0
QUESTION = Question("Quelles sont les étapes d’une stratégie\u202f?")
FIRST = {"Étapes.md": "# Étapes\n\nLes étapes d’une stratégie sont trois.\n", "Vide.md": ""}
SECOND = {"Autre.md": "# Autre\n\nUne stratégie a quatre étapes ici.\n"}


@pytest.fixture(autouse=True)
def _verified_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.watch.Verifier", NearVerifier)
    monkeypatch.setattr("ingest.watch._RETRY_S", 0.1)


@pytest.fixture
def vault(make_vault: Callable[..., Path]) -> Path:
    return make_vault(FIRST, name="un")


@pytest.fixture
def other(make_vault: Callable[..., Path]) -> Path:
    return make_vault(SECOND, name="deux")


@pytest.fixture
def desk(vault: Path) -> Iterator[Desk]:
    with closing(Desk(Settings(vault=vault))) as desk:
        yield desk


def _until(happened: Callable[[], object]) -> None:
    started = time.monotonic()
    while not happened():
        assert time.monotonic() - started < PATIENCE_S
        time.sleep(0.01)


def _opened(desk: Desk) -> Desk:
    desk.open()
    _until(lambda: desk.ready and not desk.state.running)
    return desk


async def _ask(desk: Desk) -> Answer:
    answer = Answer()
    async with aclosing(cast("Any", desk.astream(QUESTION))) as parts:
        async for part in parts:
            answer = answer + part
    return answer


def _quotes(desk: Desk) -> str:
    return " ".join(citation.quote for citation in asyncio.run(_ask(desk)).citations)


class Gate:
    """Stops the indexing at a stage until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        progress = Indexing._progress

        def slow(indexing: Indexing, at: str, done: int, total: int | None) -> None:
            progress(indexing, at, done, total)
            if at == stage and not self.go.is_set():
                self.reached.set()
                self.go.wait(PATIENCE_S)

        monkeypatch.setattr(Indexing, "_progress", slow)


# Reading behind the page


def test_vault_without_index_is_read_behind_the_page_and_then_answers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, "Analyse des notes")
    desk.open()
    assert gate.reached.wait(PATIENCE_S)
    assert (desk.ready, desk.note_count, desk.state.running) == (False, 0, True)
    assert (desk.state.stage, desk.state.total) == ("Analyse des notes", 1)
    with pytest.raises(QuestionError, match="Je lis encore vos notes"):
        asyncio.run(_ask(desk))
    gate.go.set()
    _until(lambda: desk.ready)
    assert desk.note_count == 1
    assert "trois" in _quotes(desk)
    assert desk.titles("étap") == ("Étapes",)
    assert desk.vault_name == "un"


def test_last_index_answers_while_the_notes_are_read_anew(
    desk: Desk, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_near(desk.settings)
    (vault / "Étapes.md").write_text("# Étapes\n\nLes étapes d’une stratégie sont sept.\n", encoding="utf-8")
    gate = Gate(monkeypatch, "Analyse des notes")
    desk.open()
    assert gate.reached.wait(PATIENCE_S)
    assert "trois" in _quotes(desk)
    gate.go.set()
    _until(lambda: not desk.state.running)
    assert "sept" in _quotes(desk)


def test_report_of_the_last_run_survives_a_restart(desk: Desk) -> None:
    _opened(desk)
    told = desk.report
    assert told is not None
    assert told.skipped == (("Vide.md", "vide"),)
    again = Desk(desk.settings)
    recalled = again.report
    assert recalled is not None
    assert (recalled.seen, recalled.indexed, recalled.skipped) == (told.seen, told.indexed, told.skipped)
    assert told.run is not None
    assert (recalled.run, told.run.took_s > 0) == (told.run, True)
    assert desk.published_at is not None
    assert again.published_at == desk.published_at


@pytest.mark.parametrize("written", ["", "{", "[]", '{"ended_at": "hier", "took_s": 1}', '{"took_s": "x"}'])
def test_a_last_run_that_cannot_be_told_is_none(desk: Desk, written: str) -> None:
    sync_near(desk.settings)
    index = desk.settings.index_folder
    assert recall_run(index) is not None
    (index / "last_run.json").write_text(written, encoding="utf-8")
    assert recall_run(index) is None
    assert desk.report is not None


def test_warnings_of_decoding_and_of_parsing_are_recalled(make_vault: Callable[..., Path]) -> None:
    latin = "# Été\n\nUn été.\n".encode("latin-1")
    vault = make_vault({"Latin.md": latin, "Tag.md": "---\ntitle: a: b\n---\nTexte.\n"})
    settings = Settings(vault=vault)
    report = sync_near(settings)
    assert len(report.warnings) == 2
    recalled = recall_report(settings.index_folder)
    assert recalled is not None
    assert sorted(recalled.warnings) == sorted(report.warnings)


def test_reindexing_is_one_at_a_time_and_says_what_changed(
    desk: Desk, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _opened(desk)
    gate = Gate(monkeypatch, "Lecture des notes")
    (vault / "Neuve.md").write_text("# Neuve\n\nUne note de plus.\n", encoding="utf-8")
    assert desk.reindex()
    assert gate.reached.wait(PATIENCE_S)
    assert not desk.reindex()
    gate.go.set()
    _until(lambda: not desk.state.running and desk.note_count == 2)
    report = desk.state.report
    assert report is not None
    assert report.seen == 3


def test_index_that_another_process_writes_is_said_to_be_busy(desk: Desk) -> None:
    _opened(desk)
    with writing(desk.settings.index_folder):
        assert desk.reindex()
        _until(lambda: desk.state.error is not None)
        assert "déjà en cours d’écriture" in str(desk.state.error)
    assert desk.reindex()
    _until(lambda: desk.state.error is None and not desk.state.running)


# What cannot be served


def test_missing_vault_is_one_sentence_and_heals_when_it_comes_back(vault: Path) -> None:
    away = vault.with_name("ailleurs")
    vault.rename(away)
    with closing(Desk(Settings(vault=vault))) as desk:
        desk.open()
        _until(lambda: desk.state.error is not None)
        assert not desk.ready
        with pytest.raises(VaultError, match="il n’existe pas"):
            asyncio.run(_ask(desk))
        assert desk.leads(Answer()) == ()
        away.rename(vault)
        _until(lambda: desk.ready)
        assert "trois" in _quotes(desk)


def test_index_of_another_version_is_made_anew(desk: Desk) -> None:
    sync_near(desk.settings)
    folder = published_folder(desk.settings.index_folder)
    assert folder is not None
    written = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(written | {"format": 1}), encoding="utf-8")
    desk.open()
    _until(lambda: desk.ready)
    assert "trois" in _quotes(desk)


def test_mass_deletion_keeps_the_last_index_until_it_is_forced(make_vault: Callable[..., Path]) -> None:
    vault = make_vault({f"{n}.md": f"# Note {n}\n\nLes étapes {n}.\n" for n in range(5)})
    with closing(Desk(Settings(vault=vault))) as desk:
        _opened(desk)
        for name in "0123":
            (vault / f"{name}.md").unlink()
        _until(lambda: isinstance(desk.state.error, MassDeletionError))
        assert desk.note_count == 5
        _until(lambda: desk.reindex(force=True))
        _until(lambda: desk.note_count == 1)
        _until(lambda: desk.state.error is None)


def test_model_that_cannot_be_built_leaves_extracts_and_its_reason(vault: Path) -> None:
    settings = Settings(vault=vault, model="openai:gpt-sans-cle")
    with closing(Desk(settings)) as desk:
        _opened(desk)
        assert isinstance(desk.model_error, SettingsError)
        assert (desk.mode, desk.remote_host) == ("extracts", None)
        assert "trois" in _quotes(desk)


# Changing what is served


def test_another_vault_is_served_from_its_own_index(desk: Desk, other: Path) -> None:
    _opened(desk)
    first = desk.settings.index_folder
    desk.choose_vault(other)
    _until(lambda: desk.ready and not desk.state.running)
    assert desk.vault_name == "deux"
    assert desk.settings.index_folder != first
    assert "quatre" in _quotes(desk)


@pytest.mark.parametrize("bad", ["absent", "fichier.md", "vide", "index dedans"])
def test_folder_that_cannot_be_served_changes_nothing(desk: Desk, tmp_path: Path, bad: str) -> None:
    _opened(desk)
    (tmp_path / "fichier.md").write_text("Texte.", encoding="utf-8")
    (tmp_path / "vide").mkdir()
    folder = tmp_path if bad == "index dedans" else tmp_path / bad
    with pytest.raises(IndexInVaultError if bad == "index dedans" else VaultError):
        desk.choose_vault(folder)
    assert desk.vault_name == "un"
    assert "trois" in _quotes(desk)


def test_answer_under_way_ends_on_the_chain_it_began_with(
    desk: Desk, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _opened(desk)
    closed: list[AnswerChain] = []
    close = AnswerChain.close

    def note_and_close(chain: AnswerChain) -> None:
        closed.append(chain)
        close(chain)

    monkeypatch.setattr(AnswerChain, "close", note_and_close)

    async def scenario() -> Answer:
        answer = Answer()
        async with aclosing(cast("Any", desk.astream(QUESTION))) as parts:
            async for part in parts:
                if not answer.passages:
                    await asyncio.to_thread(desk.choose_vault, other)
                    assert closed == []
                answer = answer + part
        return answer

    answer = asyncio.run(scenario())
    assert "trois" in " ".join(citation.quote for citation in answer.citations)
    assert len(closed) == 1
    _until(lambda: desk.ready)
    assert "quatre" in _quotes(desk)


def test_swaps_under_load_answer_from_one_vault_each_and_leak_nothing(
    desk: Desk, vault: Path, other: Path
) -> None:
    _opened(desk)
    desk.choose_vault(other)
    _until(lambda: desk.ready)
    stop = threading.Event()
    faults: list[str] = []

    def ask() -> None:
        while not stop.is_set():
            try:
                said = _quotes(desk)
            except CimaiseError:
                continue
            if ("trois" in said) == ("quatre" in said):
                faults.append(said)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    opened = []
    for turn in range(20):
        desk.choose_vault((vault, other)[turn % 2])
        _until(lambda: desk.ready and not desk.state.running)
        opened.append(len(os.listdir("/proc/self/fd")))
    stop.set()
    for asker in askers:
        asker.join()
    assert faults == []
    assert max(opened[10:]) <= max(opened[:5]) + 8, opened


def test_model_is_chosen_and_left_without_reading_the_notes_again(desk: Desk) -> None:
    _opened(desk)
    read_at = desk.state.read_at
    with serve_model(Reply(("Les étapes sont trois [1].",))) as server:
        choice = Choice(model="openai:petit", base_url=server.url, key="cle-de-page")
        desk.choose_model(choice)
        assert (desk.mode, desk.remote_host) == ("model", None)
        assert asyncio.run(_ask(desk)).mode == "model"
        assert server.keys[-1].endswith("cle-de-page")
        desk.choose_model(Choice(model=""))
    assert desk.mode == "extracts"
    assert desk.settings.openai_api_key is None
    assert desk.state.read_at == read_at


def test_models_that_are_left_keep_no_connection_open(desk: Desk) -> None:
    _opened(desk)
    opened = []
    with serve_model(Reply(("Les étapes sont trois [1].",))) as server:
        for turn in range(20):
            desk.choose_model(Choice(model=f"openai:modele-{turn}", base_url=server.url))
            assert asyncio.run(_ask(desk)).mode == "model"
            opened.append(len(os.listdir("/proc/self/fd")))
    assert max(opened[10:]) <= max(opened[:5]) + 8, opened


def test_key_of_one_address_never_goes_to_another(desk: Desk) -> None:
    desk.choose_model(Choice(model="openai:a", base_url="http://127.0.0.1:9/v1", key="secret"))
    same = desk.settings_for(Choice(model="openai:b", base_url="http://127.0.0.1:9/v1"))
    elsewhere = desk.settings_for(Choice(model="openai:b", base_url="http://127.0.0.1:8/v1"))
    assert same.openai_api_key is not None
    assert same.openai_api_key.get_secret_value() == "secret"
    assert elsewhere.openai_api_key is None


def test_model_without_its_key_is_refused_and_the_one_before_goes_on(desk: Desk) -> None:
    _opened(desk)
    with pytest.raises(SettingsError):
        desk.choose_model(Choice(model="openai:gpt-sans-cle"))
    assert (desk.mode, desk.model_error) == ("extracts", None)


# Closing


def test_closing_ends_the_reading_at_its_next_step_and_publishes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, "Calcul des vecteurs")
    desk.open()
    assert gate.reached.wait(PATIENCE_S)
    closing_desk = threading.Thread(target=desk.close)
    closing_desk.start()
    gate.go.set()
    closing_desk.join(PATIENCE_S)
    assert not closing_desk.is_alive()
    index = desk.settings.index_folder
    assert published_folder(index) is None
    assert [entry for entry in index.iterdir() if entry.is_dir()] == []
    assert not [thread for thread in threading.enumerate() if thread.name == "indexing"]


def test_states_told_are_those_of_the_vault_that_is_served(vault: Path, other: Path) -> None:
    told: list[IndexState] = []
    with closing(Desk(Settings(vault=vault), on_change=told.append)) as served:
        _opened(served)
        first = len(told)
        served.choose_vault(other)
        _until(lambda: served.ready and not served.state.running)
        ended = [n for n, state in enumerate(told) if state.report and not state.running]
        assert len(ended) == 2
        assert ended[0] < first <= ended[1]
