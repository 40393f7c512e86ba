"""Descriptions of models, as the reference has them. Rows of the catalogue say more: :func:`embedkit_rs.add_model`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class ModelSource:
    """Where a model's files are: a repository of the hub, or the address of an archive."""

    hf: str | None = None
    url: str | None = None
    _deprecated_tar_struct: bool = False

    def __post_init__(self) -> None:
        if self.hf is None and self.url is None:
            raise ValueError("name a source: a repository (`hf`) or the address of an archive (`url`)")


class AtHand(ModelSource):
    """That of a model whose files are compiled in, or in a folder: nothing is fetched."""

    def __post_init__(self) -> None:
        pass


@dataclass(frozen=True)
class BaseModelDescription:
    """What is said of every model."""

    model: str
    sources: ModelSource
    model_file: str
    description: str
    license: str
    size_in_GB: float
    additional_files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class DenseModelDescription(BaseModelDescription):
    """What is said of models with vectors of one width."""

    dim: int | None = None
    tasks: dict[str, Any] | None = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.dim is not None, "dim is required for dense model description"


@dataclass(frozen=True)
class SparseModelDescription(BaseModelDescription):
    """What is said of models with sparse vectors."""

    requires_idf: bool | None = None
    vocab_size: int | None = None


class PoolingType(str, Enum):
    """How vectors of tokens become one."""

    CLS = "CLS"
    MEAN = "MEAN"
    LAST_TOKEN = "LAST_TOKEN"
    DISABLED = "DISABLED"


__all__ = [
    "BaseModelDescription",
    "DenseModelDescription",
    "ModelSource",
    "PoolingType",
    "SparseModelDescription",
]
