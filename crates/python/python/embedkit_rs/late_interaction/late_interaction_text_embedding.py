"""Late-interaction text embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit_rs import _options
from embedkit_rs._embedder import SizedEmbedder, TextEmbedder


class LateInteractionTextEmbedding(TextEmbedder, SizedEmbedder):
    """A late-interaction text model: one vector a token, ``(tokens, dim)`` of ``float32`` a text."""

    _FAMILY = "colbert"

    def embed(
        self, documents: str | Iterable[str], batch_size: int = 256, parallel: int | None = None, **kwargs: Any
    ) -> Iterator[NDArray[np.float32]]:
        """Embeds documents, lazily and in their order; ``(tokens, dim)`` each.

        ``batch_size`` bounds the rows of a batch and does not change results; no processes are started, whatever
        ``parallel`` says, as one uses all cores.
        """
        return super().embed(documents, batch_size, parallel, **kwargs)

    def query_embed(self, query: str | Iterable[str], **kwargs: Any) -> Iterator[NDArray[np.float32]]:
        """Embeds queries: marked as such and, where the model does so, filled up with mask tokens."""
        return super().query_embed(query, **kwargs)

    def passage_embed(self, texts: Iterable[str], **kwargs: Any) -> Iterator[NDArray[np.float32]]:
        """Embeds passages, as :meth:`embed`."""
        return super().passage_embed(texts, **kwargs)

    def token_count(
        self,
        texts: str | Iterable[str],
        batch_size: int = 1024,
        is_doc: bool = True,
        include_extension: bool = False,
        **kwargs: Any,
    ) -> int:
        """Tokens of all texts; with ``include_extension``, with the markers and mask tokens that the model adds."""
        _options.check_batch_size(batch_size)
        _options.unknown("keywords of the call", kwargs)
        how = self._how("plain" if is_doc else "query")
        return self._model.token_count(texts, how, extended=include_extension)


__all__ = ["LateInteractionTextEmbedding"]
