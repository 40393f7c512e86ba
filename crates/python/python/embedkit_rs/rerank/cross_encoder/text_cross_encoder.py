"""Rerankers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from embedkit_rs import _options, models
from embedkit_rs._embedder import Embedder, OnError, gives_nulls, one_array, to_pyarrow
from embedkit_rs.common.model_description import ModelSource
from embedkit_rs.text.text_embedding import custom_row


class TextCrossEncoder(Embedder):
    """A reranker: a score for a query with a document. Scores are raw; higher is more relevant."""

    _FAMILY = "rerank"
    _INPUTS = "pair"

    def rerank(
        self, query: str, documents: Iterable[str], batch_size: int = 64, **kwargs: Any
    ) -> Iterator[float]:
        """The query's score with each document, lazily and in their order."""
        if not isinstance(query, str):
            raise TypeError(f"query must be a string, not {type(query).__name__}")
        parallel = kwargs.pop("parallel", None)
        iterator: Iterator[float] = self._embed(documents, self._how(query=query), batch_size, parallel, kwargs)
        return iterator

    def rerank_pairs(
        self,
        pairs: Iterable[tuple[str, str] | list[str]],
        batch_size: int = 64,
        parallel: int | None = None,
        **kwargs: Any,
    ) -> Iterator[float]:
        """The score of each pair of a query and a document, lazily and in their order."""
        iterator: Iterator[float] = self._embed(pairs, self._how(), batch_size, parallel, kwargs)
        return iterator

    def token_count(
        self, pairs: Iterable[tuple[str, str] | list[str]], batch_size: int = 1024, **kwargs: Any
    ) -> int:
        """Tokens of all pairs: after cutting, special ones included, padding not."""
        _options.check_batch_size(batch_size)
        _options.unknown("keywords of the call", kwargs)
        return self._model.token_count(pairs, self._how())

    def score_arrow(self, queries: Any, documents: Any, *, on_error: OnError = "raise") -> Any:
        """Scores two columns of strings of Arrow's, row by row; gives a ``pyarrow.Array`` of floats, as
        :meth:`embed_arrow`."""
        column, failures = self._model.embed_arrow(
            one_array(queries), self._how(), documents=one_array(documents), nulls=gives_nulls(on_error)
        )
        return to_pyarrow(column, failures, on_error)

    @classmethod
    def add_custom_model(
        cls,
        model: str,
        sources: ModelSource,
        model_file: str = "onnx/model.onnx",
        description: str = "",
        license: str = "",
        size_in_gb: float = 0.0,
        additional_files: list[str] | None = None,
    ) -> None:
        """Adds a model for this process. ``ValueError`` where the name is taken."""
        row: dict[str, Any] = {
            "id": model,
            "family": cls._FAMILY,
            "architecture": "cross-encoder",
            **custom_row(sources, model_file, description, license, size_in_gb, additional_files),
        }
        models.add_custom(row)


__all__ = ["TextCrossEncoder"]
