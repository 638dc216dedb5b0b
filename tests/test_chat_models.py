"""The chat model that the settings name, or none; a wrong name or a missing key says what to do."""

from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI

from assistant.chat_models import build_chat_model
from assistant.settings import Settings
from ingest.errors import SettingsError

KEY = "sk-essai-secret-0123456789"
LOCAL = "http://127.0.0.1:9/v1"


def _built(**values: Any) -> BaseChatOpenAI:
    model = build_chat_model(Settings(**values))
    assert isinstance(model, BaseChatOpenAI)
    return model


@pytest.mark.parametrize("values", [{}, {"model": None}, {"model": ""}, {"openai_api_key": KEY}])
def test_without_a_model_named_there_is_none(values: dict[str, Any]) -> None:
    assert build_chat_model(Settings(**values)) is None


def test_a_model_of_openai_is_asked_with_its_own_client() -> None:
    model = _built(model="openai:gpt-4o-mini", openai_api_key=KEY)
    assert isinstance(model, ChatOpenAI)
    assert model.model_name == "gpt-4o-mini"


def test_a_compatible_server_is_asked_with_what_it_knows() -> None:
    model = _built(model="openai:local/modèle:7b", openai_base_url=LOCAL)
    assert not isinstance(model, ChatOpenAI)
    assert (model.model_name, model.openai_api_base) == ("local/modèle:7b", LOCAL)


def test_deadlines_and_retries_are_ours() -> None:
    model = _built(model="openai:essai", openai_base_url=LOCAL, idle_timeout_s=7, first_token_timeout_s=5)
    assert model.request_timeout == 7
    assert model.max_retries is not None
    assert model.max_retries <= 1


def test_the_same_question_is_answered_alike() -> None:
    assert _built(model="openai:essai", openai_base_url=LOCAL).temperature == 0


def test_openai_without_a_key_names_the_variable() -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY") as caught:
        build_chat_model(Settings(model="openai:gpt-4o-mini"))
    assert caught.value.variable == "OPENAI_API_KEY"


def test_a_compatible_server_needs_no_key() -> None:
    key = _built(model="openai:essai", openai_base_url=LOCAL).openai_api_key
    assert key is not None


def test_the_key_never_shows_in_the_model() -> None:
    assert KEY not in repr(_built(model="openai:essai", openai_base_url=LOCAL, openai_api_key=KEY))


def test_an_ambient_address_does_not_move_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", "https://ailleurs.example/v1")
    settings = Settings(model="openai:gpt-4o-mini", openai_api_key=KEY)
    model = build_chat_model(settings)
    assert isinstance(model, BaseChatOpenAI)
    assert settings.remote_host == "api.openai.com"
    assert settings.remote_host in str(model.root_client.base_url)


def test_a_provider_whose_package_is_missing_names_the_package() -> None:
    with pytest.raises(SettingsError, match="langchain-mistralai") as caught:
        build_chat_model(Settings(model="mistralai:mistral-small"))
    assert caught.value.variable == "CIMAISE_MODEL"


def test_an_unknown_provider_names_the_setting() -> None:
    with pytest.raises(SettingsError, match="CIMAISE_MODEL"):
        build_chat_model(Settings(model="inconnu:modele"))


@pytest.mark.parametrize("name", ["gpt-4o-mini", ":gpt", "openai:", ":"])
def test_a_model_without_its_provider_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="CIMAISE_MODEL"):
        Settings(model=name)
