"""Late-interaction embeddings of pages and the texts that look for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit_rs import _options
from embedkit_rs._embedder import Encoding, OnError, Role, SizedEmbedder, gives_nulls, one_array, to_pyarrow
from embedkit_rs.common.types import ImageInput


class LateInteractionMultimodalEmbedding(SizedEmbedder):
    """A model of pages and texts: ``(rows, dim)`` of ``float32`` each, in one space."""

    _FAMILY = "colpali"

    def embed_text(
        self, documents: str | Iterable[str], batch_size: int = 256, parallel: int | None = None, **kwargs: Any
    ) -> Iterator[NDArray[np.float32]]:
        """Embeds texts that pages are looked for by, lazily and in their order; ``(tokens, dim)`` each."""
        iterator: Iterator[Any] = self._embed(documents, self._how("query"), batch_size, parallel, kwargs)
        return iterator

    def embed_image(
        self,
        images: ImageInput | Iterable[ImageInput],
        batch_size: int = 2,
        parallel: int | None = None,
        **kwargs: Any,
    ) -> Iterator[NDArray[np.float32]]:
        """Embeds pages, lazily and in their order; ``(patches, dim)`` each. For what pages may be, see
        :class:`~embedkit_rs.ImageEmbedding`."""
        how = self._how("passage", inputs="image")
        iterator: Iterator[Any] = self._embed(images, how, batch_size, parallel, kwargs)
        return iterator

    def token_count(
        self, texts: str | Iterable[str], batch_size: int = 1024, include_extension: bool = False, **kwargs: Any
    ) -> int:
        """Tokens of all texts; with ``include_extension``, with those that the model puts around them."""
        _options.check_batch_size(batch_size)
        _options.unknown("keywords of the call", kwargs)
        return self._model.token_count(texts, self._how("query", prompts=include_extension))

    def embed_batches(
        self,
        documents: Any,
        *,
        role: Role = "query",
        batch_size: int = 1024,
        on_error: OnError = "raise",
        images: bool = False,
    ) -> Any:
        """As :meth:`Embedder.embed_batches`; with ``images``, the inputs are pages."""
        return self._model.embed_batches(
            documents, self._page_how(role, images), batch_size, nulls=gives_nulls(on_error)
        )

    def embed_arrow(
        self,
        array: Any,
        *,
        role: Role = "query",
        on_error: OnError = "raise",
        encoding: Encoding = "float32",
        images: bool = False,
    ) -> Any:
        """As :meth:`Embedder.embed_arrow`; with ``images``, the column holds pages: paths or bytes."""
        column, failures = self._model.embed_arrow(
            one_array(array), self._page_how(role, images), nulls=gives_nulls(on_error), encoding=encoding
        )
        return to_pyarrow(column, failures, on_error)

    def _page_how(self, role: Role, images: bool) -> dict[str, Any]:
        return self._how("passage", inputs="image") if images else self._how(role)


__all__ = ["LateInteractionMultimodalEmbedding"]
