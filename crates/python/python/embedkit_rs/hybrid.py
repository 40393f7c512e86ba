"""Dense, sparse and multi-vector embeddings in one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from embedkit_rs._embedder import SizedEmbedder, TextEmbedder
from embedkit_rs.results import HybridEmbeddings


class HybridEmbedding(TextEmbedder, SizedEmbedder):
    """A model that gives every kind of embedding at once, such as BGE-M3: a :class:`~embedkit_rs.HybridEmbeddings` a
    text, with ``dense`` ``(dim,)``, ``sparse`` and ``multi_vector`` ``(tokens, dim)``."""

    _FAMILY = "hybrid"

    def embed(
        self, documents: str | Iterable[str], batch_size: int = 256, parallel: int | None = None, **kwargs: Any
    ) -> Iterator[HybridEmbeddings]:
        """Embeds texts, lazily and in their order."""
        return super().embed(documents, batch_size, parallel, **kwargs)

    def query_embed(self, query: str | Iterable[str], **kwargs: Any) -> Iterator[HybridEmbeddings]:
        """Embeds queries, as :meth:`embed`."""
        return super().query_embed(query, **kwargs)

    def passage_embed(self, texts: Iterable[str], **kwargs: Any) -> Iterator[HybridEmbeddings]:
        """Embeds passages, as :meth:`embed`."""
        return super().passage_embed(texts, **kwargs)


__all__ = ["HybridEmbedding"]
