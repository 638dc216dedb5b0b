"""What the doctor finds: the installation, the settings, the notes, the index, the model."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.doctor import Check, examine
from assistant.settings import Settings
from ingest.manifest import Manifest, render_manifest, seal_manifest
from ingest.sync import sync

SECRET = "sk-canari-7"  # noqa: S105 - a canary, not a key
NOTES = {
    "Horaires.md": "# Horaires\n\nLe musée ouvre à dix heures.\n",
    "Plan.md": "# Plan\n\nTrois étages.\n",
}

MakeSettings = Callable[..., Settings]


@pytest.fixture
def settled(make_vault: Callable[..., Path], tmp_path: Path) -> MakeSettings:
    """Return a function that makes the settings of a vault of two notes."""

    def make(**values: Any) -> Settings:
        return Settings(**{"vault": make_vault(NOTES), "index": tmp_path / "index", **values})

    return make


def _check(settings: Settings, subject: str) -> Check:
    [found] = [check for check in examine(settings) if check.subject == subject]
    return found


def test_all_is_well_on_an_indexed_vault(settled: MakeSettings) -> None:
    sync(settled())
    checks = examine(settled())
    assert [check.subject for check in checks] == ["Installation", "Notes", "Index", "Modèle"]
    assert {check.state for check in checks} == {"passed"}


def test_installation_names_the_versions(settled: MakeSettings) -> None:
    finding = _check(settled(), "Installation").finding
    assert all(name in finding for name in ("Python 3.", "chromadb 1.", "langchain ", "openai ", "gradio 6."))


def test_notes_are_counted(settled: MakeSettings, make_vault: Callable[..., Path]) -> None:
    make_vault({"image.png": b"\x89PNG", "vide.md": ""})
    check = _check(settled(), "Notes")
    assert check.state == "passed"
    assert "2 lisibles" in check.finding
    assert "2 fichiers laissés de côté" in check.finding


def test_missing_vault_fails_and_the_rest_is_still_looked_at(settled: MakeSettings) -> None:
    checks = examine(settled(vault="absent"))
    assert [check.subject for check in checks] == ["Installation", "Notes", "Index", "Modèle"]
    assert [check.state for check in checks if check.subject == "Notes"] == ["failed"]


@pytest.mark.parametrize("files", [{}, {"image.png": b"\x89PNG"}, {"vide.md": ""}])
def test_vault_without_a_note_fails(
    settled: MakeSettings, make_vault: Callable[..., Path], files: dict[str, str | bytes]
) -> None:
    assert _check(settled(vault=make_vault(files, name="autre")), "Notes").state == "failed"


def test_index_that_is_not_there_yet_is_a_warning(settled: MakeSettings) -> None:
    check = _check(settled(), "Index")
    assert check.state == "warned"
    assert "premier lancement" in check.finding


def test_damaged_index_fails_with_the_command_to_run(settled: MakeSettings, tmp_path: Path) -> None:
    sync(settled())
    with (tmp_path / "index" / "1" / "notes.sqlite3").open("r+b") as stream:
        stream.seek(5000)
        stream.write(b"damaged")
    check = _check(settled(), "Index")
    assert check.state == "failed"
    assert "cimaise index --force" in check.finding


def test_index_without_its_vectors_is_a_warning(settled: MakeSettings, tmp_path: Path) -> None:
    sync(settled())
    shutil.rmtree(tmp_path / "index" / "1" / "chroma")
    assert _check(settled(), "Index").state == "warned"


def test_index_of_other_embeddings_fails(settled: MakeSettings, tmp_path: Path) -> None:
    sync(settled())
    folder = tmp_path / "index" / "1"
    manifest = seal_manifest(Manifest(1, 1, 1, "autre-1-64", ""), folder)
    (folder / "manifest.json").write_text(render_manifest(manifest), encoding="utf-8")
    check = _check(settled(), "Index")
    assert check.state == "failed"
    assert "autre-1-64" in check.finding


def test_unknown_variable_is_a_warning_that_names_it(
    settled: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIMAISE_PROT", SECRET)
    monkeypatch.setenv("CIMAISE_PORT", "8000")
    check = _check(settled(), "Réglages")
    assert check.state == "warned"
    assert "CIMAISE_PROT" in check.finding
    assert SECRET not in check.finding


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ("extraits, sans IA", "rien ne sort d’ici")),
        (
            {"model": "openai:m", "openai_base_url": "http://127.0.0.1:9/v1"},
            ("127.0.0.1", "rien ne sort d’ici"),
        ),
        ({"model": "openai:gpt"}, ("questions et passages partent vers api.openai.com",)),
        (
            {"model": "openai:m", "openai_base_url": "https://u:sk-canari-7@llm.exemple.org/v1"},
            ("llm.exemple.org",),
        ),
    ],
)
def test_model_says_where_questions_go(
    settled: MakeSettings, values: dict[str, str], words: tuple[str, ...]
) -> None:
    finding = _check(settled(**values), "Modèle").finding
    assert all(word in finding for word in words)
    assert SECRET not in finding


def test_no_secret_is_repeated_and_no_host_is_asked(settled: MakeSettings) -> None:
    checks = examine(settled(model="openai:gpt", openai_api_key=SECRET, embeddings="openai:petit"))
    assert SECRET not in " ".join(check.finding for check in checks)


@pytest.mark.parametrize("subject", ["Installation", "Notes", "Index", "Modèle"])
def test_finding_is_a_french_sentence(settled: MakeSettings, subject: str) -> None:
    sync(settled())
    finding = _check(settled(), subject).finding
    assert finding.endswith(".")
    assert "\n" not in finding


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"openai_base_url": "http://127.0.0.1:8080/v1"}, "rien ne sort d’ici"),
        ({"openai_api_key": "k"}, "partent vers api.openai.com, les notes confidentielles exceptées"),
    ],
)
def test_where_texts_are_embedded_is_said(settled: MakeSettings, values: dict[str, str], said: str) -> None:
    settings = settled(embeddings="openai:essai", **values)
    assert said in _check(settings, "Vecteurs").finding
    assert ("rien ne sort" in _check(settings, "Modèle").finding) == ("openai_base_url" in values)
