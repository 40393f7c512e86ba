"""What constructors and methods are given, in the terms of the compiled half."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from embedkit_rs import _runtime
from embedkit_rs.common.types import Device, OnnxProvider
from embedkit_rs.errors import InvalidOptionError

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
    folders = [
        None if folder is None else os.fspath(folder)
        for folder in (rest.pop("specific_model_path", None), options.get("model_dir"))
    ]
    options["model_dir"] = _once("specific_model_path", folders[0], "model_dir", folders[1])
    if options["cache_dir"] is None and options.get("model_dir") is None:
        options["reference_cache"] = _reference_cache()
    parameters = {name.replace("-", "_"): value for name, value in (rest.pop("parameters", None) or {}).items()}
    if family == "sparse":
        for name in _SPARSE:
            value = _once(name, rest.pop(name, None), f"parameters[{name!r}]", parameters.get(name))
            if value is not None:
                parameters[name] = value
    if parameters:
        options["parameters"] = parameters
    unknown("keywords of the constructor", rest)
    return {name: value for name, value in options.items() if value is not None}


def kept(value: Any) -> Any:
    """What a caller gives, as a copy of the model is to have it: an iterator is spent by its first reader, and a list may
    change."""
    if isinstance(value, Mapping):
        return {name: kept(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return tuple(kept(item) for item in value)
    if isinstance(value, (list, set)):
        return value.copy()
    return list(value) if isinstance(value, Iterator) else value


def as_given(unused: Iterable[str], arguments: Sequence[Any]) -> list[str]:
    """Options that the compiled half loaded the model without, as callers write them."""
    names = {
        "require_providers": "cuda" if arguments[2] is None else "providers",
        "memory_map": "mmap",
        "max_length": "max_length",
        "sessions": "sessions",
    }
    # Devices are of sessions, and may be said in several ways.
    return [names[name] for name in unused if name in names]


def of_sessions(arguments: Sequence[Any], keywords: Mapping[str, Any]) -> list[str]:
    """The options that are given and that a model without a graph, which has no sessions, cannot obey."""
    given = {"device_ids": arguments[4] or None, **keywords}
    return [name for name in ("device_ids", "device_id", "enable_cpu_mem_arena", "runtime") if given.get(name) is not None]


def _once(name: str, value: Any, other: str, other_value: Any) -> Any:
    """An option that two keywords have, of which one is given, or both the same."""
    if value is None or other_value is None or value == other_value:
        return other_value if value is None else value
    raise InvalidOptionError(f"`{name}` and `{other}` are both given, and differ: {value!r} and {other_value!r}; give one")


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
    alone = None if device_id is None else [device_id]
    devices = _once("device_id", alone, "device_ids", list(device_ids or []) or None) or []
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
    if device is not Device.AUTO:
        _tell_of_devices(devices)
    return {}


def _tell_of_devices(devices: list[int]) -> None:
    unknown("keywords of the constructor, as the CPU is asked for,", ["device_ids"] if devices else [])


def _named_providers(providers: Sequence[OnnxProvider], devices: list[int]) -> dict[str, Any]:
    names = []
    for provider in providers:
        name, settings = (provider, {}) if isinstance(provider, str) else provider
        if name not in PROVIDERS:
            raise ValueError(f"Provider {name} is not available. Available providers: {list(PROVIDERS)}")
        names.append(PROVIDERS[name])
        settings = dict(settings or {})
        device = settings.pop("device_id", None)
        if device is not None:
            devices = _once(f"device_id of {name}", [int(device)], "device_ids", devices or None)
        if settings:
            raise ValueError(f"options of {name} that cannot be set: {', '.join(sorted(settings))}")
    # The CPU runs everything, so that none after it is used; and what the one before it cannot run, so that it takes no
    # part in which of these has to start.
    used = names[: names.index("cpu")] if "cpu" in names else names
    unknown("providers after the CPU", names[len(used) + 1 :])
    if not used:
        # The CPU alone is what there is anyway, and leaves it open how many sessions there are.
        _tell_of_devices(devices)
        return {}
    return {"require_providers": used, "device_ids": devices or None}
