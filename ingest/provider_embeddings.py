"""A provider's embeddings, held to our limits: deadlines, order, norm, and who may see what."""

import re
import time
from weakref import finalize

from langchain_core.embeddings import Embeddings
from openai import OpenAI

from ingest.deadlines import bounded_clients
from ingest.errors import (
    ProviderAuthError,
    ProviderRateLimitError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    VectorsError,
)
from ingest.matrix import unit_vectors
from ingest.patience import within
from ingest.providers import provider_errors

_REST_S = 30  # what a provider that kept one question waiting is left alone for
# What a model was trained to see before a question and before a passage, by its name.
_INSTRUCTIONS = (
    (re.compile(r"\be5-(?:small|base|large)"), ("query: ", "passage: ")),
    (re.compile(r"\bnomic-embed-text"), ("search_query: ", "search_document: ")),
)


class CompatibleEmbeddings(Embeddings):
    """The embeddings of OpenAI or of a compatible server, asked for in the plainest way.

    LangChain's own client takes vectors as they come, whatever their `index`, and counts tokens by ranks that
    it downloads.

    Args:
        model: Its name there.
        base_url: The server's address.
        key: What it is asked for with.
        near: Whether the server is this machine or on its network.
        limit_s: Longest time a response may take (seconds).
    """

    def __init__(self, model: str, *, base_url: str, key: str, near: bool, limit_s: float) -> None:
        self._model = model
        client = bounded_clients(limit_s=limit_s, near=near)["http_client"]
        finalize(self, client.close)
        with provider_errors():
            self._client = OpenAI(
                base_url=base_url, api_key=key, max_retries=0, timeout=limit_s, http_client=client
            )

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed N texts, in one request, as N vectors in their order.

        Raises:
            VectorsError: The server does not say which vector is which text's.
            openai.OpenAIError: It failed.
        """
        reply = self._client.embeddings.create(model=self._model, input=texts, encoding_format="float")
        rows = sorted(reply.data, key=lambda row: row.index)
        if len(texts) > 1 and [row.index for row in rows] != list(range(len(texts))):
            raise VectorsError(f"{len(rows)} vecteurs mal numérotés pour {len(texts)} textes")
        return [row.embedding for row in rows]

    def embed_query(self, text: str) -> list[float]:
        """Embed one text."""
        return self.embed_documents([text])[0]


class ProviderEmbeddings(Embeddings):
    """Any LangChain embeddings, with our deadlines, and the words that their model wants before a text.

    Args:
        inner: Those of the provider.
        mark: What tells their vectors from those of any other model.
        remote: Whether texts leave this machine and its network: private notes are then kept from it.
        query_timeout_s: What one question may wait (seconds).
        batch_timeout_s: What a batch of texts may (seconds).
    """

    def __init__(
        self, inner: Embeddings, *, mark: str, remote: bool, query_timeout_s: float, batch_timeout_s: float
    ) -> None:
        self.mark, self.remote = mark, remote
        self._inner = inner
        self._query_timeout_s, self._batch_timeout_s = query_timeout_s, batch_timeout_s
        self._rests_until = 0.0
        told = (words for name, words in _INSTRUCTIONS if name.search(mark))
        self._before_query, self._before_text = next(told, ("", ""))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed N texts, in one request of the provider's, as N vectors.

        Raises:
            ProviderError: It failed, or was late.
        """
        asked = [self._before_text + text for text in texts]
        try:
            return within(self._batch_timeout_s, lambda: self._inner.embed_documents(asked))
        except ProviderAuthError:
            raise ProviderAuthError("CIMAISE_EMBEDDINGS_API_KEY ou OPENAI_API_KEY") from None

    def embed_query(self, text: str) -> list[float]:
        """Embed a question as one L2-normalised vector.

        Raises:
            ProviderError: The provider failed or was late, or has been just now: then it is not asked.
        """
        if time.monotonic() < self._rests_until:
            raise ProviderUnavailableError
        asked = self._before_query + text
        try:
            vector = within(self._query_timeout_s, lambda: self._inner.embed_query(asked))
        except (ProviderTimeoutError, ProviderRateLimitError):
            self._rests_until = time.monotonic() + _REST_S
            raise
        return [float(value) for value in unit_vectors([vector], 1)[0]]
