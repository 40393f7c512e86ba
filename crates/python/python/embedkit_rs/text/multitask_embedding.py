"""Models that are conditioned on a task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit_rs.text.text_embedding import TextEmbedding


class Task(int, Enum):
    """What a text is embedded for."""

    RETRIEVAL_QUERY = 0
    RETRIEVAL_PASSAGE = 1
    SEPARATION = 2
    CLASSIFICATION = 3
    TEXT_MATCHING = 4


class JinaEmbeddingV3(TextEmbedding):
    """``jinaai/jina-embeddings-v3``; ``task_id`` is the task of :meth:`embed`, a passage's if it is not given."""

    def __init__(self, *args: Any, task_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, task_id=task_id, **kwargs)

    def embed(
        self,
        documents: str | Iterable[str],
        batch_size: int = 256,
        parallel: int | None = None,
        task_id: int | None = None,
        **kwargs: Any,
    ) -> Iterator[NDArray[np.float32]]:
        """Embeds texts for a task, as :meth:`TextEmbedding.embed`."""
        if task_id is not None:
            kwargs["task_id"] = task_id
        return super().embed(documents, batch_size, parallel, **kwargs)

    @classmethod
    def _rows(cls) -> list[dict[str, Any]]:
        return [row for row in super()._rows() if row.get("tasks")]


__all__ = ["JinaEmbeddingV3", "Task"]
