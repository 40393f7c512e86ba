"""Embedding with Ray Data: on one machine or on many.

    >>> import ray, embedkit_rs.ray  # doctest: +SKIP
    >>> dataset = ray.data.read_parquet("texts/")  # doctest: +SKIP
    >>> embedded = embedkit_rs.ray.embed(dataset, "BAAI/bge-small-en-v1.5", num_cpus=2)  # doctest: +SKIP
    >>> embedded.write_parquet("vectors/")  # doctest: +SKIP

Nodes of a cluster of Ray 2.60 and newer authenticate each other: ``RAY_AUTH_MODE=token``, with the same token on all.
"""

# The engine is not installed where types are checked.
# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any

import ray
import ray.data
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from embedkit_rs.arrow import Embedder, ModelSpec, digest

#: Rows of a block: what one call embeds, and what is done again where a worker is lost.
BLOCK_ROWS = 4096
#: Where there are fewer rows, blocks are smaller: so many for each worker, but none of fewer rows than this.
BLOCKS_PER_WORKER, LEAST_BLOCK_ROWS = 64, 256
#: A node's object store has room for so many blocks at least.
BLOCKS_PER_STORE = 16
#: Memory that the filter of a job that goes on asks for at least; Ray adds what the ids take.
FILTER_MEMORY = 1 << 28
#: One core of so many is left for reading and writing.
CORES_PER_READER = 8


