"""Every public callable has the reference's signature: the table is the contract, and the reference checks it."""

from __future__ import annotations

import importlib
import inspect
import typing
from typing import Any

import pytest

AUTO = "<Device.AUTO: 'auto'>"
CONSTRUCTOR = (
    f"model_name{{}}, cache_dir=None, threads=None, providers=None, cuda={AUTO}, device_ids=None, lazy_load=False, **kwargs"
)
NAMED = CONSTRUCTOR.format("")
DEFAULT = CONSTRUCTOR.format("='BAAI/bge-small-en-v1.5'")
EMBED = "self, documents, batch_size=256, parallel=None, **kwargs"
QUERY, PASSAGE = "self, query, **kwargs", "self, texts, **kwargs"
COUNT = "self, texts, batch_size=1024, **kwargs"
CUSTOM = "description='', license='', size_in_gb=0.0, additional_files=None"

#: Module, class, method (none: the constructor), signature.
TABLE: list[tuple[str, str, str | None, str]] = [
    ("text", "TextEmbedding", None, DEFAULT),
    ("text", "TextEmbedding", "embed", EMBED),
    ("text", "TextEmbedding", "query_embed", QUERY),
    ("text", "TextEmbedding", "passage_embed", PASSAGE),
    ("text", "TextEmbedding", "token_count", COUNT),
    ("text", "TextEmbedding", "get_embedding_size", "model_name"),
    ("text", "TextEmbedding", "list_supported_models", ""),
    (
        "text",
        "TextEmbedding",
        "add_custom_model",
        f"model, pooling, normalization, sources, dim, model_file='onnx/model.onnx', {CUSTOM}, output_name=None",
    ),
    ("sparse", "SparseTextEmbedding", None, NAMED),
    ("sparse", "SparseTextEmbedding", "embed", EMBED),
    ("sparse", "SparseTextEmbedding", "query_embed", QUERY),
    ("sparse", "SparseTextEmbedding", "passage_embed", PASSAGE),
    ("sparse", "SparseTextEmbedding", "token_count", COUNT),
    ("sparse", "SparseTextEmbedding", "list_supported_models", ""),
    ("sparse", "SparseTextEmbedding", "add_custom_model", "*args, **kwargs"),
    ("sparse", "SparseEmbedding", None, "values, indices"),
    ("sparse", "SparseEmbedding", "as_object", "self"),
    ("sparse", "SparseEmbedding", "as_dict", "self"),
    ("sparse", "SparseEmbedding", "from_dict", "data"),
    ("late_interaction", "LateInteractionTextEmbedding", None, NAMED),
    ("late_interaction", "LateInteractionTextEmbedding", "embed", EMBED),
    ("late_interaction", "LateInteractionTextEmbedding", "query_embed", QUERY),
    ("late_interaction", "LateInteractionTextEmbedding", "passage_embed", PASSAGE),
    (
        "late_interaction",
        "LateInteractionTextEmbedding",
        "token_count",
        "self, texts, batch_size=1024, is_doc=True, include_extension=False, **kwargs",
    ),
    ("late_interaction", "LateInteractionTextEmbedding", "get_embedding_size", "model_name"),
    ("late_interaction", "LateInteractionTextEmbedding", "list_supported_models", ""),
    ("late_interaction_multimodal", "LateInteractionMultimodalEmbedding", None, NAMED),
    ("late_interaction_multimodal", "LateInteractionMultimodalEmbedding", "embed_text", EMBED),
    (
        "late_interaction_multimodal",
        "LateInteractionMultimodalEmbedding",
        "embed_image",
        "self, images, batch_size=2, parallel=None, **kwargs",
    ),
    (
        "late_interaction_multimodal",
        "LateInteractionMultimodalEmbedding",
        "token_count",
        "self, texts, batch_size=1024, include_extension=False, **kwargs",
    ),
    ("late_interaction_multimodal", "LateInteractionMultimodalEmbedding", "get_embedding_size", "model_name"),
    ("late_interaction_multimodal", "LateInteractionMultimodalEmbedding", "list_supported_models", ""),
    ("image", "ImageEmbedding", None, NAMED),
    ("image", "ImageEmbedding", "embed", "self, images, batch_size=16, parallel=None, **kwargs"),
    ("image", "ImageEmbedding", "get_embedding_size", "model_name"),
    ("image", "ImageEmbedding", "list_supported_models", ""),
    ("rerank.cross_encoder", "TextCrossEncoder", None, NAMED),
    ("rerank.cross_encoder", "TextCrossEncoder", "rerank", "self, query, documents, batch_size=64, **kwargs"),
    ("rerank.cross_encoder", "TextCrossEncoder", "rerank_pairs", "self, pairs, batch_size=64, parallel=None, **kwargs"),
    ("rerank.cross_encoder", "TextCrossEncoder", "token_count", "self, pairs, batch_size=1024, **kwargs"),
    ("rerank.cross_encoder", "TextCrossEncoder", "list_supported_models", ""),
    (
        "rerank.cross_encoder",
        "TextCrossEncoder",
        "add_custom_model",
        f"model, sources, model_file='onnx/model.onnx', {CUSTOM}",
    ),
    ("postprocess", "Muvera", None, "dim, k_sim=5, dim_proj=16, r_reps=20, random_seed=42"),
    ("postprocess", "Muvera", "from_multivector_model", "model, k_sim=5, dim_proj=16, r_reps=20, random_seed=42"),
    ("postprocess", "Muvera", "process", "self, vectors, fill_empty_clusters=True, normalize_by_count=True"),
    ("postprocess", "Muvera", "process_document", "self, vectors"),
    ("postprocess", "Muvera", "process_query", "self, vectors"),
    (
        "sparse.bm25",
        "Bm25",
        None,
        "model_name, cache_dir=None, k=1.2, b=0.75, avg_len=256.0, language='english', token_max_length=40, "
        "disable_stemmer=False, specific_model_path=None, stemmer=None, stopwords=None, **kwargs",
    ),
    ("sparse.bm25", "Bm25", "embed", EMBED),
    ("sparse.bm25", "Bm25", "query_embed", QUERY),
    ("sparse.bm25", "Bm25", "raw_embed", "self, documents"),
    ("sparse.bm25", "Bm25", "token_count", "self, texts, **kwargs"),
    ("common.model_description", "ModelSource", None, "hf=None, url=None, _deprecated_tar_struct=False"),
    ("common.utils", "normalize", None, "input_array, p=2, dim=1, eps=1e-12"),
    ("common.utils", "mean_pooling", None, "input_array, attention_mask"),
    ("common.utils", "last_token_pooling", None, "input_array, attention_mask"),
    ("common.utils", "define_cache_dir", None, "cache_dir=None"),
    ("text.multitask_embedding", "JinaEmbeddingV3", None, "*args, task_id=None, **kwargs"),
    (
        "text.multitask_embedding",
        "JinaEmbeddingV3",
        "embed",
        "self, documents, batch_size=256, parallel=None, task_id=None, **kwargs",
    ),
]


