"""What sparse models have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from embedkit_rs._embedder import TextEmbedder
from embedkit_rs.common.model_description import BaseModelDescription, SparseModelDescription
from embedkit_rs.results import SparseEmbedding


class SparseTextEmbeddingBase(TextEmbedder):
    """What sparse models have in common."""

    _FAMILY = "sparse"

    def embed(
        self, documents: str | Iterable[str], batch_size: int = 256, parallel: int | None = None, **kwargs: Any
    ) -> Iterator[SparseEmbedding]:
        """Embeds documents, lazily and in their order. Indices ascend.

        ``batch_size`` bounds the rows of a batch and does not change results; no processes are started, whatever
        ``parallel`` says, as one uses all cores.
        """
        return super().embed(documents, batch_size, parallel, **kwargs)

    def query_embed(self, query: str | Iterable[str], **kwargs: Any) -> Iterator[SparseEmbedding]:
        """Embeds queries; some models run no graph for them."""
        return super().query_embed(query, **kwargs)

    def passage_embed(self, texts: Iterable[str], **kwargs: Any) -> Iterator[SparseEmbedding]:
        """Embeds passages, as :meth:`embed`."""
        return super().passage_embed(texts, **kwargs)

    def decode(self, index: int) -> str | None:
        """The token that an index stands for; none where indices are hashes, or nothing is known of them."""
        return self._model.decode(index)

    @classmethod
    def _described(cls, row: dict[str, Any]) -> dict[str, Any]:
        idf = True if row.get("requires-idf") else None
        # Hashes of words have no vocabulary.
        size = row.get("vocab-size", 0 if row["architecture"] == "bm25" else None)
        return {**super()._described(row), "requires_idf": idf, "vocab_size": size}

    @classmethod
    def _description_class(cls) -> type[BaseModelDescription]:
        return SparseModelDescription


__all__ = ["SparseEmbedding", "SparseTextEmbeddingBase"]
