"""Settings: where they are read, their bounds, the sentences that refuse them, and `.env.example`."""

import os
import re
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from assistant.settings import Settings
from ingest.errors import SettingsError
from ingest.settings import IngestSettings, demonstration_vault, is_near

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / ".env.example"
SECRET = "sk-canari-7"  # noqa: S105 - a canary, not a key


def _variables() -> dict[str, str]:
    """Return the variable of every field, with the field's name."""
    return {
        str(field.validation_alias or f"CIMAISE_{name.upper()}"): name
        for name, field in Settings.model_fields.items()
    }


def _defaults() -> list[tuple[str, str]]:
    return re.findall(r"^# ([A-Z][A-Z_]+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)


def _examples() -> list[str]:
    blocks = EXAMPLE.read_text(encoding="utf-8").partition("# --- Exemples")[2].split("\n\n")[1:]
    return ["\n".join(re.findall(r"^#   (.*)$", block, re.MULTILINE)) for block in blocks]


@pytest.mark.parametrize(
    ("variable", "written", "field", "value"),
    [
        ("CIMAISE_VAULT", "Mes notes", "vault", Path("Mes notes")),
        ("CIMAISE_INDEX", "ailleurs", "index", Path("ailleurs")),
        ("CIMAISE_EXCLUDE", "a, b/", "exclude_patterns", ("a", "b/")),
        ("CIMAISE_EXCLUDE", " , ", "exclude_patterns", ()),
        ("CIMAISE_MAX_NOTE_BYTES", "1000", "max_note_bytes", 1000),
        ("CIMAISE_EMBEDDINGS", "openai:petit", "embeddings", "openai:petit"),
        ("CIMAISE_EMBEDDINGS_BASE_URL", "http://127.0.0.1/v1", "embeddings_base_url", "http://127.0.0.1/v1"),
        ("CIMAISE_EMBEDDINGS_QUERY_TIMEOUT_S", "2.5", "embeddings_query_timeout_s", 2.5),
        ("CIMAISE_EMBEDDINGS_BATCH_TIMEOUT_S", "3600", "embeddings_batch_timeout_s", 3600),
        ("CIMAISE_MODEL", "openai:gpt", "model", "openai:gpt"),
        ("OPENAI_BASE_URL", "http://127.0.0.1/v1", "openai_base_url", "http://127.0.0.1/v1"),
        ("CIMAISE_IDLE_TIMEOUT_S", "1.5", "idle_timeout_s", 1.5),
        ("CIMAISE_FIRST_TOKEN_TIMEOUT_S", "2.5", "first_token_timeout_s", 2.5),
        ("CIMAISE_TOTAL_TIMEOUT_S", "3600", "total_timeout_s", 3600),
        ("CIMAISE_CONDENSE_TIMEOUT_S", "0.5", "condense_timeout_s", 0.5),
        ("CIMAISE_CONTEXT_TOKENS", "500", "context_tokens", 500),
        ("CIMAISE_LANGSMITH", "true", "langsmith", True),
        ("TIKTOKEN_CACHE_DIR", "rangs", "tiktoken_cache_dir", Path("rangs")),
        ("CIMAISE_HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("CIMAISE_PORT", "65535", "port", 65535),
        ("CIMAISE_PUBLIC_URL", "https://cimaise.musee.fr", "public_url", "https://cimaise.musee.fr"),
    ],
)
def test_setting_is_read_from_the_environment_and_from_the_file(
    monkeypatch: pytest.MonkeyPatch, variable: str, written: str, field: str, value: object
) -> None:
    Path(".env").write_text(f'{variable}="{written}"\n', encoding="utf-8")
    assert getattr(Settings(), field) == value
    Path(".env").unlink()
    monkeypatch.setenv(variable, written)
    assert getattr(Settings(), field) == value


def test_what_is_given_wins_over_the_environment_which_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("CIMAISE_PORT=1111\nCIMAISE_HOST=127.0.0.2\n", encoding="utf-8")
    monkeypatch.setenv("CIMAISE_PORT", "2222")
    assert (Settings().port, Settings().host, Settings(port=3333).port) == (2222, "127.0.0.2", 3333)


@pytest.mark.parametrize("name", ["CIMAISE_INDEX", "CIMAISE_VAULT", "CIMAISE_PORT", "CIMAISE_MODEL",
                                  "CIMAISE_PUBLIC_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "TIKTOKEN_CACHE_DIR"])  # fmt: skip
def test_empty_variable_stands_for_the_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    expected = Settings()
    monkeypatch.setenv(name, "")
    assert Settings() == expected


@pytest.mark.parametrize("settings", [IngestSettings, Settings])
@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("CIMAISE_MAX_NOTE_BYTES", "beaucoup", "un nombre entier est attendu."),
        ("CIMAISE_MAX_NOTE_BYTES", "999", "la valeur est trop petite (au moins 1000 attendu)."),
        ("CIMAISE_MAX_NOTE_BYTES", "100000001", "la valeur est trop grande (au plus 100000000 attendu)."),
        ("CIMAISE_EMBEDDINGS_QUERY_TIMEOUT_S", "0", "la valeur est trop petite (plus de 0"),
        ("CIMAISE_EMBEDDINGS_QUERY_TIMEOUT_S", "601", "la valeur est trop grande (au plus 600"),
        ("CIMAISE_EMBEDDINGS_BATCH_TIMEOUT_S", "-1", "la valeur est trop petite (plus de 0"),
        ("CIMAISE_EMBEDDINGS_BATCH_TIMEOUT_S", "3601", "la valeur est trop grande (au plus 3600"),
        ("CIMAISE_EMBEDDINGS_BASE_URL", "exemple.org", "une adresse est attendue"),
        ("CIMAISE_EMBEDDINGS", "word2vec", "« hashed » ou « fournisseur:modèle » est attendu"),
    ],
)
def test_ingest_setting_out_of_bounds_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: type[IngestSettings], variable: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        settings()
    assert str(caught.value).startswith(f"Réglage {variable} : {problem}")
    assert caught.value.variable == variable


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("CIMAISE_PORT", "0", "trop petite (au moins 1 attendu)"),
        ("CIMAISE_PORT", "65536", "trop grande (au plus 65535 attendu)"),
        ("CIMAISE_PORT", "79x60", "un nombre entier"),
        ("CIMAISE_IDLE_TIMEOUT_S", "0", "trop petite (plus de 0"),
        ("CIMAISE_IDLE_TIMEOUT_S", "3601", "trop grande (au plus 3600"),
        ("CIMAISE_FIRST_TOKEN_TIMEOUT_S", "0", "trop petite (plus de 0"),
        ("CIMAISE_TOTAL_TIMEOUT_S", "-1.75", "trop petite"),
        ("CIMAISE_TOTAL_TIMEOUT_S", "longtemps", "un nombre est attendu"),
        ("CIMAISE_CONTEXT_TOKENS", "499", "trop petite (au moins 500"),
        ("CIMAISE_CONTEXT_TOKENS", "1000001", "trop grande (au plus 1000000"),
        ("CIMAISE_LANGSMITH", "peut-être", "« true » ou « false »"),
        ("CIMAISE_MODEL", "gpt-secret", "« fournisseur:modèle » est attendu"),
        ("CIMAISE_MODEL", ":secret", "« fournisseur:modèle » est attendu"),
        ("OPENAI_BASE_URL", "ftp://cle@exemple.org", "une adresse est attendue"),
        ("OPENAI_BASE_URL", "exemple.org/cle", "une adresse est attendue"),
    ],
)
def test_message_names_the_variable_and_never_its_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=re.escape(problem)) as caught:
        Settings()
    assert str(caught.value).startswith(f"Réglage {variable} : ")
    assert len(value) < 4 or value not in str(caught.value)  # "0" may stand in a bound


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://Cimaise.Musee.FR:443/", "https://cimaise.musee.fr"),
        ("http://musee:80", "http://musee"),
        ("https://musée.fr:8443", "https://xn--muse-dpa.fr:8443"),
        ("http://192.0.2.7:8080", "http://192.0.2.7:8080"),
        ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
    ],
)
def test_public_address_is_kept_as_browsers_write_it(url: str, origin: str) -> None:
    assert Settings(public_url=url).public_url == origin


