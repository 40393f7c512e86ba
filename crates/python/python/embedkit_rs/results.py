"""What models give beside plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass
class SparseEmbedding:
    """Weights of few dimensions among very many: ``indices`` ascending, ``values`` in their order."""

    values: NDArray[Any]
    indices: NDArray[Any]

    def as_object(self) -> dict[str, NDArray[Any]]:
        """Both arrays by name."""
        return {"values": self.values, "indices": self.indices}

    def as_dict(self) -> dict[int, float]:
        """Value by index."""
        return {int(index): float(value) for index, value in zip(self.indices, self.values, strict=True)}

    @classmethod
    def from_dict(cls, data: dict[int, float]) -> SparseEmbedding:
        """An embedding of these entries, in their order."""
        if not data:
            return cls(values=np.array([], dtype=np.float64), indices=np.array([], dtype=np.int64))
        return cls(values=np.array(list(data.values())), indices=np.array(list(data.keys())))


class HybridEmbeddings(NamedTuple):
    """All that one run gives for a text, or for a batch of texts."""

    #: ``(dim,)``; of a batch ``(rows, dim)``.
    dense: Any
    #: A :class:`SparseEmbedding`; of a batch a :class:`SparseBatch`.
    sparse: Any
    #: ``(tokens, dim)``; of a batch a :class:`MultiVectorBatch`.
    multi_vector: Any


class SparseBatch(NamedTuple):
    """Sparse vectors of a batch: row ``i`` has the entries from ``offsets[i]`` to ``offsets[i + 1]``."""

    offsets: NDArray[np.int64]
    indices: NDArray[Any]
    values: NDArray[Any]

    def rows(self) -> list[SparseEmbedding]:
        """The rows, as views."""
        bounds = zip(self.offsets[:-1], self.offsets[1:], strict=True)
        return [SparseEmbedding(self.values[start:end], self.indices[start:end]) for start, end in bounds]


class MultiVectorBatch(NamedTuple):
    """Multi-vectors of a batch: row ``i`` has the vectors from ``offsets[i]`` to ``offsets[i + 1]``."""

    offsets: NDArray[np.int64]
    #: ``(vectors of all rows, dim)``.
    vectors: NDArray[np.float32]

    def rows(self) -> list[NDArray[np.float32]]:
        """The rows, ``(tokens, dim)`` each, as views."""
        bounds = zip(self.offsets[:-1], self.offsets[1:], strict=True)
        return [self.vectors[start:end] for start, end in bounds]
