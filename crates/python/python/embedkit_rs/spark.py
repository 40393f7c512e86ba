"""Embedding with Spark.

    >>> import embedkit_rs.spark  # doctest: +SKIP
    >>> embedded = embedkit_rs.spark.embed(frame, "BAAI/bge-small-en-v1.5")  # doctest: +SKIP
    >>> embedded.write.parquet("vectors/")  # doctest: +SKIP

A task has ``spark.task.cpus`` cores, which are the threads of its model; ``spark.sql.execution.arrow.maxRecordsPerBatch``
of 4096 suits models better than Spark's 10,000. Workers are used again between tasks by default, and keep their model.
"""

# The engine is not installed where types are checked.
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from embedkit_rs.arrow import Embedder, ModelSpec


def embed(
    frame: DataFrame,
    model: str | ModelSpec,
    *,
    column: str | tuple[str, str] = "text",
    output: str = "embedding",
    **embedder_options: Any,
) -> DataFrame:
    """The frame with a column of embeddings; ``embedder_options`` are those of :class:`~embedkit_rs.arrow.Embedder`.

    Vectors are arrays, as Spark has no lists of a fixed length.
    """
    options = dict(embedder_options.pop("options", None) or {})
    options.setdefault("threads", int(frame.sparkSession.conf.get("spark.task.cpus", "1") or 1))
    embedder = Embedder(model, column=column, output=output, options=options, **embedder_options)
    schema = from_arrow_schema(_without_widths(embedder.schema(to_arrow_schema(frame.schema))))

    def run(batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            embedded = embedder(batch)
            yield type(embedded).from_arrays(
                [column.cast(field.type) for column, field in zip(embedded.columns, _without_widths(embedded.schema))],
                schema=_without_widths(embedded.schema),
            )

    return frame.mapInArrow(run, schema)


def _without_widths(schema: Any) -> Any:
    import pyarrow as pa

    def plain(kind: Any) -> Any:
        if pa.types.is_fixed_size_list(kind):
            return pa.list_(plain(kind.value_type))
        if pa.types.is_list(kind):
            return pa.list_(plain(kind.value_type))
        if pa.types.is_struct(kind):
            return pa.struct([field.with_type(plain(field.type)) for field in kind])
        if pa.types.is_uint32(kind):
            return pa.int64()
        if pa.types.is_float16(kind):
            return pa.float32()
        if pa.types.is_fixed_size_binary(kind):
            return pa.binary()
        return kind

    return pa.schema([field.with_type(plain(field.type)) for field in schema])


__all__ = ["embed"]