DESCRIBED = [
    ("text", "TextEmbedding"),
    ("sparse", "SparseTextEmbedding"),
    ("late_interaction", "LateInteractionTextEmbedding"),
    ("late_interaction_multimodal", "LateInteractionMultimodalEmbedding"),
    ("image", "ImageEmbedding"),
    ("rerank.cross_encoder", "TextCrossEncoder"),
]
TABLE += [(module, name, "_get_model_description", "model_name") for module, name in DESCRIBED]


def written(package: str, module: str, name: str, method: str | None) -> str:
    """A signature without its annotations."""
    found: Any = getattr(importlib.import_module(f"{package}.{module}"), name)
    signature = inspect.signature(getattr(found, method) if method else found)
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    return ", ".join(str(parameter) for parameter in bare)


@pytest.mark.parametrize(("module", "name", "method", "expected"), TABLE)
def test_ours(module: str, name: str, method: str | None, expected: str) -> None:
    assert written("embedkit_rs", module, name, method) == expected


@pytest.mark.parametrize(("module", "name", "method", "expected"), TABLE)
def test_the_references(module: str, name: str, method: str | None, expected: str) -> None:
    pytest.importorskip("fastembed", reason="the reference is not installed here")
    assert written("fastembed", module, name, method) == expected


MODULES = {
    "": "TextEmbedding SparseTextEmbedding SparseEmbedding ImageEmbedding LateInteractionTextEmbedding "
    "LateInteractionMultimodalEmbedding __version__",
    "common": "OnnxProvider ImageInput PathInput",
    "common.types": "OnnxProvider ImageInput PathInput Device NumpyArray",
    "common.model_description": "ModelSource BaseModelDescription DenseModelDescription SparseModelDescription PoolingType",
    "common.utils": "normalize mean_pooling last_token_pooling define_cache_dir",
    "text": "TextEmbedding",
    "text.text_embedding": "TextEmbedding",
    "text.text_embedding_base": "TextEmbeddingBase",
    "sparse": "SparseTextEmbedding SparseEmbedding",
    "sparse.sparse_text_embedding": "SparseTextEmbedding",
    "sparse.sparse_embedding_base": "SparseEmbedding SparseTextEmbeddingBase",
    "sparse.bm25": "Bm25 supported_languages",
    "late_interaction": "LateInteractionTextEmbedding",
    "late_interaction.late_interaction_text_embedding": "LateInteractionTextEmbedding",
    "late_interaction_multimodal": "LateInteractionMultimodalEmbedding",
    "image": "ImageEmbedding",
    "image.image_embedding": "ImageEmbedding",
    "image.image_embedding_base": "ImageEmbeddingBase",
    "late_interaction.late_interaction_embedding_base": "LateInteractionTextEmbeddingBase",
    "late_interaction_multimodal.late_interaction_multimodal_embedding_base": "LateInteractionMultimodalEmbeddingBase",
    "rerank.cross_encoder": "TextCrossEncoder",
    "postprocess": "Muvera",
    "text.multitask_embedding": "Task JinaEmbeddingV3",
    "embedding": "DefaultEmbedding FlagEmbedding JinaEmbedding",
}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_modules_have_the_references_names(module: str) -> None:
    for package in ("embedkit_rs", "fastembed"):
        if package == "fastembed":
            pytest.importorskip("fastembed", reason="the reference is not installed here")
        found = importlib.import_module(f"{package}.{module}".rstrip("."))
        missing = [name for name in MODULES[module].split() if not hasattr(found, name)]
        assert not missing, package


def test_every_annotation_names_what_there_is() -> None:
    for module in ["embedkit_rs", *(f"embedkit_rs.{name}" for name in MODULES if name)]:
        for found in list(vars(importlib.import_module(module)).values()):
            if not getattr(found, "__module__", "").startswith("embedkit_rs") or not callable(found):
                continue
            members = [member for _, member in inspect.getmembers(found, inspect.isfunction)]
            for member in [found, *members] if inspect.isclass(found) else [found]:
                typing.get_type_hints(member)
