"""Sparse text embeddings."""

from __future__ import annotations

from typing import Any

from embedkit_rs.sparse.bm25 import Bm25
from embedkit_rs.sparse.sparse_embedding_base import SparseTextEmbeddingBase


class SparseTextEmbedding(SparseTextEmbeddingBase):
    """A sparse text model: SPLADE, BM25, BM42, miniCOIL.

    BM25 takes ``k``, ``b``, ``avg_len``, ``language``, ``token_max_length``, ``disable_stemmer``, ``stopwords`` and
    ``stemmer`` (an object with ``stem_word``); BM42 ``alpha``; miniCOIL ``k``, ``b`` and ``avg_len``.
    """

    @property
    def model(self) -> Any:
        """What can be told of the loaded model; of BM25, a :class:`~embedkit_rs.sparse.bm25.Bm25`."""
        if self.row["architecture"] != "bm25":
            return super().model
        return Bm25(self.model_name, **self._keywords)


__all__ = ["SparseTextEmbedding"]
