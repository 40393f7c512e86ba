"""Names of dense text models that the reference has left behind."""

from __future__ import annotations

import warnings
from typing import Any

from embedkit_rs.text.text_embedding import TextEmbedding

warnings.warn(
    "DefaultEmbedding, FlagEmbedding and JinaEmbedding are deprecated; use TextEmbedding",
    DeprecationWarning,
    stacklevel=2,
)

DefaultEmbedding = TextEmbedding
FlagEmbedding = TextEmbedding


class JinaEmbedding(TextEmbedding):
    """A dense text model, ``jinaai/jina-embeddings-v2-base-en`` if none is named."""

    def __init__(self, model_name: str = "jinaai/jina-embeddings-v2-base-en", *args: Any, **kwargs: Any) -> None:
        super().__init__(model_name, *args, **kwargs)


__all__ = ["DefaultEmbedding", "FlagEmbedding", "JinaEmbedding"]
