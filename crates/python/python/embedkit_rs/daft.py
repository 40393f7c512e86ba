"""Embedding with Daft.

    >>> import embedkit_rs.daft  # doctest: +SKIP
    >>> from daft.functions import embed_text  # doctest: +SKIP
    >>> provider = embedkit_rs.daft.Provider()  # doctest: +SKIP
    >>> frame.with_column("embedding", embed_text(frame["text"], provider=provider, model="BAAI/bge-small-en-v1.5"))  # doctest: +SKIP

Sparse and multi-vector embeddings come from :func:`embed`.
"""

# The engine is not installed where types are checked.
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import daft
from daft import DataType
from daft.ai.protocols import ImageEmbedder, ImageEmbedderDescriptor, TextEmbedder, TextEmbedderDescriptor
from daft.ai.provider import Provider as BaseProvider
from daft.ai.typing import EmbeddingDimensions, UDFOptions

from embedkit_rs.arrow import Embedder, ModelSpec

#: What texts and images are embedded with where no model is named.
TEXT_MODEL, IMAGE_MODEL = "BAAI/bge-small-en-v1.5", "Qdrant/clip-ViT-B-32-vision"
#: Options of Daft's own.
_DAFT = ("batch_size", "concurrency", "max_retries", "num_gpus", "on_error")


class Provider(BaseProvider):
    """Daft's ``embed_text`` and ``embed_image`` with this package's models.

    ``options``, here and there, are keywords of the models' classes; there also Daft's own: ``batch_size``,
    ``concurrency``, ``max_retries``, ``on_error``, and ``num_gpus``, with which models run on CUDA.
    """

    def __init__(self, name: str | None = None, **options: Any) -> None:
        self._name = name or "embedkit"
        self._options = options

    @property
    def name(self) -> str:
        return self._name

    def get_text_embedder(
        self, model: str | None = None, dimensions: int | None = None, **options: Any
    ) -> TextEmbedderDescriptor:
        return _Texts(*self._described(model or TEXT_MODEL, dimensions, options))

    def get_image_embedder(self, model: str | None = None, **options: Any) -> ImageEmbedderDescriptor:
        return _Images(*self._described(model or IMAGE_MODEL, None, options))

    def _described(self, model: str, dim: int | None, options: Mapping[str, Any]) -> tuple[Any, ...]:
        ours = {name: value for name, value in options.items() if name not in _DAFT}
        theirs = {name: value for name, value in options.items() if name in _DAFT}
        if dim is not None:
            ours["dim"] = dim
        if theirs.get("num_gpus"):
            ours.setdefault("cuda", True)
        return self._name, model, {**self._options, **ours}, theirs


@dataclass
class _Described:
    """What Daft ships to its workers."""

    provider: str
    model: str
    ours: dict[str, Any] = field(default_factory=dict)
    theirs: dict[str, Any] = field(default_factory=dict)

    def get_provider(self) -> str:
        return self.provider

    def get_model(self) -> str:
        return self.model

    def get_options(self) -> dict[str, Any]:
        return {**self.ours, **self.theirs}

    def get_udf_options(self) -> UDFOptions:
        return UDFOptions(**self.theirs)

    def _dimensions(self, family: str) -> EmbeddingDimensions:
        size = self.ours.get("dim") or Embedder(self.model, family=family, options=self.ours)._dim()
        return EmbeddingDimensions(size=int(size or 0), dtype=DataType.float32())


@dataclass
class _Texts(_Described, TextEmbedderDescriptor):
    def get_dimensions(self) -> EmbeddingDimensions:
        return self._dimensions("dense")

    def instantiate(self) -> TextEmbedder:
        return _Model(Embedder(self.model, family="dense", role="plain", options=self.ours))


@dataclass
class _Images(_Described, ImageEmbedderDescriptor):
    def get_dimensions(self) -> EmbeddingDimensions:
        return self._dimensions("image")

    def instantiate(self) -> ImageEmbedder:
        return _Model(Embedder(self.model, family="image", options=self.ours))


class _Model:
    """A worker's model."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_text(self, text: list[str]) -> list[Any]:
        return list(self._embedder.load().embed(text))

    def embed_image(self, images: list[Any]) -> list[Any]:
        return list(self._embedder.load().embed(images))


def embed(
    frame: daft.DataFrame,
    model: str | ModelSpec,
    *,
    column: str | tuple[str, str] = "text",
    output: str = "embedding",
    batch_size: int = 4096,
    **embedder_options: Any,
) -> daft.DataFrame:
    """The frame with a column of embeddings of any family, or of a reranker's scores of a pair of columns;
    ``embedder_options`` are those of :class:`~embedkit_rs.arrow.Embedder`. A null gives a null. An input that fails ends the
    job; with ``on_error="null"`` it gives a null, and ``error_column`` has its message."""
    import pyarrow as pa

    embedder_options.setdefault("on_error", "raise")
    has_messages = embedder_options["on_error"] == "null"
    if "error_column" in embedder_options and not has_messages:
        raise ValueError('`error_column` has the messages of inputs that fail, which needs `on_error="null"`')
    embedder = Embedder(model, column=column, output=output, **embedder_options)
    # Names that are taken are refused.
    embedder.schema(pa.schema([(name, pa.null()) for name in frame.column_names]))
    fields = embedder._fields()
    columns = (column,) if isinstance(column, str) else column
    # One function has one column: that of several is a struct of them.
    kind = pa.struct(fields) if has_messages else fields[0].type

    # The process keeps its model, so that a function is enough.
    @daft.func.batch(return_dtype=DataType.from_arrow_type(kind), batch_size=batch_size)
    def run(*inputs: daft.Series) -> daft.Series:
        batch = pa.table({name: values.to_arrow() for name, values in zip(columns, inputs)})
        embedded = embedder(batch).select([field.name for field in fields]).combine_chunks()
        found = embedded.to_struct_array() if has_messages else embedded.column(output)
        return daft.Series.from_arrow(found.combine_chunks())

    embedded = frame.with_column(output, run(*(frame[name] for name in columns)))
    if has_messages:
        embedded = embedded.with_columns({field.name: embedded[output][field.name] for field in fields})
    return embedded


__all__ = ["Provider", "embed"]
