"""Which ONNX Runtime library is loaded."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path


@cache
def _wheel() -> Path | None:
    """The library of the installed ``onnxruntime`` package, which is not imported for it."""
    try:
        spec = importlib.util.find_spec("onnxruntime")
    except (ImportError, ValueError):
        return None
    for folder in (spec.submodule_search_locations or []) if spec else []:
        capi = Path(folder, "capi")
        for pattern in ("libonnxruntime.so.*", "libonnxruntime.*.dylib", "libonnxruntime.dylib", "onnxruntime.dll"):
            for library in sorted(capi.glob(pattern)):
                return library
    return None


def library(named: str | os.PathLike[str] | None) -> str | None:
    """The library to load: the one that is named, else that of the wheel, unless the environment names one."""
    if named is not None:
        return os.fspath(named)
    if os.getenv("ORT_DYLIB_PATH"):
        return None
    wheel = _wheel()
    return str(wheel) if wheel else None


def offers_cuda(named: str | os.PathLike[str] | None) -> bool:
    """Whether the library has CUDA's provider beside it."""
    path = library(named) or os.getenv("ORT_DYLIB_PATH")
    if not path:
        return False
    names = ("libonnxruntime_providers_cuda.so", "onnxruntime_providers_cuda.dll")
    return any(Path(path).with_name(name).exists() for name in names)
