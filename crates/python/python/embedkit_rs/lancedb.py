"""This package's models in LanceDB's registry of embedding functions.

    >>> import embedkit_rs.lancedb  # doctest: +SKIP
    >>> from lancedb.embeddings import get_registry  # doctest: +SKIP
    >>> function = get_registry().get("embedkit").create(name="BAAI/bge-small-en-v1.5")  # doctest: +SKIP
"""

# The engine is not installed where types are checked.
# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any

from lancedb.embeddings import TextEmbeddingFunction, register

from embedkit_rs import models
from embedkit_rs.arrow import Embedder


@register("embedkit")
class EmbedkitFunction(TextEmbeddingFunction):
    """Dense embeddings of texts. ``options`` are keywords of :class:`~embedkit_rs.TextEmbedding`."""

    name: str = "BAAI/bge-small-en-v1.5"
    options: dict[str, Any] = {}

    def ndims(self) -> int:
        """Width of a vector."""
        row = models.find("dense", self.name)
        dim = self.options.get("dim") or (row or {}).get("dim")
        return int(dim or self._model().embedding_size)

    def generate_embeddings(self, texts: Any, *arguments: Any, **options: Any) -> list[Any]:
        """The vectors of texts that are stored; none of a null."""
        rows = list(texts)
        vectors = self._model().passage_embed([text for text in rows if text is not None])
        return [None if text is None else next(vectors) for text in rows]

    def compute_query_embeddings(self, query: str, *arguments: Any, **options: Any) -> list[Any]:
        """The vector of a query."""
        return list(self._model().query_embed(query))

    def _model(self) -> Any:
        return Embedder(self.name, options=self.options).load()


__all__ = ["EmbedkitFunction"]
