"""Embedding Arrow batches: what engines that run on many machines call.

    >>> import pyarrow as pa
    >>> from embedkit_rs.arrow import Embedder
    >>> embedder = Embedder("embedkit/static-minilm-en")
    >>> table = embedder(pa.table({"text": ["a cat", None]}))
    >>> table.schema.field("embedding").type
    FixedSizeListType(fixed_size_list<item: float>[256])

An :class:`Embedder` holds its arguments alone. The model is loaded by the first batch that a process sees, once for all
embedders of equal arguments. See :mod:`embedkit_rs.ray`, :mod:`embedkit_rs.daft` and :mod:`embedkit_rs.spark`.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

import embedkit_rs
from embedkit_rs import models
from embedkit_rs._embedder import Encoding
from embedkit_rs.errors import EmbedkitError, ModelFilesError

_CLASSES: dict[str, type[Any]] = {
    "dense": embedkit_rs.TextEmbedding,
    "sparse": embedkit_rs.SparseTextEmbedding,
    "colbert": embedkit_rs.LateInteractionTextEmbedding,
    "colpali": embedkit_rs.LateInteractionMultimodalEmbedding,
    "image": embedkit_rs.ImageEmbedding,
    "rerank": embedkit_rs.TextCrossEncoder,
    "hybrid": embedkit_rs.HybridEmbedding,
}
_SPARSE = pa.struct([("indices", pa.list_(pa.uint32())), ("values", pa.list_(pa.float32()))])


@dataclass(frozen=True)
class ModelSpec:
    """A model by its id or the path of its folder and, if it is to be checked, its digest."""

    id: str
    #: As :func:`digest` gives it; a worker whose model has another fails.
    digest: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder that describes itself."""
        return os.path.isdir(self.id)


