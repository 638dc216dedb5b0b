"""Many texts to embed, a batch at a time: asked for patiently, checked, cut where too long."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from langchain_core.embeddings import Embeddings

from ingest.errors import TextTooLongError, VectorsError
from ingest.matrix import Matrix, unit_vectors
from ingest.patience import patiently
from ingest.providers import provider_errors

logger = logging.getLogger(__name__)

_TEXTS = 64
_CHARACTERS = 60_000  # of a batch: about 15 000 tokens, what a laptop embeds in a minute
_SHORTEST = 200  # characters; a model that does not take as many is no model for notes


def batch_lengths(texts: Sequence[str]) -> Iterator[int]:
    """Yield how many texts, one after the other, go together; a longer one than a batch goes alone."""
    count = size = 0
    for text in texts:
        if count and (count == _TEXTS or size + len(text) > _CHARACTERS):
            yield count
            count = size = 0
        count, size = count + 1, size + len(text)
    if count:
        yield count


def embed_texts(embedder: Embeddings, texts: Sequence[str]) -> Matrix:
    """Embed a batch of N texts; of one that is too long for the model, its beginning stands for it.

    Words still find the rest of such a text: it costs less than an index that cannot be made for a table of
    addresses.

    Returns:
        Array of shape (N, dimension), its rows L2-normalised.

    Raises:
        ProviderError: The provider failed, several times where it might have done better.
        VectorsError: What it gave are no vectors of these texts.
    """
    try:
        return patiently(lambda: _ask(embedder, list(texts)))
    except TextTooLongError:
        if len(texts) > 1:
            return _apart(embedder, texts)
        if len(texts[0]) <= _SHORTEST:
            raise
    logger.warning("a text of %d characters is too long for the model: its first half counts", len(texts[0]))
    return embed_texts(embedder, [_first_half(texts[0])])


def _apart(embedder: Embeddings, texts: Sequence[str]) -> Matrix:
    """Embed the two halves of a batch one after the other."""
    middle = len(texts) // 2
    first, second = embed_texts(embedder, texts[:middle]), embed_texts(embedder, texts[middle:])
    if first.shape[1] != second.shape[1]:
        raise VectorsError("des vecteurs de longueurs différentes")
    return np.concatenate([first, second])


def _ask(embedder: Embeddings, texts: list[str]) -> Matrix:
    with provider_errors():
        return unit_vectors(embedder.embed_documents(texts), len(texts))


def _first_half(text: str) -> str:
    half = text[: len(text) // 2]
    return half.rpartition(" ")[0] or half
