"""What was chosen in the page is remembered safely, and gives way to what is given otherwise."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from assistant.choice import Choice, apply_choice, choice_file, load_choice, recall, save_choice, with_model
from assistant.settings import Settings
from ingest.errors import SettingsError

CHOICE = Choice(vault="/notes", model="openai:petit", base_url="http://127.0.0.1:9/v1", key="secret-de-page")


def _key(settings: Settings) -> str | None:
    return settings.openai_api_key.get_secret_value() if settings.openai_api_key else None


def test_choice_comes_back_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "neuf" / "choix.json"
    save_choice(path, CHOICE)
    assert load_choice(path) == (CHOICE, None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["choix.json"]


def test_nothing_remembered_is_no_warning(tmp_path: Path) -> None:
    assert load_choice(tmp_path / "choix.json") == (Choice(), None)


@pytest.mark.parametrize(
    "written", [b"{", b"[]", b'{"vault": 3}', b"\xff\xfe", b"[" * 60_000, b'"' + b"x" * 99_999]
)
def test_broken_file_is_one_warning_and_no_choice(tmp_path: Path, written: bytes) -> None:
    path = tmp_path / "choix.json"
    path.write_bytes(written)
    choice, warning = load_choice(path)
    assert choice == Choice()
    assert warning is not None
    assert "ne sont pas lisibles" in warning


def test_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(SettingsError, match="ne peut pas être gardé"):
        save_choice(tmp_path / "file" / "choix.json", CHOICE)


def test_failed_writing_leaves_the_choice_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "choix.json"
    save_choice(path, CHOICE)
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(SettingsError):
        save_choice(path, Choice(vault="/autre"))
    assert load_choice(path)[0] == CHOICE
    assert os.listdir(tmp_path) == ["choix.json"]


def test_choice_applies_where_nothing_else_is_given() -> None:
    settings, warning = apply_choice(Settings(), CHOICE)
    assert warning is None
    assert (str(settings.vault), settings.model, _key(settings)) == (
        "/notes",
        "openai:petit",
        "secret-de-page",
    )


def test_command_line_and_environment_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIMAISE_MODEL", "openai:de-l-environnement")
    monkeypatch.setenv("OPENAI_API_KEY", "secret-d-environnement")
    settings, _ = apply_choice(Settings(vault=Path("/ligne")), CHOICE)
    assert str(settings.vault) == "/ligne"
    assert settings.model == "openai:de-l-environnement"
    assert settings.openai_base_url is None
    assert _key(settings) == "secret-d-environnement"


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        (
            {"OPENAI_API_KEY": "secret-d-environnement"},
            "secret-de-page",
        ),  # that of OpenAI, not of this address
        ({"OPENAI_BASE_URL": "http://127.0.0.1:8/v1"}, None),  # an address that no key was given for
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, "secret-de-page"),
    ],
)
def test_no_key_goes_to_an_address_it_was_not_given_for(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], key: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings, _ = apply_choice(Settings(), CHOICE)
    assert _key(settings) == key
    assert settings.openai_base_url == environment.get("OPENAI_BASE_URL", CHOICE.base_url)


def test_choice_of_no_model_is_a_choice_too() -> None:
    assert apply_choice(Settings(), Choice(model=""))[0].model is None


def test_choice_that_is_no_setting_is_a_warning_and_changes_nothing() -> None:
    settings, warning = apply_choice(Settings(), Choice(vault="/notes", model="sans-fournisseur"))
    assert settings == Settings()
    assert warning is not None
    assert "CIMAISE_MODEL" in warning


def test_everything_is_recalled_from_the_user_s_own_folder() -> None:
    save_choice(choice_file(), Choice(vault="/notes"))
    settings, warnings = recall(Settings())
    assert (str(settings.vault), warnings) == ("/notes", [])
    assert "secret" not in json.dumps(json.loads(choice_file().read_text(encoding="utf-8")))


def test_embeddings_stay_where_they_were_when_the_model_moves() -> None:
    before = Settings(
        embeddings="openai:e5", openai_base_url="http://127.0.0.1:1/v1", openai_api_key="une-clé"
    )
    after = with_model(before, Choice(model="openai:m", base_url="http://127.0.0.1:2/v1"))
    assert after.embeddings_mark == before.embeddings_mark
    assert after.embeddings_api_key == before.openai_api_key


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/v1", "http://[fe80::1]/v1", "http://0.0.0.0/v1", "ftp://x"]
)
def test_address_that_no_model_has_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="OPENAI_BASE_URL"):
        with_model(Settings(), Choice(model="openai:m", base_url=url))


def test_key_shows_in_no_representation() -> None:
    shown: list[Any] = [repr(CHOICE), str(CHOICE)]
    assert all("secret-de-page" not in text for text in shown)
