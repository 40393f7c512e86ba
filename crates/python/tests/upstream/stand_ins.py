"""Names of private classes that the reference's tests import, as far as they use them."""

from __future__ import annotations

import importlib
import sys
import types
from dataclasses import dataclass
from typing import Any

from embedkit_rs import TextCrossEncoder, TextEmbedding, remove_model
from embedkit_rs.common.model_description import BaseModelDescription, DenseModelDescription, PoolingType


class Registered(list):
    """Descriptions of models that were added; emptied, it takes them out again."""

    def __init__(self, family: str) -> None:
        super().__init__()
        self.family = family

    def clear(self) -> None:
        for description in self:
            remove_model(self.family, description.model)
        super().clear()


class Custom(type):
    """A class with the attribute `SUPPORTED_MODELS`; setting it empties it."""

    family: str

    @property
    def SUPPORTED_MODELS(cls) -> Registered:
        return cls._registered

    @SUPPORTED_MODELS.setter
    def SUPPORTED_MODELS(cls, value: list[Any]) -> None:
        cls._registered.clear()


@dataclass(frozen=True)
class PostprocessingConfig:
    pooling: PoolingType
    normalization: bool


class CustomTextEmbedding(TextEmbedding, metaclass=Custom):
    _registered = Registered("dense")
    POSTPROCESSING_MAPPING: dict[str, PostprocessingConfig] = {}


class CustomTextCrossEncoder(TextCrossEncoder, metaclass=Custom):
    _registered = Registered("rerank")


@dataclass
class OnnxOutputContext:
    model_output: Any
    attention_mask: Any = None
    input_ids: Any = None


class OnnxTextEmbedding(TextEmbedding):
    pass


class LastTokenNormalizedEmbedding(OnnxTextEmbedding):
    pass


def install() -> None:
    """Puts the modules that have them where the alias looks, and notes what is added."""
    for module, names in {
        "text.custom_text_embedding": [CustomTextEmbedding, PostprocessingConfig],
        "rerank.cross_encoder.custom_text_cross_encoder": [CustomTextCrossEncoder],
        "common.onnx_model": [OnnxOutputContext],
        "text.onnx_embedding": [OnnxTextEmbedding],
        "text.last_token_normalized_embedding": [LastTokenNormalizedEmbedding],
    }.items():
        made = types.ModuleType(f"embedkit_rs.{module}")
        made.__dict__.update({kind.__name__: kind for kind in names})
        made.__spec__ = importlib.machinery.ModuleSpec(made.__name__, None)
        sys.modules[made.__name__] = made
    note_texts(TextEmbedding.add_custom_model)
    note_rerankers(TextCrossEncoder.add_custom_model)


def note_texts(add: Any) -> None:
    def added(cls: type, model: str, pooling: PoolingType, normalization: bool, sources: Any, dim: int, **rest: Any) -> None:
        add(model, pooling, normalization, sources, dim, **rest)
        described = DenseModelDescription(**described_by(model, sources, rest), dim=dim)
        CustomTextEmbedding._registered.append(described)
        CustomTextEmbedding.POSTPROCESSING_MAPPING[model] = PostprocessingConfig(pooling, normalization)

    TextEmbedding.add_custom_model = classmethod(added)


def note_rerankers(add: Any) -> None:
    def added(cls: type, model: str, sources: Any, **rest: Any) -> None:
        add(model, sources, **rest)
        CustomTextCrossEncoder._registered.append(BaseModelDescription(**described_by(model, sources, rest)))

    TextCrossEncoder.add_custom_model = classmethod(added)


def described_by(model: str, sources: Any, rest: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": model,
        "sources": sources,
        "model_file": rest.get("model_file", "onnx/model.onnx"),
        "description": rest.get("description", ""),
        "license": rest.get("license", ""),
        "size_in_GB": rest.get("size_in_gb", 0.0),
        "additional_files": rest.get("additional_files") or [],
    }
