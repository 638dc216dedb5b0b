"""A provider's vectors: asked for in batches, checked, never paid twice; its faults; what it must not see."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from assistant import Settings, build_chain
from ingest.batches import batch_lengths, embed_texts
from ingest.embeddings import build_embeddings
from ingest.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNotFoundError,
    ProviderRateLimitError,
    ProviderRefusedError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    TextTooLongError,
    VectorsError,
)
from ingest.provider_embeddings import CompatibleEmbeddings, ProviderEmbeddings
from ingest.settings import IngestSettings
from ingest.sync import sync
from tests.embedding_server import EmbeddingServer, Fault, Row, serve_embeddings
from tests.index_life import CountingEmbeddings, opened, published, sync_near

Make = Callable[..., Path]
TEXTS = ["un", "deux", "trois"]
SECRET, PUBLIC = "Le budget caché est de trois millions.", "Le musée ouvre le lundi."


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.patience._PAUSES_S", (0.0, 0.0, 0.0))


def _client(
    server: EmbeddingServer, *, model: str = "essai", remote: bool = False, limit_s: float = 5
) -> Any:
    inner = CompatibleEmbeddings(model, base_url=server.url, key="cle", near=True, limit_s=limit_s)
    return ProviderEmbeddings(
        inner, mark=model, remote=remote, query_timeout_s=limit_s, batch_timeout_s=limit_s
    )


def _settings(server: EmbeddingServer, vault: Path, **values: Any) -> IngestSettings:
    return IngestSettings(
        vault=vault,
        index=vault.with_name("index"),
        embeddings="openai:essai",
        openai_base_url=server.url,
        **values,
    )


def _swap(rows: list[Row]) -> list[Row]:
    return rows[::-1]


def _one(row: Row) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [rows[0], rows[1] | row, *rows[2:]]


def test_vectors_are_of_norm_one_and_in_the_order_of_the_texts() -> None:
    with serve_embeddings() as straight, serve_embeddings(Fault(spoil=_swap)) as reversed_:
        expected = embed_texts(_client(straight), TEXTS)
        assert np.array_equal(embed_texts(_client(reversed_), TEXTS), expected)
        assert np.array_equal(_client(straight).embed_query("deux"), expected[1])
    assert np.allclose(np.linalg.norm(expected, axis=1), 1)


def test_request_is_one_that_any_compatible_server_takes() -> None:
    with serve_embeddings() as server:
        embed_texts(_client(server), TEXTS)
    assert server.asked == [{"model": "essai", "input": TEXTS, "encoding_format": "float"}]


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda rows: rows[:-1], "2 vecteurs"),
        (lambda rows: [*rows, rows[0]], "4 vecteurs"),
        (lambda rows: [row | {"index": 0} for row in rows], "mal numérotés"),
        (_one({"index": 7}), "mal numérotés"),
        (_one({"embedding": [math.nan] * 16}), "nombres"),
        (_one({"embedding": [1e999] * 16}), "nombres"),
        (_one({"embedding": [0.0] * 16}), "nuls"),
        (_one({"embedding": [1.0] * 15}), "longueurs"),
        (lambda rows: [row | {"embedding": []} for row in rows], "nombres"),
    ],
    ids=["fewer", "more", "same index", "far index", "NaN", "infinite", "zero", "ragged", "empty"],
)
def test_vectors_that_cannot_be_used_are_told_and_not_asked_for_again(
    spoil: Callable[[list[Row]], Any], problem: str
) -> None:
    with serve_embeddings(Fault(spoil=spoil)) as server:
        with pytest.raises(VectorsError, match=rf"{problem}.*CIMAISE_EMBEDDINGS.*cimaise index"):
            embed_texts(_client(server), TEXTS)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "error", "requests"),
    [
        (Fault(400), ProviderRefusedError, 1),
        (Fault(401), ProviderAuthError, 1),
        (Fault(403), ProviderAuthError, 1),
        (Fault(404), ProviderNotFoundError, 1),
        (Fault(429, headers=(("Retry-After", "3600"),)), ProviderRateLimitError, 1),
        (Fault(429), ProviderRateLimitError, 4),
        (Fault(500), ProviderUnavailableError, 4),
        (Fault(503, headers=(("Retry-After", "0"),)), ProviderUnavailableError, 4),
        (Fault(200, b"<html>Bonjour</html>", (("Content-Type", "text/html"),)), ProviderUnavailableError, 4),
        (Fault(200, b'{"data": null}'), ProviderUnavailableError, 4),
        (Fault(200, b'{"data"'), ProviderUnavailableError, 4),
    ],
    ids=["400", "401", "403", "404", "429 for an hour", "429", "500", "503", "HTML", "null", "cut"],
)
def test_fault_is_asked_again_only_when_that_may_help(
    fault: Fault, error: type[ProviderError], requests: int
) -> None:
    with serve_embeddings(fault) as server:
        with pytest.raises(error, match=r"^[A-ZÀÉ].*\.$"):
            embed_texts(_client(server), TEXTS)
        assert len(server.requests) == requests


def test_refused_key_is_named() -> None:
    with serve_embeddings(Fault(401)) as server, pytest.raises(ProviderAuthError, match="EMBEDDINGS_API_KEY"):
        embed_texts(_client(server), TEXTS)


def test_provider_that_asks_to_wait_is_waited_for_as_long_as_it_says() -> None:
    with serve_embeddings(Fault(429, headers=(("Retry-After", "1"),)), Fault()) as server:
        started = time.monotonic()
        assert embed_texts(_client(server), TEXTS).shape == (3, 16)
        assert 1 <= time.monotonic() - started < 3
        assert len(server.requests) == 2


@pytest.mark.parametrize("fault", [Fault(hang_s=30), Fault(drip_s=0.05)], ids=["hang", "drip"])
def test_late_provider_is_given_up_in_time(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.patience._PAUSES_S", ())
    with serve_embeddings(fault) as server:
        started = time.monotonic()
        with pytest.raises(ProviderTimeoutError):
            embed_texts(_client(server, limit_s=0.3), TEXTS)
        assert time.monotonic() - started < 1


def test_question_that_waited_spares_the_next_ones() -> None:
    with serve_embeddings(Fault(hang_s=30)) as server:
        client = _client(server, limit_s=0.2)
        with pytest.raises(ProviderTimeoutError):
            client.embed_query("un")
        started = time.monotonic()
        with pytest.raises(ProviderUnavailableError):
            client.embed_query("deux")
        assert time.monotonic() - started < 0.1
        assert server.requests == [["un"]]


def test_redirect_takes_no_text_elsewhere() -> None:
    with serve_embeddings() as elsewhere:
        away = Fault(307, headers=(("Location", f"{elsewhere.url}/embeddings"),))
        with serve_embeddings(away) as server, pytest.raises(ProviderUnavailableError):
            embed_texts(_client(server), TEXTS)
        assert elsewhere.requests == []


def test_batches_are_bounded_in_texts_and_in_characters() -> None:
    assert list(batch_lengths(["a"] * 130)) == [64, 64, 2]
    assert list(batch_lengths(["a" * 25_000] * 5)) == [2, 2, 1]
    assert list(batch_lengths(["a", "a" * 90_000, "a"])) == [1, 1, 1]
    assert list(batch_lengths([])) == []


def test_beginning_of_too_long_a_text_stands_for_it_and_others_are_whole() -> None:
    long, texts = "mot " * 200, ["un", "deux", "quatre"]
    with serve_embeddings(Fault(longest=450)) as server:
        vectors = embed_texts(_client(server), [*texts[:2], long, texts[2]])
        expected = embed_texts(_client(server), [*texts[:2], ("mot " * 100).rstrip(), texts[2]])
    assert np.array_equal(vectors, expected)


def test_model_that_takes_no_text_of_some_length_is_told() -> None:
    with serve_embeddings(Fault(longest=3)) as server, pytest.raises(TextTooLongError, match="ubatch-size"):
        embed_texts(_client(server), ["un", "mot " * 200])


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("intfloat/multilingual-e5-small", ["query: x", "passage: x"]),
        ("nomic-embed-text", ["search_query: x", "search_document: x"]),
        ("text-embedding-3-small", ["x", "x"]),
        ("bge5-base", ["x", "x"]),
    ],
)
def test_model_is_told_questions_from_passages_as_it_was_trained(model: str, asked: list[str]) -> None:
    with serve_embeddings() as server:
        client = _client(server, model=model)
        client.embed_query("x")
        client.embed_documents(["x"])
    assert server.texts == asked


def test_environment_proxy_is_not_used_for_a_near_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with serve_embeddings() as server:
        assert embed_texts(_client(server), TEXTS).shape == (3, 16)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"openai_api_key": "a"}, "Bearer a"),
        ({"openai_api_key": "a", "embeddings_api_key": "b"}, "Bearer b"),
        ({"openai_api_key": "a", "embeddings_base_url": True}, "Bearer aucune"),
        ({"openai_api_key": "a", "embeddings_base_url": True, "embeddings_api_key": "b"}, "Bearer b"),
    ],
)
def test_key_goes_only_where_it_is_meant_for(values: dict[str, Any], key: str, make_vault: Make) -> None:
    with serve_embeddings() as server:
        if values.get("embeddings_base_url"):
            values = values | {"embeddings_base_url": server.url}
        build_embeddings(_settings(server, make_vault({}), **values)).embed_query("x")
    assert server.keys == [key]


def test_failed_run_keeps_what_it_paid_for_and_the_next_asks_for_the_rest_only(make_vault: Make) -> None:
    vault = make_vault({f"{number}.md": f"Note numéro {number}." for number in range(150)})
    with serve_embeddings(Fault(), Fault(404), Fault()) as server:
        with pytest.raises(ProviderNotFoundError):
            sync_near(_settings(server, vault))
        told: list[tuple[str, int, int | None]] = []
        assert sync_near(_settings(server, vault), on_progress=lambda *said: told.append(said)).chunks == 150
    assert [len(texts) for texts in server.requests] == [64, 64, 64, 22]
    assert server.requests[1] == server.requests[2]
    assert [said[1:] for said in told if said[0] == "Calcul des vecteurs"] == [(0, 150), (0, 86), (64, 86)]


def test_interrupted_run_keeps_what_it_paid_for(make_vault: Make) -> None:
    vault = make_vault({f"{number}.md": f"Note numéro {number}." for number in range(100)})

    def stop(stage: str, done: int, _total: int | None) -> None:
        if (stage, done) == ("Calcul des vecteurs", 64):
            raise KeyboardInterrupt

    with serve_embeddings() as server:
        with pytest.raises(KeyboardInterrupt):
            sync_near(_settings(server, vault), on_progress=stop)
        sync_near(_settings(server, vault))
        sync_near(_settings(server, vault), force=True)
    assert [len(texts) for texts in server.requests] == [64, 36]


def test_remote_provider_never_sees_a_private_note(make_vault: Make, make_settings: Any) -> None:
    vault = make_vault(
        {
            "Public.md": PUBLIC,
            "Caché.md": f"---\nconfidentiel: true\n---\n{SECRET}",
            "Interne.md": f"#interne\n\nBis. {SECRET}",
        }
    )
    settings = make_settings(vault)
    with serve_embeddings() as server:
        client = _client(server, remote=True)
        assert sync_near(settings, embeddings=client).chunks == 3
        with opened(settings, embeddings="essai") as snapshot:
            assert (snapshot.manifest.chunks, snapshot.manifest.vectors) == (3, 1)
            assert snapshot.vectors.count() == 1
        assert server.texts == [f"Public\n{PUBLIC}"]
        assert b"million" not in b"".join(
            p.read_bytes() for p in (published(settings) / "chroma").rglob("*") if p.is_file()
        )
        chain = build_chain(Settings(vault=vault, index=settings.index), embeddings=client)
        answer = chain.invoke("De combien est le budget caché ?")
        chain.close()
    assert (answer.verdict, answer.notice) == ("answered", None)
    assert answer.passages[0].text.strip().endswith(SECRET)
    assert "million" not in " ".join(server.texts)


def test_near_provider_sees_them_all(make_vault: Make) -> None:
    vault = make_vault({"Public.md": PUBLIC, "Caché.md": f"---\nconfidentiel: true\n---\n{SECRET}"})
    with serve_embeddings() as server:
        sync_near(_settings(server, vault))
    assert len(server.texts) == 2


def test_vault_that_is_private_throughout_is_found_by_words(make_vault: Make, make_settings: Any) -> None:
    settings = make_settings(make_vault({"Caché.md": f"---\nconfidentiel: true\n---\n{SECRET}"}))
    with serve_embeddings() as server:
        client = _client(server, remote=True)
        chain = build_chain(Settings(vault=settings.vault, index=settings.index), embeddings=client)
        answer = chain.invoke("De combien est le budget caché ?")
        chain.close()
    assert server.texts == []  # nothing to compare it with: the question need not leave
    assert answer.verdict == "answered"


def test_embeddings_of_somebody_else_are_given_no_private_note(make_vault: Make, make_settings: Any) -> None:
    settings = make_settings(make_vault({"Public.md": PUBLIC, "Caché.md": f"#interne\n\n{SECRET}"}))
    embeddings = CountingEmbeddings()
    sync_near(settings, embeddings=embeddings)
    assert embeddings.paid == [f"Public\n{PUBLIC}"]


@pytest.mark.parametrize(
    "fault",
    [Fault(401), Fault(500), Fault(429), Fault(hang_s=30), Fault(spoil=lambda rows: rows[:0]),
     Fault(spoil=lambda rows: [row | {"embedding": [1.0] * 7} for row in rows]),
     Fault(spoil=lambda rows: [row | {"embedding": [math.nan] * 16} for row in rows])],
    ids=["401", "500", "429", "hang", "nothing", "other dimension", "NaN"],
)  # fmt: skip
def test_question_whose_vector_is_wanting_is_answered_by_words_and_says_so(
    make_vault: Make, fault: Fault
) -> None:
    vault = make_vault({"Public.md": PUBLIC, "Autre.md": "Le jardin est fleuri."})
    with serve_embeddings(Fault(), fault) as server:
        settings = Settings(
            vault=vault, index=vault.with_name("index"), embeddings="openai:essai",
            openai_base_url=server.url, embeddings_query_timeout_s=0.3,
        )  # fmt: skip
        chain = build_chain(settings)
        started = time.monotonic()
        answer = chain.invoke("Quel jour le musée ouvre-t-il ?")
        chain.close()
        assert time.monotonic() - started < 2
        assert len(server.requests) == 2
    assert answer.verdict == "answered"
    assert answer.notice is not None
    assert answer.notice.startswith("La recherche par vecteurs est en panne")


def test_index_of_one_server_is_not_used_with_another(make_vault: Make) -> None:
    vault = make_vault({"Public.md": PUBLIC})
    with serve_embeddings() as one, serve_embeddings() as other:
        sync(_settings(one, vault))
        with pytest.raises(Exception, match=r"relancez : cimaise index"):
            build_chain(Settings(**_settings(other, vault).model_dump()))


def test_embeddings_of_langchain_are_held_to_the_same(make_vault: Make, make_settings: Any) -> None:
    client = ProviderEmbeddings(
        DeterministicFakeEmbedding(size=8), mark="faux", remote=False, query_timeout_s=5, batch_timeout_s=5
    )
    settings = make_settings(make_vault({"Public.md": PUBLIC}))
    assert sync_near(settings, embeddings=client).published
    assert math.isclose(float(np.linalg.norm(client.embed_query("x"))), 1, rel_tol=1e-6)


def test_remote_provider_is_sent_no_word_of_an_earlier_answer(make_vault: Make, make_settings: Any) -> None:
    settings = make_settings(make_vault({"Public.md": PUBLIC, "Caché.md": f"#interne\n\n{SECRET}"}))
    history = [
        {"role": "user", "content": "Quel budget ?"},
        {"role": "assistant", "content": f"{SECRET} [1]"},
    ]
    with serve_embeddings() as server:
        client = _client(server, remote=True)
        chain = build_chain(Settings(vault=settings.vault, index=settings.index), embeddings=client)
        chain.invoke({"question": "Développe le premier point", "history": history})
        chain.close()
    assert server.texts[-1] == "Quel budget ? Développe le premier point"
    assert "million" not in " ".join(server.texts)
