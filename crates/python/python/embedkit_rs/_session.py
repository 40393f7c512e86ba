"""What can be told of a loaded model, by the names that programs look for it under."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from embedkit_rs._options import PROVIDERS


class ModelView:
    """A loaded model. It has the attribute ``model`` once a session runs its graph."""

    def __init__(self, embedder: Any, model: Any) -> None:
        self._embedder = embedder
        self._model = model

    @property
    def model_name(self) -> str:
        """The name that it was asked for by."""
        return str(self._embedder.model_name)

    @property
    def model_description(self) -> Any:
        """What is said of it."""
        return self._embedder.model_description

    @property
    def _model_dir(self) -> Path:
        """The folder of the model's files; of models that are compiled in, one that is not there."""
        return folder_of(self._model)

    def __getattr__(self, name: str) -> Any:
        if name == "model" and self._model.is_open:
            return SessionView(self._model)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def folder_of(model: Any) -> Path:
    """The folder of a model's files; of models that are compiled in, one that is not there, so that whoever removes
    what was downloaded removes nothing else."""
    folder = model.folder
    return Path(folder) if folder is not None else Path(__file__).with_name("compiled-in")


class SessionView:
    """The sessions of a model, as one of ONNX Runtime's tells of itself."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def get_session_options(self) -> SessionOptions:
        """How the graph is run."""
        return SessionOptions(self._model.arena is not False)

    def get_providers(self) -> list[str]:
        """What runs the graph, and what runs the parts of it that it cannot."""
        name = self._provider()
        return [name] if name == "CPUExecutionProvider" else [name, "CPUExecutionProvider"]

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        """The device of the provider."""
        devices = self._model.device_ids
        options: dict[str, dict[str, str]] = {name: {} for name in self.get_providers()}
        if self._provider() != "CPUExecutionProvider":
            options[self._provider()] = {"device_id": str(devices[0] if devices else 0)}
        return options

    def _provider(self) -> str:
        ours = self._model.provider()
        return next((name for name, known in PROVIDERS.items() if known == ours), "CPUExecutionProvider")


class SessionOptions:
    """How a graph is run."""

    def __init__(self, enable_cpu_mem_arena: bool) -> None:
        self.enable_cpu_mem_arena = enable_cpu_mem_arena
