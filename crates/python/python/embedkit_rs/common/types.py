"""Types that signatures name."""

from __future__ import annotations

from enum import Enum
from os import PathLike
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image
else:
    Image = Any


class Device(str, Enum):
    """Where a model runs."""

    CPU = "cpu"
    CUDA = "cuda"
    AUTO = "auto"


PathInput: TypeAlias = Union[str, PathLike[str]]
#: A path, the bytes of an image's file or a file that is open in binary mode, an image of Pillow's, or an array of
#: ``uint8``, ``(height, width, 3)``.
ImageInput: TypeAlias = Union[str, PathLike[str], bytes, BinaryIO, Image, NDArray[np.uint8]]
OnnxProvider: TypeAlias = Union[str, tuple[str, dict[Any, Any]]]
NumpyArray: TypeAlias = Union[
    NDArray[np.float64], NDArray[np.float32], NDArray[np.float16], NDArray[np.int8], NDArray[np.int64], NDArray[np.int32]
]

__all__ = ["Device", "ImageInput", "NumpyArray", "OnnxProvider", "PathInput"]