class EmbedderActor:
    """An :class:`~embedkit_rs.arrow.Embedder` for ``map_batches(…, batch_format="pyarrow")``, by hand."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        embedder.load()

    def __call__(self, batch: Any) -> Any:
        return self.embedder(batch)


def embed(
    dataset: ray.data.Dataset,
    model: str | ModelSpec,
    *,
    column: str | tuple[str, str] = "text",
    output: str = "embedding",
    concurrency: int | tuple[int, int] | None = None,
    num_cpus: int | None = None,
    num_gpus: float | None = None,
    batch_size: int | None = None,
    rows: int | None = None,
    checkpoint: str | None = None,
    id_column: str | None = None,
    **embedder_options: Any,
) -> ray.data.Dataset:
    """The dataset with a column of embeddings; ``embedder_options`` are those of :class:`~embedkit_rs.arrow.Embedder`.

    ``concurrency`` is the number of workers, or the least and the most; without it there are as many as the cluster has
    room for. ``num_cpus`` is a worker's cores, by default 1, and the threads of its model; by default 2 beside
    a GPU, whose model has as many threads as it likes. Cores are left for reading and writing: a cluster whose every
    core has a worker never begins to read, without a word. Where there are not enough, that is an error.

    Rows are cut into blocks of at most ``batch_size``, by default 4,096, whatever blocks they were read in: small files
    come as one block, which one worker would embed alone and one file would be written of. ``rows``, in its place, says
    how many rows there are, so that blocks of a small dataset are smaller, and enough for all workers.
    ``checkpoint`` is a folder that what was written is noted in, by ``id_column``: a job that is run again goes on where
    it was; it holds the ids of all rows in memory, which is right up to about 10⁹. When a job has ended well, Ray forgets
    its checkpoint.
    """
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size must be >= 1, got {batch_size}")
    if batch_size is not None and rows is not None:
        raise ValueError("`batch_size` and `rows` both say how large blocks are: give one of them")
    cores = num_cpus or (2 if num_gpus else 1)
    workers = _workers(concurrency, cores, num_gpus, others=1 if checkpoint is not None else 0)
    if checkpoint is not None:
        if id_column is None:
            raise ValueError("a checkpoint needs `id_column`, the column that tells rows apart")
        _checkpoint(dataset, checkpoint, id_column)
    embedder_options.setdefault("fixed_size", False)
    options = dict(embedder_options.pop("options", None) or {})
    if num_gpus:
        options.setdefault("cuda", True)
    else:
        options.setdefault("threads", cores)
    embedder = Embedder(model, column=column, output=output, options=options, **embedder_options)
    block_rows = batch_size or _block_rows(rows, workers[1])
    _fit_blocks(dataset)
    pool = ray.data.ActorPoolStrategy(
        min_size=workers[0],
        max_size=workers[1],
        # Of two blocks, one is fetched and taken apart while the other runs on the device.
        max_concurrent_calls_per_actor=2 if num_gpus else None,
    )
    return dataset.repartition(target_num_rows_per_block=block_rows).map_batches(
        EmbedderActor,
        fn_constructor_kwargs={"embedder": embedder},
        batch_format="pyarrow",
        batch_size=block_rows,
        compute=pool,
        num_cpus=cores,
        num_gpus=num_gpus or 0,
        zero_copy_batch=True,
    )


def prefetch(model: str, *, family: str = "dense", **options: Any) -> ModelSpec:
    """Has every node of the cluster fetch the model's files, once; gives the model with its digest.

    Without it, each worker of a large cluster asks the hub by itself. Workers can then be told to stay offline, with
    ``options={"offline": True}``.
    """

    # A task that only fetches has no device of the workers'.
    anywhere = {name: value for name, value in options.items() if name not in ("cuda", "providers", "device_ids")}

    def fetch() -> str:
        return digest(Embedder(model, family=family, options={**anywhere, "lazy_load": True}).load())

    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    tasks = [
        ray.remote(fetch)
        .options(num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False))
        .remote()
        for node in nodes
    ]
    found = set(ray.get(tasks))
    if len(found) != 1:
        raise ValueError(f"nodes have different files of {model}: {sorted(found)}")
    return ModelSpec(model, found.pop())


def _workers(
    concurrency: int | tuple[int, int] | None, cores: int, gpus: float | None, others: int = 0
) -> tuple[int, int]:
    """The least and the most workers, beside so many other actors."""
    resources = ray.cluster_resources()
    there = int(resources.get("CPU", 0))
    kept = max(1, there // CORES_PER_READER) + others
    room = (there - kept) // cores
    if gpus:
        room = min(room, int(resources.get("GPU", 0) / gpus))
    if concurrency is None:
        least, most = min(1, room), room
    elif isinstance(concurrency, int):
        least = most = concurrency
    else:
        least, most = concurrency
    if least < 1 or most > room:
        devices = f" and {resources.get('GPU', 0):g} GPUs" if gpus else ""
        raise ValueError(
            f"{most} workers of {cores} cores do not fit: the cluster has {there} cores{devices}, "
            f"of which {kept} read and write"
        )
    return least, most


def _block_rows(rows: int | None, workers: int) -> int:
    """Rows of a block, so that every worker has many of them."""
    if rows is None:
        return BLOCK_ROWS
    return min(BLOCK_ROWS, max(LEAST_BLOCK_ROWS, rows // (BLOCKS_PER_WORKER * workers)))


def _fit_blocks(dataset: ray.data.Dataset) -> None:
    """Sees to it that blocks fit into the object store of every node: a task whose block does not fit never begins."""
    stores = [node["Resources"].get("object_store_memory", 0) for node in ray.nodes() if node["Alive"]]
    room = int(min(filter(None, stores), default=0)) // BLOCKS_PER_STORE
    most = dataset.context.target_max_block_size
    if room and (most is None or most > room):
        dataset.context.target_max_block_size = room


def _checkpoint(dataset: ray.data.Dataset, folder: str, id_column: str) -> None:
    from ray.data.checkpoint import CheckpointConfig

    # A dataset took its context when it was made.
    for context in (dataset.context, ray.data.DataContext.get_current()):
        config = CheckpointConfig(id_column=id_column, checkpoint_path=folder)
        # What was written is left out by an actor that wants a core too, and memory for all ids.
        config.checkpoint_actor_pool_min_size = config.checkpoint_actor_pool_max_size = 1
        config.checkpoint_actor_memory_bytes = FILTER_MEMORY
        context.checkpoint_config = config


__all__ = ["EmbedderActor", "embed", "prefetch"]
