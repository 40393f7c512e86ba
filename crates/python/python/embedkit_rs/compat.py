"""Programs that import ``fastembed`` take this package instead.

After :func:`install`, ``import fastembed`` and its modules give this package's, and ``importlib.metadata`` tells of a
distribution of that name, whether or not the real one is installed. It has to be called before the programs' imports.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, DistributionFinder
from pathlib import Path
from types import ModuleType
from typing import Any

#: The name that programs import, and the release whose interface this package has.
NAME = "fastembed"
VERSION = "0.9.1"
_OURS = "embedkit_rs"
#: Modules of this package that the reference has none of.
_OWN = ("arrow", "compat", "daft", "errors", "hybrid", "lancedb", "models", "multivector", "ray", "results", "spark")


def install() -> None:
    """Puts this package in the place of ``fastembed``, for what is imported from now on. Again, it does nothing."""
    if _finder() is None:
        _forget()
        sys.meta_path.insert(0, _Finder())
        importlib.invalidate_caches()


def uninstall() -> None:
    """Takes it back, for what is imported from now on."""
    finder = _finder()
    if finder is not None:
        sys.meta_path.remove(finder)
        _forget()
        importlib.invalidate_caches()


def _finder() -> _Finder | None:
    return next((finder for finder in sys.meta_path if isinstance(finder, _Finder)), None)


def _forget() -> None:
    for name in [name for name in sys.modules if name == NAME or name.startswith(f"{NAME}.")]:
        del sys.modules[name]


class _Finder(DistributionFinder, importlib.abc.MetaPathFinder):
    """Finds this package's modules and metadata under the other name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == NAME:
            return importlib.machinery.ModuleSpec(fullname, _Root(), is_package=True)
        # A module that is not found here is found by nobody else: the package has no folder to look in, so that an
        # installed reference, whose classes are others, is not reached.
        if not fullname.startswith(f"{NAME}."):
            return None
        rest = fullname[len(NAME) + 1 :]
        if rest.startswith("_") or rest.split(".")[0] in _OWN:
            return None
        try:
            module = importlib.import_module(f"{_OURS}.{rest}")
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith(_OURS):
                raise
            return None
        return importlib.machinery.ModuleSpec(fullname, _Same(module), is_package=hasattr(module, "__path__"))

    def find_distributions(
        self, context: DistributionFinder.Context = DistributionFinder.Context()  # noqa: B008
    ) -> Iterable[Distribution]:
        if context.name is None or context.name.lower() in (NAME, f"{NAME}-gpu") and _is_offered(context.name):
            yield _Distribution(context.name or NAME)


def _is_offered(name: str) -> bool:
    from embedkit_rs import _runtime

    return name.lower() == NAME or _runtime.offers_cuda(None)


class _Root(importlib.abc.Loader):
    """The package itself: a module of its own, as its version is another."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        ours = importlib.import_module(_OURS)
        for name in getattr(ours, "__all__", ()):
            setattr(module, name, getattr(ours, name))
        shared: dict[str, Any] = {
            "__doc__": ours.__doc__,
            "__version__": VERSION,
            "__file__": ours.__file__,
            "__path__": [],
            "__all__": list(ours.__all__),
            "__getattr__": lambda name: getattr(ours, name),
        }
        module.__dict__.update(shared)


class _Same(importlib.abc.Loader):
    """A module of this package, the same object under both names."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        # The import has set the alias's spec on it.
        module.__spec__ = self._spec


class _Distribution(Distribution):
    """What is told of the distribution."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read_text(self, filename: str) -> str | None:
        if filename == "METADATA":
            return f"Metadata-Version: 2.1\nName: {self._name}\nVersion: {VERSION}\nProvided-By: embedkit\n"
        return None

    def locate_file(self, path: Any) -> Path:
        return Path(__file__).parent.joinpath(path)


__all__ = ["install", "uninstall"]
