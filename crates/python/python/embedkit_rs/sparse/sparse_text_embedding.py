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
        if "_bm25" not in self.__dict__:
            # The two are one: what is set there goes for this model.
            self._bm25 = Bm25.__new__(Bm25)
            self._bm25.__dict__ = self.__dict__
        return self._bm25

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_bm25"}


__all__ = ["SparseTextEmbedding"]
