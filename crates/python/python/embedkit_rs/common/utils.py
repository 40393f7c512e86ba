"""Small helpers that programs import from here."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


def normalize(input_array: Array, p: int = 2, dim: int = 1, eps: float = 1e-12) -> Array:
    """Divides by the ``p``-norm along ``dim``, or by ``eps`` where it is smaller. The type of the numbers is kept."""
    narrow = input_array.dtype == np.float16
    array = input_array.astype(np.float32) if narrow else input_array
    norm = np.linalg.norm(array, ord=p, axis=dim, keepdims=True)
    normalized: Array = array / np.maximum(norm, eps)
    return normalized.astype(np.float16) if narrow else normalized


def mean_pooling(input_array: Array, attention_mask: NDArray[np.int64]) -> Array:
    """The mean over the tokens that the mask keeps: ``(rows, tokens, dim)`` to ``(rows, dim)``."""
    mask = np.expand_dims(attention_mask != 0, axis=-1)
    summed = np.sum(np.where(mask, input_array, 0), axis=1, dtype=np.float64)
    counts = np.maximum(np.sum(attention_mask, axis=1, keepdims=True), 1e-9)
    pooled: Array = summed / counts
    return pooled


def last_token_pooling(input_array: Array, attention_mask: NDArray[np.int64]) -> Array:
    """The vector of the last token that the mask keeps: ``(rows, tokens, dim)`` to ``(rows, dim)``."""
    length = attention_mask.shape[1]
    last = length - 1 - np.argmax((attention_mask == 1)[:, ::-1], axis=1)
    pooled: Array = input_array[np.arange(input_array.shape[0]), last]
    return pooled


def define_cache_dir(cache_dir: str | None = None) -> Path:
    """The folder that the reference keeps models in: the given one, ``FASTEMBED_CACHE_PATH``, or one among the system's
    temporary files. It is made. This package itself uses the Hugging Face cache where neither is given."""
    folder = cache_dir or os.getenv("FASTEMBED_CACHE_PATH") or Path(tempfile.gettempdir(), "fastembed_cache")
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    return path


__all__ = ["define_cache_dir", "last_token_pooling", "mean_pooling", "normalize"]
