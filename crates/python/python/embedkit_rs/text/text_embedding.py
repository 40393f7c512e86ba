"""Dense text embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit_rs import models
from embedkit_rs._embedder import SizedEmbedder, TextEmbedder
from embedkit_rs.common.model_description import ModelSource, PoolingType
from embedkit_rs.common.types import Device, OnnxProvider

_POOLING = {
    PoolingType.CLS: "cls",
    PoolingType.MEAN: "mean",
    PoolingType.LAST_TOKEN: "last-token",
    PoolingType.DISABLED: "none",
}


class TextEmbedding(TextEmbedder, SizedEmbedder):
    """A dense text model: one vector a text, ``(dim,)`` of ``float32``; of ``float16`` where the model's graph gives that.

    Vectors are those of the reference, whose ``query_embed`` and ``passage_embed`` take texts as they are; with
    ``prompts=True``, what the model's row puts before queries and passages is put there.
    """

    _FAMILY = "dense"
    _PROMPTS = False

    def __init__(
        self,
        model_name: str = "BAAI/bge-small-en-v1.5",
        cache_dir: str | None = None,
        threads: int | None = None,
        providers: Sequence[OnnxProvider] | None = None,
        cuda: bool | Device = Device.AUTO,
        device_ids: list[int] | None = None,
        lazy_load: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(model_name, cache_dir, threads, providers, cuda, device_ids, lazy_load, **kwargs)

    def embed(
        self, documents: str | Iterable[str], batch_size: int = 256, parallel: int | None = None, **kwargs: Any
    ) -> Iterator[NDArray[np.float32]]:
        """Embeds texts, lazily and in their order; ``(dim,)`` each.

        ``batch_size`` bounds the rows of a batch and does not change results. No processes are started, as one uses all
        cores: ``parallel`` bounds the sessions that run at a time; None and 0 are all. ``task_id`` names a task of models
        that have some; that of the constructor goes for all that does not name one itself, but for ``query_embed`` and
        ``passage_embed``. Rows are views of an array of up to 1,024: ``copy()`` keeps one alone.
        """
        return super().embed(documents, batch_size, parallel, **kwargs)

    def query_embed(self, query: str | Iterable[str], **kwargs: Any) -> Iterator[NDArray[np.float32]]:
        """Embeds queries, as :meth:`embed`."""
        return super().query_embed(query, **kwargs)

    def passage_embed(self, texts: Iterable[str], **kwargs: Any) -> Iterator[NDArray[np.float32]]:
        """Embeds passages, as :meth:`embed`."""
        return super().passage_embed(texts, **kwargs)

    def _call(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        task = self._task_of(kwargs)
        return {} if task is None else {"task": task}

    def _task_of(self, kwargs: dict[str, Any]) -> Any:
        """The task that a call names. Where there are none, it stays among the keywords that are told of."""
        task = kwargs.get("task_id")
        return kwargs.pop("task_id", None) if task is None or self._knows(task) else None

    def _embed_role(self, texts: Any, role: Any, kwargs: dict[str, Any]) -> Iterator[Any]:
        # To the reference these have their role's task, whatever the constructor was given.
        batch_size, parallel = kwargs.pop("batch_size", 256), kwargs.pop("parallel", None)
        task = self._task_of(kwargs)
        iterator: Iterator[Any] = self._embed(texts, self._how(role, task=task), batch_size, parallel, kwargs)
        return iterator

    @classmethod
    def add_custom_model(
        cls,
        model: str,
        pooling: PoolingType,
        normalization: bool,
        sources: ModelSource,
        dim: int,
        model_file: str = "onnx/model.onnx",
        description: str = "",
        license: str = "",
        size_in_gb: float = 0.0,
        additional_files: list[str] | None = None,
        output_name: str | None = None,
    ) -> None:
        """Adds a model for this process. ``ValueError`` where the name is taken."""
        row: dict[str, Any] = {
            "id": model,
            "family": cls._FAMILY,
            "architecture": "transformer",
            "pooling": _POOLING[PoolingType(pooling)],
            "normalize": normalization,
            "dim": dim,
            **custom_row(sources, model_file, description, license, size_in_gb, additional_files),
        }
        if output_name is not None:
            row["output"] = output_name
        models.add_custom(row)


def custom_row(
    sources: ModelSource,
    model_file: str,
    description: str,
    license: str,
    size_in_gb: float,
    additional_files: list[str] | None,
) -> dict[str, Any]:
    """What the rows of all custom models have."""
    places: list[dict[str, str]] = []
    if sources.hf is not None:
        places.append({"hf": sources.hf})
    if sources.url is not None:
        places.append({"url": sources.url})
    return {
        "sources": places,
        "model-file": model_file,
        "description": description,
        "license": license,
        "size-gb": size_in_gb,
        "files": list(additional_files or []),
    }


__all__ = ["TextEmbedding"]
