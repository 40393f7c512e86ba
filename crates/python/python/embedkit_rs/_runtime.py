"""Which ONNX Runtime library is loaded, and what its provider for CUDA needs."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path

#: The libraries of CUDA and cuDNN that the provider is linked with, by how their files' names begin.
_CUDA = ("cublas", "cudart", "cudnn", "cufft", "curand", "nvrtc", "nvjitlink")


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


@cache
def preload_dlls() -> tuple[str, ...]:
    """Loads CUDA and cuDNN out of the packages ``nvidia-*``, which no search finds; gives the libraries' paths.

    It is what ``onnxruntime.preload_dlls()`` does, and is done once, before a session for CUDA. A library that is loaded
    already, as by ``torch``, stays the one in use.
    """
    waiting, loaded = _cuda_libraries(), []
    # They need one another: what cannot be loaded yet can be after others.
    while waiting:
        left = [library for library in waiting if not _loads(library)]
        loaded += [str(library) for library in waiting if library not in left]
        if len(left) == len(waiting):
            break
        waiting = left
    return tuple(loaded)


def _cuda_libraries() -> list[Path]:
    try:
        spec = importlib.util.find_spec("nvidia")
    except (ImportError, ValueError):
        return []
    pattern = "*/bin/**/*.dll" if sys.platform == "win32" else "*/lib/lib*.so.*"
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    files = (file for folder in folders for file in sorted(folder.glob(pattern)))
    return [file for file in files if file.name.lower().removeprefix("lib").startswith(_CUDA)]


def _loads(library: Path) -> bool:
    try:
        ctypes.CDLL(str(library))
    except OSError:
        return False
    return True
