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
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

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
    kept = len(frame.columns)

    def run(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow as pa

        for batch in batches:
            embedded = embedder(batch)
            fields = list(embedded.schema)
            fields[kept:] = [_without_widths(field) for field in fields[kept:]]
            columns = [column.cast(field.type) for column, field in zip(embedded.columns, fields)]
            yield type(embedded).from_arrays(columns, schema=pa.schema(fields))

    return frame.mapInArrow(run, _schema(frame.schema, embedder))


def _schema(schema: StructType, embedder: Embedder) -> StructType:
    """Spark's own fields as they are: Arrow's types hold neither a collation nor a session's time zone, nor that elements
    are never null. What is added is Arrow's."""
    import pyarrow as pa

    names = pa.schema([(name, pa.null()) for name in schema.names])
    added = list(embedder.schema(names))[len(names) :]
    converted = from_arrow_schema(pa.schema([_without_widths(field) for field in added]))
    return StructType([*schema.fields, *converted.fields])


def _without_widths(field: Any) -> Any:
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

    return field.with_type(plain(field.type))


__all__ = ["embed"]
