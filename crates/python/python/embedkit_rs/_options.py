"""What constructors and methods are given, in the terms of the compiled half."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from embedkit_rs import _runtime
from embedkit_rs.common.types import Device, OnnxProvider

#: ONNX Runtime's names of providers, and ours.
PROVIDERS = {
    "CPUExecutionProvider": "cpu",
    "CUDAExecutionProvider": "cuda",
    "TensorrtExecutionProvider": "tensorrt",
    "ROCMExecutionProvider": "rocm",
    "MIGraphXExecutionProvider": "migraphx",
    "CoreMLExecutionProvider": "coreml",
    "DmlExecutionProvider": "directml",
    "OpenVINOExecutionProvider": "openvino",
}

#: Keywords of every constructor that go to the compiled half as they are.
_OWN = (
    "model_dir",
    "max_length",
    "dim",
    "batch_tokens",
    "batch_invariant",
    "sessions",
    "tf32",
    "tuning",
    "model_file",
    "pooling",
    "normalize",
)
#: Keywords of sparse models' constructors, which are their architectures' parameters.
_SPARSE = ("k", "b", "avg_len", "language", "token_max_length", "disable_stemmer", "stopwords", "alpha")


def constructor(
    family: str,
    cache_dir: str | os.PathLike[str] | None,
    threads: int | None,
    providers: Sequence[OnnxProvider] | None,
    cuda: bool | Device | str | None,
    device_ids: Sequence[int] | None,
    lazy_load: bool | None,
    keywords: Mapping[str, Any],
) -> dict[str, Any]:
    """The options of a model."""
    rest = dict(keywords)
    runtime = rest.pop("runtime", None)
    options: dict[str, Any] = {
        "cache_dir": _cache_dir(cache_dir),
        "progress": bool(getattr(sys.modules.get("embedkit_rs"), "progress", True)),
        "threads": threads,
        "lazy": bool(lazy_load),
        "offline": bool(rest.pop("local_files_only", False)) | bool(rest.pop("offline", False)),
        "arena": rest.pop("enable_cpu_mem_arena", None),
        "memory_map": True if rest.pop("mmap", False) else None,
        "runtime": _runtime.library(runtime),
    }
    options |= _providers(providers, cuda, device_ids, rest.pop("device_id", None), runtime)
    if {"cuda", "tensorrt"} & {*(options.get("require_providers") or ()), *(options.get("prefer_providers") or ())}:
        _runtime.preload_dlls()
    options |= {name: rest.pop(name) for name in _OWN if name in rest}
    if rest.get("specific_model_path") is not None:
        options["model_dir"] = rest["specific_model_path"]
    rest.pop("specific_model_path", None)
    if options["cache_dir"] is None and options.get("model_dir") is None:
        options["reference_cache"] = _reference_cache()
    parameters = dict(rest.pop("parameters", None) or {})
    if family == "sparse":
        parameters |= {name: rest.pop(name) for name in _SPARSE if rest.get(name) is not None}
        for name in _SPARSE:
            rest.pop(name, None)
    if parameters:
        options["parameters"] = parameters
    unknown("keywords of the constructor", rest)
    return {name: value for name, value in options.items() if value is not None}


def unknown(where: str, keywords: Iterable[str]) -> None:
    """Tells of keywords that mean nothing here."""
    names = sorted(keywords)
    if not names:
        return
    message = f"{where} that have no effect: {', '.join(names)}"
    if getattr(sys.modules.get("embedkit_rs"), "strict", False):
        raise TypeError(message)
    warnings.warn(message, UserWarning, stacklevel=5)


def check_batch_size(batch_size: int) -> None:
    """Refuses a size that no batch can have, where sizes change nothing else."""
    if batch_size < 1:
        raise ValueError(f"batch_size must be >= 1, got {batch_size}")


def _cache_dir(cache_dir: str | os.PathLike[str] | None) -> str | None:
    if cache_dir is not None:
        return os.fspath(cache_dir)
    return os.getenv("FASTEMBED_CACHE_PATH") or None


def _reference_cache() -> str | None:
    """The folder that the reference keeps models in by default, if it is there. Anyone may make it, as it is among
    temporary files: one that is another user's, or that others may write to, is left alone."""
    import tempfile

    folder = Path(tempfile.gettempdir(), "fastembed_cache")
    try:
        status = folder.lstat()
    except OSError:
        return None
    is_ours = not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & stat.S_IWOTH)
    return str(folder) if stat.S_ISDIR(status.st_mode) and is_ours else None


def _providers(
    providers: Sequence[OnnxProvider] | None,
    cuda: bool | Device | str | None,
    device_ids: Sequence[int] | None,
    device_id: int | None,
    runtime: str | os.PathLike[str] | None,
) -> dict[str, Any]:
    devices = [device_id] if device_id is not None else list(device_ids or [])
    device = Device.AUTO if cuda is None else cuda if isinstance(cuda, bool) else Device(cuda)
    wants_cuda = device is True or device is Device.CUDA
    if providers is not None:
        if wants_cuda:
            message = "`providers` and `cuda` are both given; `providers` are used"
            warnings.warn(message, UserWarning, stacklevel=6)
        return _named_providers(providers, devices)
    if wants_cuda:
        return {"require_providers": ["cuda"], "device_ids": devices or None}
    if device is Device.AUTO and _runtime.offers_cuda(runtime):
        return {"prefer_providers": ["cuda"], "device_ids": devices or None}
    return {}


def _named_providers(providers: Sequence[OnnxProvider], devices: list[int]) -> dict[str, Any]:
    names = []
    for provider in providers:
        name, settings = (provider, {}) if isinstance(provider, str) else provider
        if name not in PROVIDERS:
            raise ValueError(f"Provider {name} is not available. Available providers: {list(PROVIDERS)}")
        names.append(PROVIDERS[name])
        settings = dict(settings or {})
        device = settings.pop("device_id", None)
        if device is not None and not devices:
            devices = [int(device)]
        if settings:
            raise ValueError(f"options of {name} that cannot be set: {', '.join(sorted(settings))}")
    # The CPU alone is what there is anyway, and leaves it open how many sessions there are.
    if set(names) <= {"cpu"}:
        return {}
    return {"require_providers": names, "device_ids": devices or None}
