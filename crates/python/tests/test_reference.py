"""Against the reference itself, where it is installed: lists of models, numerics, BM25, MUVERA."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import CLASSES, case

import embedkit_rs
from embedkit_rs.common import utils
from embedkit_rs.postprocess import Muvera

reference = pytest.importorskip("fastembed", reason="the reference is not installed here")


def theirs(family: str) -> Any:
    from fastembed.rerank.cross_encoder import TextCrossEncoder

    names = {
        "dense": "TextEmbedding",
        "sparse": "SparseTextEmbedding",
        "colbert": "LateInteractionTextEmbedding",
        "colpali": "LateInteractionMultimodalEmbedding",
        "image": "ImageEmbedding",
    }
    return TextCrossEncoder if family == "rerank" else getattr(reference, names[family])


@pytest.mark.parametrize("family", ["dense", "sparse", "colbert", "colpali", "image", "rerank"])
def test_every_model_of_the_reference_is_listed_in_its_order(family: str) -> None:
    listed = CLASSES[family].list_supported_models()
    ours = {row["model"].lower(): row for row in listed}
    expected = theirs(family).list_supported_models()
    for row in expected:
        mine = ours[row["model"].lower()]
        assert set(mine) >= set(row)
        if row["model"] != "Qdrant/bm25":  # its stop words are compiled in
            assert mine["sources"]["hf"] == row["sources"]["hf"]
        for key in ("dim", "requires_idf", "license"):
            assert mine.get(key) == row.get(key), row["model"]
        assert mine["sources"]["_deprecated_tar_struct"] == row["sources"]["_deprecated_tar_struct"]
    order = [row["model"].lower() for row in listed]
    assert order[: len(expected)] == [row["model"].lower() for row in expected]
    assert len(set(order)) == len(order)
    if hasattr(theirs(family), "get_embedding_size"):
        for row in expected[:3]:
            assert CLASSES[family].get_embedding_size(row["model"].upper()) == row["dim"]


@pytest.mark.parametrize("family", ["dense", "sparse", "colbert", "colpali", "image", "rerank"])
def test_every_model_of_the_reference_is_described(family: str) -> None:
    for row in theirs(family).list_supported_models():
        expected = theirs(family)._get_model_description(row["model"].upper())
        found = CLASSES[family]._get_model_description(row["model"].upper())
        assert type(found).__name__ == type(expected).__name__
        assert (found.model, found.license) == (expected.model, expected.license)
        for name in ("dim", "tasks", "requires_idf", "vocab_size"):
            assert getattr(found, name, None) == getattr(expected, name, None), (row["model"], name)
    for described in (theirs(family), CLASSES[family]):
        with pytest.raises(ValueError, match="^Model no/such is not supported in "):
            described._get_model_description("no/such")


def test_the_languages_are_the_references() -> None:
    from fastembed.sparse.bm25 import supported_languages as expected

    from embedkit_rs.sparse.bm25 import supported_languages

    assert supported_languages == expected
    for language in supported_languages:
        next(embedkit_rs.SparseTextEmbedding("Qdrant/bm25", language=language).embed("a"))


def test_the_names_that_are_taken_are_the_references() -> None:
    from embedkit_rs._reference_models import DENSE, RERANK, SPARSE

    assert list(DENSE) == [row["model"] for row in theirs("dense").list_supported_models()]
    assert list(SPARSE) == [row["model"] for row in theirs("sparse").list_supported_models()]
    assert list(RERANK) == [row["model"] for row in theirs("rerank").list_supported_models()]
    # One that only this package's catalogue has gives way to the caller's.
    from embedkit_rs.common.model_description import ModelSource, PoolingType

    own = next(row for row in embedkit_rs.TextEmbedding.list_supported_models() if row["model"] not in DENSE)["model"]
    arguments = (own, PoolingType.MEAN, True, ModelSource(hf="tiny/own"), 7)
    embedkit_rs.TextEmbedding.add_custom_model(*arguments)
    assert embedkit_rs.TextEmbedding.get_embedding_size(own) == 7
    with pytest.raises(ValueError, match="already registered"):
        embedkit_rs.TextEmbedding.add_custom_model(*arguments)
    embedkit_rs.remove_model("dense", own)


def test_helpers_are_the_references() -> None:
    from fastembed.common import utils as theirs

    random = np.random.default_rng(1)
    for kind in (np.float16, np.float32, np.float64):
        rows = random.normal(size=(4, 8)).astype(kind)
        ours = utils.normalize(rows)
        assert ours.dtype == kind and np.allclose(ours, theirs.normalize(rows), atol=1e-3 if kind == np.float16 else 1e-7)
    tokens = random.normal(size=(4, 6, 8)).astype(np.float32)
    mask = np.array([[1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1], [0, 0, 1, 1, 1, 1], [1, 0, 0, 0, 0, 0]])
    assert np.allclose(utils.mean_pooling(tokens, mask), theirs.mean_pooling(tokens, mask))
    assert np.array_equal(utils.last_token_pooling(tokens, mask), theirs.last_token_pooling(tokens, mask))


def test_muvera_is_the_references() -> None:
    from fastembed.postprocess import Muvera as Theirs

    vectors = np.random.default_rng(3).normal(size=(20, 32)).astype(np.float32)
    ours, other = Muvera(32, k_sim=4, r_reps=5, random_seed=7), Theirs(32, k_sim=4, r_reps=5, random_seed=7)
    assert ours.embedding_size == other.embedding_size
    assert np.allclose(ours.process_document(vectors), other.process_document(vectors), atol=1e-9)
    assert np.allclose(ours.process_query(vectors), other.process_query(vectors), atol=1e-9)
    for fill, count in [(True, False), (False, True)]:
        assert np.allclose(ours.process(vectors, fill, count), other.process(vectors, fill, count), atol=1e-9)


@pytest.mark.parametrize("folder, pooling", [("transformer-cls", "CLS"), ("f16-cls", "CLS"), ("f16-mean-normalized", "MEAN")])
def test_a_small_model_gives_the_references_numbers(folder: str, pooling: str) -> None:
    """Through both packages, in one process, from the same folder."""
    small = case("dense", folder)
    from fastembed.common.model_description import ModelSource, PoolingType

    name = f"tiny/for-both-{folder}"
    arguments: dict[str, Any] = {
        "pooling": PoolingType[pooling],
        "normalization": True,
        "sources": ModelSource(hf=name),
        "dim": 16,
        "model_file": "model.onnx",
    }
    reference.TextEmbedding.add_custom_model(name, **arguments)
    ours = embedkit_rs.common.model_description
    arguments |= {"pooling": ours.PoolingType[pooling], "sources": ours.ModelSource(hf=name)}
    embedkit_rs.TextEmbedding.add_custom_model(name, **arguments)
    texts = small.golden["inputs"]
    options = {"specific_model_path": str(small.folder)}
    expected = list(reference.TextEmbedding(name, **options).embed(texts, batch_size=1))
    found = list(embedkit_rs.TextEmbedding(name, **options).embed(texts, batch_size=1))
    precision = 1e-3 if expected[0].dtype == np.float16 else 1e-6
    assert np.abs(np.array(found, dtype=np.float64) - np.array(expected, dtype=np.float64)).max() < precision
    assert {row.dtype for row in found} == {row.dtype for row in expected}
    with pytest.raises(ValueError, match="is already registered"):
        embedkit_rs.TextEmbedding.add_custom_model(name, **arguments)
    embedkit_rs.remove_model("dense", name)
