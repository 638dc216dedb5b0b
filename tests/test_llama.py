"""The demonstration vault indexed and asked through a real llama.cpp embedding server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import Settings, build_chain
from ingest.batches import embed_texts
from ingest.embeddings import build_embeddings
from ingest.errors import IndexMismatchError, ProviderAuthError, ProviderUnavailableError
from ingest.provider_embeddings import CompatibleEmbeddings, ProviderEmbeddings
from ingest.sync import sync
from tests.llama_server import CONTEXT, KEY, LlamaServer, serve_llama

WHY = "Pourquoi développer une stratégie numérique dans les musées ?"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny models are."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def server(models: Path) -> Iterator[LlamaServer]:
    """A running server."""
    with serve_llama(models) as running:
        yield running


@pytest.fixture
def small_vault(make_vault: Callable[..., Path]) -> Path:
    """A vault of eighty short notes: two batches."""
    return make_vault({f"{number}.md": f"Note numéro {number}." for number in range(80)})


def _settings(server: LlamaServer, vault: Path, tmp_path: Path, **values: Any) -> Settings:
    given = {"embeddings_base_url": server.url, "embeddings_api_key": KEY, **values}
    return Settings(vault=vault, index=tmp_path / "index", embeddings="openai:essai", **given)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.patience._PAUSES_S", (0.0,))


def test_notes_are_indexed_and_found_and_go_on_by_words_when_the_server_dies(
    server: LlamaServer, demonstration_vault: Path, tmp_path: Path
) -> None:
    chain = build_chain(_settings(server, demonstration_vault, tmp_path))
    answer = chain.invoke(WHY)
    assert (answer.verdict, answer.notice) == ("answered", None)
    server.kill()
    answer = chain.invoke(WHY)
    chain.close()
    assert answer.verdict == "answered"
    assert answer.notice is not None
    assert "seuls les mots" in answer.notice


def test_wrong_key_is_refused_in_french(
    server: LlamaServer, demonstration_vault: Path, tmp_path: Path
) -> None:
    with pytest.raises(ProviderAuthError, match="CIMAISE_EMBEDDINGS_API_KEY"):
        sync(_settings(server, demonstration_vault, tmp_path, embeddings_api_key="autre"))


def test_text_beyond_the_context_is_cut_and_the_others_stay_whole(
    server: LlamaServer, tmp_path: Path
) -> None:
    client = build_embeddings(_settings(server, tmp_path, tmp_path))
    texts = ["Le musée ouvre.", "Un mot. " * (CONTEXT // 5), "Le jardin est fleuri."]
    vectors = embed_texts(client, texts)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.allclose(vectors[[0, 2]], embed_texts(client, [texts[0], texts[2]]), atol=1e-3)


def test_server_that_dies_half_way_leaves_what_it_gave(
    models: Path, server: LlamaServer, small_vault: Path, tmp_path: Path
) -> None:
    settings = _settings(server, small_vault, tmp_path)

    def kill(stage: str, done: int, _total: int | None) -> None:
        if stage == "Calcul des vecteurs" and done:
            server.kill()

    with pytest.raises(ProviderUnavailableError, match="CIMAISE_EMBEDDINGS_BASE_URL"):
        sync(settings, on_progress=kill)
    told: list[tuple[str, int, int | None]] = []
    with serve_llama(models) as again:  # on another port, so its vectors must be said to be the same
        inner = CompatibleEmbeddings("essai", base_url=again.url, key=KEY, near=True, limit_s=60)
        mark = settings.embeddings_mark
        same = ProviderEmbeddings(inner, mark=mark, remote=False, query_timeout_s=10, batch_timeout_s=60)
        assert sync(settings, embeddings=same, on_progress=lambda *said: told.append(said)).chunks == 80
    assert [said for said in told if said[0] == "Calcul des vecteurs"][1:] == [("Calcul des vecteurs", 0, 16)]


def test_index_of_another_model_is_refused_with_the_command(
    models: Path, server: LlamaServer, small_vault: Path, tmp_path: Path
) -> None:
    sync(_settings(server, small_vault, tmp_path))
    with serve_llama(models, dimension=48) as other, pytest.raises(IndexMismatchError, match="cimaise index"):
        build_chain(_settings(other, small_vault, tmp_path))
