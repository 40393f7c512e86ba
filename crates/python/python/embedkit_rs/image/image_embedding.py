"""Image embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit_rs._embedder import SizedEmbedder
from embedkit_rs.common.types import ImageInput


class ImageEmbedding(SizedEmbedder):
    """An image model: one vector an image, ``(dim,)`` of ``float32``.

    An image is a path (``str`` or ``Path``), the bytes of a file, a file that is open in binary mode, an image of
    Pillow's (which need not be installed), or an array of ``uint8``, ``(height, width, 3)``. Files and bytes
    are decoded without the interpreter.
    """

    _FAMILY = "image"
    _INPUTS = "image"

    def embed(
        self,
        images: ImageInput | Iterable[ImageInput],
        batch_size: int = 16,
        parallel: int | None = None,
        **kwargs: Any,
    ) -> Iterator[NDArray[np.float32]]:
        """Embeds images, lazily and in their order; ``(dim,)`` each."""
        iterator: Iterator[Any] = self._embed(images, self._how("passage"), batch_size, parallel, kwargs)
        return iterator


__all__ = ["ImageEmbedding"]
