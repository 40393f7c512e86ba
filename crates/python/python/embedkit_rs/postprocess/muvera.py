"""MUVERA: multi-vectors as single vectors of a fixed length."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit_rs import _embedkit


class Muvera:
    """Encodes multi-vectors as single vectors, whose dot products approximate MaxSim.

    Only encodings of the same arguments can be compared. They are those of the reference, whatever its numpy.
    """

    def __init__(
        self, dim: int, k_sim: int = 5, dim_proj: int = 16, r_reps: int = 20, random_seed: int = 42
    ) -> None:
        self.dim = dim
        self.k_sim = k_sim
        self.dim_proj = dim_proj
        self.r_reps = r_reps
        self._encoder = _embedkit.Muvera(dim, k_sim, dim_proj, r_reps, random_seed)
        self._arguments = (dim, k_sim, dim_proj, r_reps, random_seed)

    @classmethod
    def from_multivector_model(
        cls, model: Any, k_sim: int = 5, dim_proj: int = 16, r_reps: int = 20, random_seed: int = 42
    ) -> Muvera:
        """An encoder for a model's multi-vectors."""
        return cls(model.embedding_size, k_sim, dim_proj, r_reps, random_seed)

    def process(
        self, vectors: NDArray[Any], fill_empty_clusters: bool = True, normalize_by_count: bool = True
    ) -> NDArray[np.float64]:
        """Encodes ``(rows, dim)`` to ``(embedding_size,)``: with both, a document; with neither, a query."""
        return self._encoder.process(vectors, fill_empty_clusters, normalize_by_count)

    def process_document(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Encodes a document, ``(rows, dim)``, to ``(embedding_size,)``."""
        return self.process(vectors, fill_empty_clusters=True, normalize_by_count=True)

    def process_query(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Encodes a query, ``(rows, dim)``, to ``(embedding_size,)``."""
        return self.process(vectors, fill_empty_clusters=False, normalize_by_count=False)

    @property
    def embedding_size(self) -> int:
        """Length of an encoding: ``r_reps`` · 2^``k_sim`` · ``dim_proj``."""
        return self._encoder.embedding_size

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


__all__ = ["Muvera"]