class Embedder:
    """Adds embeddings of a column to batches; rows and their order stay.

    ``family`` is ``dense``, ``sparse``, ``colbert``, ``hybrid``, ``image``, ``colpali`` or ``rerank``. ``column`` holds
    texts; images, as paths or bytes, for ``image`` and ``colpali``; for ``rerank`` it is a pair of columns, queries and
    documents. ``role`` is ``passage``, ``query`` or ``plain``. ``encoding`` makes dense vectors smaller: ``float16``;
    ``int8``, of normalised vectors, as the command line and the server have it; ``binary``, a bit for the sign of each
    value. ``options`` are keywords of the family's class, as ``threads`` or ``max_length``.

    Vectors are lists of a fixed size, which stores search. Arrow cannot read nulls among those back from Parquet, so for
    files ``fixed_size=False`` makes them plain lists; :mod:`embedkit_rs.ray` does so.

    A null gives a null. So does an input that fails, and its message is in ``error_column``; ``on_error="raise"`` ends the
    job instead, as do more than ``max_errors`` of a batch's inputs.
    """

    def __init__(
        self,
        model: str | ModelSpec,
        *,
        family: str = "dense",
        column: str | tuple[str, str] = "text",
        output: str = "embedding",
        role: str = "passage",
        on_error: Literal["null", "raise"] = "null",
        error_column: str = "error",
        max_errors: int | None = None,
        encoding: Encoding = "float32",
        fixed_size: bool = True,
        batch_rows: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if family not in _CLASSES:
            raise ValueError(f"no family is called {family!r}; there are {', '.join(_CLASSES)}")
        if encoding not in ("float32", "float16", "int8", "binary"):
            raise ValueError(f"no encoding is called {encoding!r}")
        if encoding != "float32" and family not in ("dense", "image"):
            raise ValueError(f"vectors of the family {family!r} are not encoded as {encoding}")
        if on_error not in ("null", "raise"):
            raise ValueError(f'on_error must be "null" or "raise", got {on_error!r}')
        if role not in ("passage", "query", "plain"):
            raise ValueError(f'role must be "passage", "query" or "plain", got {role!r}')
        if isinstance(column, str) == (family == "rerank"):
            wanted = "a pair of columns, queries and documents" if family == "rerank" else "one column"
            raise ValueError(f"the family {family!r} wants {wanted}, got {column!r}")
        if batch_rows is not None and batch_rows < 1:
            raise ValueError(f"batch_rows must be >= 1, got {batch_rows}")
        if max_errors is not None and max_errors < 0:
            raise ValueError(f"max_errors must be >= 0, got {max_errors}")
        self.spec = model if isinstance(model, ModelSpec) else ModelSpec(model)
        self.family = family
        self.column = column
        self.output = output
        self.role = role
        self.on_error = on_error
        self.error_column = error_column
        self.max_errors = max_errors
        self.encoding: Encoding = encoding
        self.fixed_size = fixed_size
        self.batch_rows = batch_rows
        self.options = dict(options or {})

    def schema(self, schema: pa.Schema) -> pa.Schema:
        """The schema of what comes out of batches of this schema. The model is not loaded, but for folders.

        ``ValueError`` where a column has a name of those that are added already.
        """
        for field in self._fields():
            if field.name in schema.names:
                raise ValueError(
                    f"there is a column {field.name!r} already: give another name as `output` or `error_column`"
                )
            schema = schema.append(field)
        return schema

    def __call__(self, batch: Any) -> Any:
        """The batch, a ``RecordBatch`` or ``Table``, with the column of embeddings."""
        size = self.batch_rows or max(batch.num_rows, 1)
        pieces = [self._embed(batch.slice(start, size)) for start in range(0, batch.num_rows, size)]
        embeddings = pa.concat_arrays([piece for piece, _ in pieces]) if pieces else None
        failures = [(at * size + row, message) for at, (_, rows) in enumerate(pieces) for row, message in rows]
        if self.max_errors is not None and len(failures) > self.max_errors:
            row, message = failures[0]
            raise EmbedkitError(f"{len(failures)} of {batch.num_rows} inputs failed; the first, at {row}: {message}")
        columns = [embeddings]
        if self.on_error == "null":
            messages: list[str | None] = [None] * batch.num_rows
            for row, message in failures:
                messages[row] = message
            columns.append(pa.array(messages, pa.string()))
        arrays = list(batch.columns)
        for field, column in zip(self._fields(), columns, strict=True):
            arrays.append(pa.array([], field.type) if column is None else column.cast(field.type))
        return type(batch).from_arrays(arrays, schema=self.schema(batch.schema))

    def load(self) -> Any:
        """The process's model."""
        return _models.get(self)

    def _embed(self, batch: Any) -> tuple[pa.Array, list[tuple[int, str]]]:
        model, on_error = self.load(), "null"
        if self.family == "rerank":
            queries, documents = (batch.column(name) for name in self.column)
            array, failures = model.score_arrow(queries, documents, on_error=on_error)
        else:
            pages = {"images": True} if self.family == "colpali" and self.role != "query" else {}
            array, failures = model.embed_arrow(
                batch.column(self.column), role=self.role, on_error=on_error, encoding=self.encoding, **pages
            )
        if failures and self.on_error == "raise":
            raise EmbedkitError(f"input {failures[0][0]}: {failures[0][1]}")
        return array, failures

    def _fields(self) -> list[pa.Field]:
        fields = [pa.field(self.output, self._type(), metadata=self._metadata())]
        if self.on_error == "null":
            fields.append(pa.field(self.error_column, pa.string()))
        return fields

    def _row(self) -> dict[str, Any]:
        if self.spec.is_folder:
            row: dict[str, Any] = self.load().row
            return row
        row_or_none = models.find(self.family, self.spec.id)
        if row_or_none is None:
            # It tells which names are alike.
            _CLASSES[self.family](self.spec.id, lazy_load=True, **self.options)
        return row_or_none or {}

    def _dim(self) -> int | None:
        dim = self.options.get("dim") or self._row().get("dim")
        return dim if dim is not None or self.family in ("sparse", "rerank") else int(self.load().embedding_size)

    def _type(self) -> pa.DataType:
        dim = self._dim()
        if self.family == "sparse":
            return _SPARSE
        if self.family == "rerank":
            return pa.float32()
        # Rows of a multi-vector are never null, and stay of a fixed size.
        rows = pa.list_(pa.list_(pa.float32(), dim))
        size = dim if self.fixed_size else -1
        if self.family in ("colbert", "colpali"):
            return rows
        if self.family == "hybrid":
            dense = pa.list_(pa.float32(), size)
            return pa.struct([("dense", dense), ("sparse", _SPARSE), ("multi_vector", rows)])
        if self.encoding == "binary":
            return pa.binary((int(dim or 0) + 7) // 8)
        return pa.list_({"float16": pa.float16(), "int8": pa.int8()}.get(self.encoding, pa.float32()), size)

    def _metadata(self) -> dict[str, str]:
        row = self._row()
        sources = [source for source in row.get("sources", []) if "revision" in source]
        told = {
            "model": row.get("id", self.spec.id),
            "revision": sources[0]["revision"] if sources else "",
            "digest": self.spec.digest or "",
            "version": embedkit_rs.__version__,
            "dim": str(self._dim() or ""),
            "normalized": str(self._is_normalized(row)).lower(),
            "role": self.role,
            "encoding": self.encoding,
        }
        return {f"embedkit.{name}": value for name, value in told.items()}

    def _is_normalized(self, row: dict[str, Any]) -> bool:
        asked = self.options.get("normalize")
        return bool(row.get("normalize") if asked is None else asked)

    def _key(self) -> str:
        return json.dumps([self.spec.id, self.spec.digest, self.family, self.options], sort_keys=True, default=str)


def digest(model: Any) -> str:
    """The digest of all that a loaded model's results depend on: its row, the files that were read to load it, and the width
    that its vectors are cut to. Workers can be held to it."""
    return str(model._model.digest())


class _Models:
    """The models of this process."""

    def __init__(self) -> None:
        self.loads = 0
        self._reset()
        # A child of a fork may find the lock taken by a thread that it does not have.
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._loaded: dict[str, Any] = {}

    def get(self, embedder: Embedder) -> Any:
        key = embedder._key()
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = self._load(embedder)
                self.loads += 1
            return self._loaded[key]

    @staticmethod
    def _load(embedder: Embedder) -> Any:
        kind, spec = _CLASSES[embedder.family], embedder.spec
        make = kind.from_folder if spec.is_folder else kind
        model = make(spec.id, **embedder.options)
        found = digest(model) if spec.digest is not None else None
        if found != spec.digest:
            raise ModelFilesError(f"{spec.id} here is not the model of {spec.digest}: it is that of {found}")
        return model


_models = _Models()


__all__ = ["Embedder", "ModelSpec", "digest"]
