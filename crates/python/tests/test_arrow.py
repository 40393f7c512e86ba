"""Columns of Arrow's in and out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import CRATES, case

import embedkit_rs

pa = pytest.importorskip("pyarrow")


def test_dense(static: Any) -> None:
    texts = ["a cat", "a dog", "a much longer text about nothing at all"] * 100
    expected = np.stack(list(static.embed(texts)))
    columns = [
        pa.array(texts),
        pa.array(texts, pa.large_string()),
        pa.array(texts, pa.string_view()),
        pa.array(texts).dictionary_encode(),
        pa.chunked_array([texts[:7], texts[7:]]),
    ]
    for column in columns:
        found = static.embed_arrow(column)
        assert found.type == pa.list_(pa.float32(), 256), column.type
        assert np.array_equal(found.flatten().to_numpy().reshape(-1, 256), expected)
    assert len(static.embed_arrow(pa.array([], pa.string()))) == 0
    sliced = static.embed_arrow(pa.array(["x", *texts]).slice(1))
    assert np.array_equal(sliced.flatten().to_numpy().reshape(-1, 256), expected)


def test_nulls(static: Any) -> None:
    found = static.embed_arrow(pa.array(["a cat", None, "a dog"]))
    assert found.is_null().to_pylist() == [False, True, False]
    assert np.array_equal(found[2].as_py(), next(static.embed("a dog")))
    assert static.embed_arrow(pa.nulls(3, pa.string())).null_count == 3
    for wrong in (pa.array([1, 2]), pa.array([b"a"]), ["a"]):
        with pytest.raises(TypeError):
            static.embed_arrow(wrong)


def test_sparse_multi_and_scores() -> None:
    sparse = embedkit_rs.SparseTextEmbedding("Qdrant/bm25")
    found = sparse.embed_arrow(pa.array(["hello world", None, ""]))
    assert found.type == pa.struct([("indices", pa.list_(pa.uint32())), ("values", pa.list_(pa.float32()))])
    assert found[0].as_py()["indices"] == next(sparse.embed("hello world")).indices.tolist()
    assert found[1].as_py() is None and found[2].as_py() == {"indices": [], "values": []}

    multi = case("colbert", "colbert").load()
    found = multi.embed_arrow(pa.array(["hello world", None, "a"]))
    assert found.type == pa.list_(pa.list_(pa.float32(), 8))
    assert np.allclose(found[0].as_py(), next(multi.embed("hello world")), atol=1e-6)
    assert found[1].as_py() is None and len(found[2]) == len(next(multi.embed("a")))

    reranker = case("rerank", "cross-encoder-plain").load()
    found = reranker.score_arrow(pa.array(["q", "q", None]), pa.array(["hello", "world", "x"]))
    assert np.allclose(found.to_pylist()[:2], list(reranker.rerank("q", ["hello", "world"])), atol=1e-6)
    assert found[2].as_py() is None

    hybrid = case("hybrid", "bge-m3").load()
    found = hybrid.embed_arrow(pa.array(["hello world", None]))
    assert [field.name for field in found.type] == ["dense", "sparse", "multi_vector"]
    assert np.allclose(found[0].as_py()["dense"], next(hybrid.embed("hello world")).dense, atol=1e-6)


def test_images_that_fail_are_nulls_and_told() -> None:
    model = case("image", "clip").load()
    path = CRATES / "image/tests/fixtures/formats/rgb.png"
    column = pa.array([path.read_bytes(), b"no image", None])
    with pytest.raises(embedkit_rs.InvalidInputError) as raised:
        model.embed_arrow(column)
    assert raised.value.index == 1
    found, failures = model.embed_arrow(column, on_error="null")
    assert found.is_null().to_pylist() == [False, True, True]
    assert [position for position, _ in failures] == [1]
    by_path = model.embed_arrow(pa.array([str(path)]))
    assert by_path[0].as_py() == found[0].as_py()
    pages = case("colpali", "colpali").load()
    page = str(CRATES / "colpali/tests/fixtures" / case("colpali", "colpali").golden["images"][0])
    assert len(pages.embed_arrow(pa.array([page]), images=True)[0]) > 1000


def test_what_is_asked_for_is_obeyed_or_refused(static: Any) -> None:
    sparse = embedkit_rs.SparseTextEmbedding("Qdrant/bm25")
    found = sparse.embed_arrow(pa.array(["hello world"]), role="query")
    assert found[0].as_py()["values"] == [1.0, 1.0]
    with pytest.raises(ValueError, match="role"):
        static.embed_arrow(pa.array(["a"]), role="no-such-role")
    with pytest.raises(ValueError, match="on_error"):
        static.embed_arrow(pa.array(["a"]), on_error="ignore")
    with pytest.raises(ValueError, match="no encoding is called"):
        static.embed_arrow(pa.array(["a"]), encoding="int4")
    with pytest.raises(ValueError, match="only dense vectors are encoded as int8"):
        sparse.embed_arrow(pa.array(["a"]), encoding="int8")
