"""Hashed embeddings: the same vectors on every machine; a provider's by its name, its failures in French."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.embeddings import DeterministicFakeEmbedding

from ingest.embeddings import HashedEmbeddings, build_embeddings, fingerprint, is_remote
from ingest.errors import CimaiseError, SettingsError
from ingest.settings import IngestSettings

CELLS = {4: 0.289, 24: 0.289, 71: -0.707, 78: -0.289, 82: -0.289, 109: -0.289, 113: 0.289}
TEXTS = ["Le musée élabore sa stratégie numérique.", "L’œuvre d’art", "", "🎨 …", "le la les"]


def _cosine(first: str, second: str) -> float:
    one, two = HashedEmbeddings().embed_documents([first, second])
    return float(np.dot(one, two))


@pytest.mark.parametrize("dimension", [16, 512])
def test_each_text_has_one_vector_of_the_dimension_and_of_norm_one(dimension: int) -> None:
    vectors = HashedEmbeddings(dimension).embed_documents(TEXTS)
    assert [len(vector) for vector in vectors] == [dimension] * len(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


def test_vectors_are_plain_floats() -> None:
    assert {type(value) for value in HashedEmbeddings().embed_query(TEXTS[0])} == {float}


@given(st.text(st.characters(), max_size=60))
def test_any_text_has_a_finite_vector_of_norm_one(text: str) -> None:
    vector = HashedEmbeddings(64).embed_query(text)
    assert np.isclose(np.linalg.norm(vector), 1)


def test_no_text_gives_no_vector() -> None:
    assert HashedEmbeddings().embed_documents([]) == []


@pytest.mark.parametrize("text", ["", "🎨 …", "le la les"])
def test_text_without_a_word_is_the_first_axis(text: str) -> None:
    assert HashedEmbeddings(8).embed_query(text) == [1.0, *[0.0] * 7]


def test_documents_and_questions_are_embedded_alike() -> None:
    embedder = HashedEmbeddings()
    assert embedder.embed_documents(TEXTS) == [embedder.embed_query(text) for text in TEXTS]


def test_order_of_words_case_and_accents_do_not_count() -> None:
    assert _cosine("La stratégie numérique du MUSÉE", "musee, strategie numerique") == pytest.approx(1)


def test_texts_that_share_words_are_nearer() -> None:
    question = "la stratégie numérique du musée"
    assert (
        _cosine(question, "élaborer une stratégie numérique")
        > 0.4
        > _cosine(question, "jardin botanique fleuri")
    )


def test_forms_and_typing_errors_stay_near() -> None:
    assert _cosine("médiation", "médiations") > 0.6
    assert _cosine("médiation", "médiatoin") > 0.2 > abs(_cosine("médiation", "budget"))


def test_vectors_do_not_depend_on_the_process() -> None:
    code = (
        "import sys, json; from ingest.embeddings import HashedEmbeddings\n"
        "print(json.dumps(HashedEmbeddings().embed_documents(json.loads(sys.argv[1]))))"
    )
    for seed in ("0", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps(TEXTS)], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert json.loads(done.stdout) == HashedEmbeddings().embed_documents(TEXTS)


def test_vectors_are_those_that_the_fingerprint_promises() -> None:
    assert fingerprint(HashedEmbeddings(), "hashed") == "hashed-3-128"
    cells = {
        cell: round(value, 3) for cell, value in enumerate(HashedEmbeddings().embed_query("art")) if value
    }
    assert cells == CELLS


def test_fingerprint_tells_dimensions_and_providers_apart() -> None:
    fake = DeterministicFakeEmbedding(size=512)
    marks = {
        fingerprint(HashedEmbeddings(), "hashed"),
        fingerprint(HashedEmbeddings(256), "hashed"),
        fingerprint(fake, "essai:petit"),
        fingerprint(fake, "essai:grand"),
    }
    assert len(marks) == 4


def test_hashed_embeddings_are_built_without_configuration(
    make_settings: Callable[..., IngestSettings], tmp_path: Path
) -> None:
    built = build_embeddings(make_settings(tmp_path))
    assert isinstance(built, HashedEmbeddings)
    assert built.dimension == 128


@pytest.mark.parametrize(
    ("values", "mark", "remote"),
    [
        ({"openai_api_key": "k"}, "openai:e@api.openai.com", True),
        ({"openai_base_url": "http://127.0.0.1:8080/v1"}, "openai:e@127.0.0.1:8080", False),
        (
            {"openai_base_url": "http://127.0.0.1/v1", "embeddings_base_url": "https://u:p@v.exemple.org/v1"},
            "openai:e@v.exemple.org",
            True,
        ),
    ],
)
def test_provider_is_built_by_its_name_and_told_apart_by_its_address(
    make_settings: Callable[..., IngestSettings],
    tmp_path: Path,
    values: dict[str, str],
    mark: str,
    remote: bool,
) -> None:
    built = build_embeddings(make_settings(tmp_path, embeddings="openai:e", **values))
    assert (fingerprint(built, "openai:e"), is_remote(built)) == (mark, remote)


def test_embeddings_of_somebody_else_are_remote_unless_they_say_not() -> None:
    fake = DeterministicFakeEmbedding(size=4)
    assert (is_remote(fake), is_remote(HashedEmbeddings())) == (True, False)


def test_package_that_is_missing_is_named_with_the_command_that_installs_it(
    make_settings: Callable[..., IngestSettings], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=r"pip install langchain-google-genai"):
        build_embeddings(make_settings(tmp_path, embeddings="google_genai:e"))
    if find_spec("langchain_huggingface") is None:
        with pytest.raises(SettingsError, match=r"pip install 'cimaise\[local\]'"):
            build_embeddings(make_settings(tmp_path, embeddings="huggingface:e"))


@pytest.mark.parametrize("name", ["inconnu:modele", "cohere:embed"])
def test_provider_that_cannot_be_built_names_the_setting_to_mend(
    make_settings: Callable[..., IngestSettings], tmp_path: Path, name: str
) -> None:
    with pytest.raises(CimaiseError, match="CIMAISE_EMBEDDINGS"):
        build_embeddings(make_settings(tmp_path, embeddings=name))


def test_provider_without_its_key_says_which_variable(
    make_settings: Callable[..., IngestSettings], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        build_embeddings(make_settings(tmp_path, embeddings="openai:text-embedding-3-small"))
