"""What is done with multi-vectors: scoring by MaxSim."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embedkit_rs import _embedkit


class MaxSim:
    """Scores documents against one query: for each of its rows the best dot product with any of the document's, summed.

    ``query`` is ``(rows, dim)``; with ``mean``, scores are divided by its rows, so that those of different queries
    compare.
    """

    def __init__(self, query: ArrayLike, *, mean: bool = False) -> None:
        # First, as numpy makes floats of what is none.
        self._scorer = _embedkit.MaxSim(query, mean=mean)
        self._arguments = (np.array(query, dtype=np.float32), mean)

    def scores(self, documents: Iterable[Any]) -> NDArray[np.float32]:
        """The score of each document, ``(rows, dim)`` each, in their order, ``(documents,)``."""
        return self._scorer.scores(documents)

    def top_k(self, documents: Iterable[Any], k: int) -> list[tuple[int, float]]:
        """The ``k`` best documents as ``(position, score)``, best first."""
        return self._scorer.top_k(documents, k)

    def __reduce__(self) -> tuple[Any, ...]:
        return _scorer, self._arguments


def _scorer(query: NDArray[np.float32], mean: bool) -> MaxSim:
    return MaxSim(query, mean=mean)
