"""Embeddings behind LangChain's interface: hashed words by default, or any provider by its name there."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import cast

import numpy as np
from langchain_core.embeddings import Embeddings

from ingest.errors import ProviderNotFoundError, ProviderUnavailableError
from ingest.french import content_words, grams, stem
from ingest.providers import provider_errors
from ingest.settings import IngestSettings

_DIMENSION = 128  # as good as 512 on every French set tried, and four times faster to build and to search
_VERSION = 3

Matrix = np.typing.NDArray[np.float32]


class HashedEmbeddings(Embeddings):
    """Signed feature hashing of stems and character n-grams: no model, no fit, the same on every machine.

    Weinberger et al., « Feature Hashing for Large Scale Multitask Learning », 2009.

    Args:
        dimension: Length of the vectors.
    """

    def __init__(self, dimension: int = _DIMENSION) -> None:
        self.dimension = dimension

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed N texts as N L2-normalised vectors of `dimension` floats; a text without a word gives e₁."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Embed one text, documents and questions alike."""
        return cast("list[float]", self.embed_counts(Counter(content_words(text))).tolist())

    def embed_counts(self, counts: Mapping[str, int]) -> "np.typing.NDArray[np.float64]":
        """Embed a text given by how often each of its folded content words stands in it."""
        features = [_features(word, self.dimension) for word in counts]
        cells = np.concatenate([np.empty(0, np.int64), *(touched for touched, _ in features)])
        weights = [weight * count for (_, weight), count in zip(features, counts.values(), strict=True)]
        vector = np.bincount(cells, np.concatenate([np.empty(0), *weights]), self.dimension)
        vector = np.sign(vector) * np.sqrt(np.abs(vector))
        norm = float(np.linalg.norm(vector))
        if not norm:
            vector[0] = norm = 1.0
        return vector / norm


def build_embeddings(settings: IngestSettings) -> Embeddings:
    """Return the embeddings that the settings name.

    Raises:
        ProviderError: The provider's package refuses the name or the key.
    """
    if settings.embeddings == "hashed":
        return HashedEmbeddings()
    from langchain.embeddings import init_embeddings  # noqa: PLC0415 - seconds, and a provider's client

    with provider_errors():
        try:
            return init_embeddings(settings.embeddings)
        except (ImportError, ValueError):  # no such provider, or its package is not installed
            raise ProviderNotFoundError from None


def embed_texts(embedder: Embeddings, texts: list[str]) -> Matrix:
    """Embed N texts, and check what comes back.

    Returns:
        Array of shape (N, dimension).

    Raises:
        ProviderError: The provider failed, or gave too few vectors, or some that are no direction at all.
    """
    with provider_errors():
        vectors = np.asarray(embedder.embed_documents(texts), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise ProviderUnavailableError
    if not np.linalg.norm(vectors, axis=1).all():
        raise ProviderUnavailableError
    return vectors


def fingerprint(embeddings: Embeddings, name: str) -> str:
    """Return what must be equal between the vectors of an index and those of a question."""
    if isinstance(embeddings, HashedEmbeddings):
        return f"hashed-{_VERSION}-{embeddings.dimension}"
    return f"{type(embeddings).__name__}:{name}"


@lru_cache(maxsize=50_000)
def _features(
    word: str, dimension: int
) -> tuple["np.typing.NDArray[np.int64]", "np.typing.NDArray[np.float64]"]:
    """Return the cells a word touches and by how much; a stem weighs as much as all its n-grams together."""
    parts = grams(word)
    hashes = np.array(
        [
            int.from_bytes(hashlib.blake2b(part.encode(), digest_size=8).digest(), "big") >> 1
            for part in (f"={stem(word)}", *parts)
        ]
    )
    weights = np.array([1.0, *[1.0 / len(parts)] * len(parts)])
    signs = np.where((hashes >> 40) & 1, 1.0, -1.0)
    return hashes % dimension, weights * signs
