"""Embeddings behind LangChain's interface: hashed words by default, or any provider by its name there."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import cast

import numpy as np
from langchain_core.embeddings import Embeddings

from ingest.errors import SettingsError
from ingest.french import content_words, grams, stem
from ingest.matrix import Matrix
from ingest.providers import provider_errors
from ingest.settings import OPENAI_URL, IngestSettings

_DIMENSION = 128  # as good as 512 on every French set tried, and four times faster to build and to search
_VERSION = 3
_BLOCK = 500  # texts at a time: what is summed takes half a kilobyte a word


class HashedEmbeddings(Embeddings):
    """Signed feature hashing of stems and character n-grams: no model, no fit, the same on every machine.

    Weinberger et al., « Feature Hashing for Large Scale Multitask Learning », 2009.

    Args:
        dimension: Length of the vectors.
    """

    remote = False

    def __init__(self, dimension: int = _DIMENSION) -> None:
        self.dimension = dimension

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed N texts as N L2-normalised vectors of `dimension` floats; a text without a word gives e₁."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Embed one text, documents and questions alike."""
        return cast("list[float]", self.embed_counts([Counter(content_words(text))])[0].tolist())

    def embed_counts(self, counted: Sequence[Mapping[str, int]]) -> Matrix:
        """Embed N texts given by how often each folded content word stands in them: array (N, dimension)."""
        numbers = {word: number for number, word in enumerate(dict.fromkeys(chain.from_iterable(counted)))}
        features = np.zeros((len(numbers), self.dimension), np.float32)
        for word, number in numbers.items():
            cells, weights = _features(word, self.dimension)
            features[number] = np.bincount(cells, weights, self.dimension)
        vectors = np.zeros((len(counted), self.dimension), np.float32)
        for start in range(0, len(counted), _BLOCK):
            block = counted[start : start + _BLOCK]
            held = [row for row, words in enumerate(block, start=start) if words]
            sums = _summed(features, [words for words in block if words], numbers)
            vectors[held] = np.sign(sums) * np.sqrt(np.abs(sums))
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors[norms[:, 0] == 0, 0] = 1.0
        norms[norms == 0] = 1.0
        unit: Matrix = vectors / norms
        return unit


def build_embeddings(settings: IngestSettings) -> Embeddings:
    """Return the embeddings that the settings name.

    Raises:
        SettingsError: The provider is unknown, its package is not installed, or a key is missing.
        ProviderError: The provider's client refuses the settings.
    """
    if settings.embeddings == "hashed":
        return HashedEmbeddings()
    from ingest.provider_embeddings import ProviderEmbeddings  # noqa: PLC0415 - seconds, with a provider only

    provider, _, model = settings.embeddings.partition(":")
    inner = _compatible(settings, model) if provider == "openai" else _by_langchain(settings.embeddings)
    return ProviderEmbeddings(
        inner,
        mark=settings.embeddings_mark,
        remote=settings.embeddings_are_remote,
        query_timeout_s=settings.embeddings_query_timeout_s,
        batch_timeout_s=settings.embeddings_batch_timeout_s,
    )


def _compatible(settings: IngestSettings, model: str) -> Embeddings:
    """Return a client of OpenAI or of a compatible server; no key goes where it is not meant for."""
    from ingest.provider_embeddings import CompatibleEmbeddings  # noqa: PLC0415

    key = settings.embeddings_api_key
    if key is None and settings.embeddings_base_url is None:
        key = settings.openai_api_key
        if key is None and settings.openai_base_url is None:
            raise SettingsError("OPENAI_API_KEY", "une clé est nécessaire pour interroger OpenAI.")
    return CompatibleEmbeddings(
        model,
        base_url=settings.embeddings_base_url or settings.openai_base_url or OPENAI_URL,
        key=key.get_secret_value() if key else "aucune",
        near=not settings.embeddings_are_remote,
        limit_s=settings.embeddings_batch_timeout_s,
    )


def _by_langchain(name: str) -> Embeddings:
    """Return the embeddings that LangChain knows by this name."""
    from langchain.embeddings import init_embeddings  # noqa: PLC0415 - slow, and rarely wanted

    provider = name.partition(":")[0]
    package = "'cimaise[local]'" if provider == "huggingface" else f"langchain-{provider.replace('_', '-')}"
    with provider_errors():
        try:
            return init_embeddings(name)
        except ImportError:
            raise SettingsError(
                "CIMAISE_EMBEDDINGS",
                f"il manque le paquet de ce fournisseur ; lancez : pip install {package}",
            ) from None
        except ValueError:
            raise SettingsError("CIMAISE_EMBEDDINGS", "ce fournisseur est inconnu de LangChain.") from None


def fingerprint(embeddings: Embeddings, name: str) -> str:
    """Return what must be equal between the vectors of an index and those of a question."""
    if isinstance(embeddings, HashedEmbeddings):
        return f"hashed-{_VERSION}-{embeddings.dimension}"
    return str(getattr(embeddings, "mark", f"{type(embeddings).__name__}:{name}"))


def is_remote(embeddings: Embeddings) -> bool:
    """Tell whether texts leave this machine to be embedded: private notes are then kept from it.

    Embeddings of somebody else's are taken for remote unless their attribute `remote` says they are not.
    """
    return bool(getattr(embeddings, "remote", True))


def _summed(features: Matrix, counted: Sequence[Mapping[str, int]], numbers: Mapping[str, int]) -> Matrix:
    """Return the sum of the features of each text's words, as often as they stand there."""
    if not counted:
        return features[:0]
    rows = np.fromiter((numbers[word] for words in counted for word in words), np.int64)
    times = np.fromiter((count for words in counted for count in words.values()), np.float32)
    sizes = np.array([len(words) for words in counted])
    sums: Matrix = np.add.reduceat(features[rows] * times[:, None], np.cumsum(sizes) - sizes)
    return sums


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