@pytest.mark.parametrize(
    "url",
    [
        "cimaise.fr", "ftp://cimaise.fr", "https://", "https:///x", "https://cimaise.fr/notes", "https://cimaise.fr//",
        "https://cimaise.fr?x", "https://cimaise.fr#x", "https://moi:mot@cimaise.fr", "https://cimaise.fr:0",
        "https://cimaise.fr:65536", "https://cimaise.fr:", "https://*.fr", "https://-a.fr", "https://a..fr", "https://a b.fr",
        "https://a.fr\n", " https://a.fr", "https://a.fr\\x", "https://[::1", "https://[x]", "https://[1.2.3.4]",
        f"https://{'a' * 64}.fr", f"https://{'a.' * 130}fr", "https://a,https://b", "https://a.fr\0",
    ],
)  # fmt: skip
def test_what_is_no_public_address_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(SettingsError, match="sous-chemins ne sont pas pris en charge") as caught:
        Settings(public_url=url)
    assert caught.value.variable == "CIMAISE_PUBLIC_URL"


def test_refused_setting_keeps_no_trace_of_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", SECRET)
    with pytest.raises(SettingsError) as caught:
        Settings()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_env_file_that_is_not_utf8_is_refused_with_its_line() -> None:
    Path(".env").write_bytes("CIMAISE_PORT=8000\nCIMAISE_VAULT=musée\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"^Réglage \.env : le fichier n’est pas en UTF-8 \(ligne 2\)"):
        IngestSettings()


def test_env_file_of_another_program_is_no_fault() -> None:
    Path(".env").write_text("DATABASE_URL=x\nCIMAISE_INCONNU=1\nCIMAISE_PORT=8000\n", encoding="utf-8")
    assert Settings().port == 8000


def test_line_of_the_file_that_is_no_setting_says_nothing_in_english(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    Path(".env").write_text("ceci n'est pas\nCIMAISE_PORT=8000\n", encoding="utf-8")
    assert Settings().port == 8000
    assert "could not parse" not in caplog.text + capsys.readouterr().err


def test_key_is_never_shown() -> None:
    settings = Settings(openai_api_key=SECRET)
    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == SECRET


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]  # the point of the test


def test_every_number_has_a_bound_on_both_sides_and_every_field_a_description() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        if field.annotation in (int, float):
            bounds = {
                key for item in field.metadata for key in ("gt", "ge", "lt", "le") if hasattr(item, key)
            }
            assert bounds & {"gt", "ge"}, name
            assert bounds & {"lt", "le"}, name


def test_every_field_is_in_the_example_and_nothing_else() -> None:
    assert sorted(name for name, _ in _defaults()) == sorted(_variables())


def test_example_uncommented_gives_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    expected = Settings(_env_file=None)
    lines = "".join(f"{name}={value}\n" for name, value in _defaults())
    file = Path(os.environ["XDG_DATA_HOME"]).with_name("example.env")
    file.write_text(lines, encoding="utf-8")
    read = Settings(_env_file=file)
    assert read.vault.resolve() == expected.vault.resolve()
    assert read.model_dump(exclude={"vault"}) == expected.model_dump(exclude={"vault"})


def test_example_copied_as_it_is_changes_nothing() -> None:
    expected = Settings()
    Path(".env").write_bytes(EXAMPLE.read_bytes())
    assert Settings() == expected


def test_examples_of_the_example_can_be_used_as_they_are() -> None:
    hosts = []
    for block in _examples():
        Path(".env").write_text(block, encoding="utf-8")
        hosts.append(Settings().endpoint_host)
        assert set(re.findall(r"^([A-Z_]+)=", block, re.MULTILINE)) <= _variables().keys()
    assert hosts == ["api.openai.com", "127.0.0.1", "api.mistral.ai", "api.mistral.ai"]


def test_demonstration_vault_is_the_default() -> None:
    assert Settings().vault == demonstration_vault()
    assert (demonstration_vault() / "Questions").is_dir()


def test_home_of_the_user_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = Settings(vault="~/Coffre", index="~/Index")
    assert (settings.vault, settings.index) == (tmp_path / "Coffre", tmp_path / "Index")


def test_index_folder_is_the_one_given_made_absolute(tmp_path: Path) -> None:
    assert IngestSettings(vault="v", index="ici").index_folder == tmp_path / "ici"


def test_each_vault_has_its_index_in_the_data_folder() -> None:
    vaults = ("un", "deux", "sous/Notes", "autre/Notes")
    folders = [IngestSettings(vault=vault).index_folder for vault in vaults]
    data = Path(os.environ["XDG_DATA_HOME"])
    assert len(set(folders)) == 4
    assert all(folder.is_relative_to(data) for folder in folders)
    assert [folder.name.rpartition("-")[0] for folder in folders] == ["un", "deux", "Notes", "Notes"]


def test_index_folder_is_the_same_however_the_vault_is_named(
    make_vault: Callable[..., Path], tmp_path: Path
) -> None:
    vault = make_vault({"a.md": "x"})
    (tmp_path / "lien").symlink_to(vault)
    names = (vault, Path("vault"), Path("./vault/../vault"), tmp_path / "lien")
    assert len({IngestSettings(vault=name).index_folder for name in names}) == 1


@pytest.mark.parametrize("name", ["Été à l’hôtel", "///", "a" * 200, "caf\udce9", "..."])
def test_index_folder_of_any_vault_name_can_be_made(tmp_path: Path, name: str) -> None:
    folder = IngestSettings(vault=tmp_path / name).index_folder
    folder.mkdir(parents=True)
    assert folder.is_dir()


@pytest.mark.parametrize(
    ("values", "endpoint", "remote"),
    [
        ({}, None, None),
        ({"openai_api_key": "k"}, None, None),
        ({"model": "openai:gpt"}, "api.openai.com", "api.openai.com"),
        ({"model": "openai:m", "openai_base_url": "http://127.0.0.1:1/v1"}, "127.0.0.1", None),
        ({"model": "openai:m", "openai_base_url": "http://[::1]:1/v1"}, "::1", None),
        ({"model": "openai:m", "openai_base_url": "http://192.168.1.4/v1"}, "192.168.1.4", None),
        (
            {"model": "openai:m", "openai_base_url": "https://api.mistral.ai/v1"},
            "api.mistral.ai",
            "api.mistral.ai",
        ),
        ({"model": "mistralai:m"}, "mistralai", "mistralai"),
        ({"embeddings": "openai:e"}, None, "api.openai.com"),
        ({"embeddings": "openai:e", "openai_base_url": "http://127.0.0.1/v1"}, None, None),
        (
            {"embeddings": "openai:e", "embeddings_base_url": "https://v.exemple.org/v1"},
            None,
            "v.exemple.org",
        ),
        ({"embeddings": "huggingface:e"}, None, None),
        ({"embeddings": "ollama:e"}, None, None),
        ({"embeddings": "cohere:e"}, None, "cohere"),
        (
            {"model": "openai:m", "openai_base_url": "https://api.mistral.ai/v1", "embeddings": "cohere:e"},
            "api.mistral.ai",
            "api.mistral.ai et cohere",
        ),
        ({"model": "openai:m", "embeddings": "openai:e"}, "api.openai.com", "api.openai.com"),
        (
            {"model": "openai:m", "openai_base_url": "http://[::1]:1/v1", "embeddings": "cohere:e"},
            "::1",
            "cohere",
        ),
    ],
)
def test_host_that_questions_leave_for_is_named(
    values: dict[str, str], endpoint: str | None, remote: str | None
) -> None:
    settings = Settings.model_validate(values)
    assert (settings.endpoint_host, settings.remote_host) == (endpoint, remote)


@pytest.mark.parametrize(
    ("values", "deadlines"),
    [
        ({}, (15, 20, 90)),
        ({"model": "openai:m"}, (15, 20, 90)),
        ({"model": "openai:m", "openai_base_url": "https://api.mistral.ai/v1"}, (15, 20, 90)),
        ({"model": "openai:m", "openai_base_url": "http://127.0.0.1:1/v1"}, (120, 60, 300)),
        ({"model": "openai:m", "openai_base_url": "http://192.168.1.4/v1"}, (120, 60, 300)),
        ({"model": "ollama:m"}, (120, 60, 300)),
        ({"model": "ollama:m", "first_token_timeout_s": 3, "total_timeout_s": 7}, (3, 60, 7)),
        ({"model": "openai:m", "idle_timeout_s": 4}, (15, 4, 90)),
    ],
)
def test_a_near_model_has_more_time_and_what_is_set_holds(
    values: dict[str, Any], deadlines: tuple[float, float, float]
) -> None:
    assert astuple(Settings(**values).deadlines) == deadlines


@pytest.mark.parametrize(
    ("values", "priced"),
    [
        ({}, None),
        ({"model": "openai:gpt"}, "openai:gpt"),
        ({"model": "openai:m", "openai_base_url": "https://api.mistral.ai/v1"}, "mistralai:m"),
        ({"model": "openai:gpt", "openai_base_url": "http://127.0.0.1:1/v1"}, None),
        ({"model": "mistralai:m"}, "mistralai:m"),
    ],
)
def test_the_name_of_a_model_has_a_price_only_on_its_own_host(
    values: dict[str, str], priced: str | None
) -> None:
    assert Settings(**values).priced_model == priced


@pytest.mark.parametrize(
    ("host", "near"),
    [("localhost", True), ("127.9.9.9", True), ("10.0.0.1", True), ("ollama", True), ("8.8.8.8", False),
     ("exemple.org", False), ("localhost.exemple.org", False), ("127.0.0.1.exemple.org", False)],
)  # fmt: skip
def test_near_host_is_this_machine_or_a_private_address(host: str, near: bool) -> None:
    assert is_near(host) is near
