"""Every fixture of the Rust crates through Python: values of the reference, its types, at several batch sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import CRATES, Case, assert_near, cases

BATCH_SIZES = (1, 256)


def near_rows(actual: list[Any], expected: list[Any], what: object) -> None:
    assert len(actual) == len(expected), what
    for position, (ours, theirs) in enumerate(zip(actual, expected, strict=True)):
        assert_near(ours, theirs, (what, position))


@pytest.mark.parametrize("case", cases("dense"))
def test_dense(case: Case) -> None:
    golden, inputs = case.golden, case.golden["inputs"]
    # Of a dynamically quantised model the reference's vectors are those of each text alone.
    model = case.load(batch_invariant=True)
    # What a graph gives as 16-bit floats stays that.
    kind = np.float16 if case.folder.name.startswith("f16-") else np.float32
    for size in BATCH_SIZES:
        vectors = list(model.embed(inputs, batch_size=size))
        near_rows(vectors, golden["embed"], size)
        for vector in vectors:
            assert vector.dtype == kind and vector.shape == (golden["model"]["dim"],)
            assert vector.flags.c_contiguous and vector.flags.writeable
        near_rows(list(model.query_embed(inputs, batch_size=size)), golden.get("query_embed", golden["embed"]), size)
        near_rows(list(model.passage_embed(inputs, batch_size=size)), golden["embed"], size)
    for task, expected in golden.get("tasks", {}).items():
        near_rows(list(model.embed(inputs, task_id=golden["model"]["tasks"][task])), expected, task)
    (batch,) = model.embed_batches(inputs)
    assert batch.dtype == kind
    near_rows(list(batch), golden["embed"], "batches")
    assert [model.token_count(text) for text in inputs] == golden["token_count"]
    assert model.token_count(inputs) == sum(golden["token_count"])
    assert model.embedding_size == golden["model"]["dim"]


@pytest.mark.parametrize("case", cases("sparse"))
def test_sparse(case: Case) -> None:
    golden, inputs = case.golden, case.golden["inputs"]
    model = case.load()
    narrow = golden["model"]["architecture"] == "minicoil"
    for size in BATCH_SIZES:
        for method in ("embed", "query_embed"):
            vectors = list(getattr(model, method)(inputs, batch_size=size))
            for ours, theirs in zip(vectors, golden[method], strict=True):
                assert ours.indices.tolist() == theirs["indices"]
                assert_near(ours.values, theirs["values"], (method, size))
                assert ours.indices.dtype == (np.int32 if narrow else np.int64)
                assert ours.values.dtype == (np.float32 if narrow else np.float64)
    batch = next(model.embed_batches(inputs))
    assert [row.as_dict() for row in batch.rows()] == [row.as_dict() for row in model.embed(inputs)]
    assert model.token_count(inputs) == sum(golden["token_count"])


@pytest.mark.parametrize("case", cases("colbert"))
def test_late_interaction(case: Case) -> None:
    golden, inputs = case.golden, case.golden["inputs"]
    model = case.load()
    documents, queries = golden["embed"], golden.get("query_embed")
    for size in BATCH_SIZES:
        vectors = list(model.embed(inputs, batch_size=size))
        near_rows(vectors, documents, size)
        assert all(v.dtype == np.float32 and v.shape[1] == len(documents[0][0]) for v in vectors)
        if queries is not None:
            near_rows(list(model.query_embed(inputs, batch_size=size)), queries, size)
    near_rows(next(model.embed_batches(inputs)).rows(), documents, "batches")
    counts = golden["document_token_count"]
    assert model.token_count(inputs) == sum(counts)
    extended = golden.get("document_token_count_with_extension", counts)
    assert model.token_count(inputs, include_extension=True) == sum(extended)
    if "query_token_count" in golden:
        assert model.token_count(inputs, is_doc=False) == sum(golden["query_token_count"])
        expected = sum(golden["query_token_count_with_extension"])
        assert model.token_count(inputs, is_doc=False, include_extension=True) == expected


@pytest.mark.parametrize("case", cases("colpali"))
def test_pages(case: Case) -> None:
    golden, inputs = case.golden, case.golden["inputs"]
    model = case.load()

    def check(actual: Any, expected: dict[str, Any]) -> None:
        assert list(actual.shape) == expected["shape"] and actual.dtype == np.float32
        assert np.abs(actual[:, 0] - expected["first"]).max() <= 1e-5
        for row, values in expected["rows"].items():
            assert_near(actual[int(row)], values, row)

    pages = [CRATES / "colpali/tests/fixtures" / name for name in golden["images"]]
    for size in (1, 16):
        for actual, expected in zip(model.embed_text(inputs, batch_size=size), golden["embed_text"], strict=True):
            check(actual, expected)
        for actual, expected in zip(model.embed_image(pages, batch_size=size), golden["embed_image"], strict=True):
            check(actual, expected)
    assert model.token_count(inputs) == sum(golden["token_count"])
    assert model.token_count(inputs, include_extension=True) == sum(golden["token_count_with_extension"])


@pytest.mark.parametrize("case", cases("image"))
def test_images(case: Case) -> None:
    golden = case.golden
    model = case.load()
    images = [CRATES / "image/tests/fixtures" / name for name in golden["inputs"]]
    tolerance = 1e-3 if case.folder.name == "clip-f16" else 1e-5
    for size in BATCH_SIZES:
        vectors = list(model.embed(images, batch_size=size))
        for ours, theirs in zip(vectors, golden["embed"], strict=True):
            assert ours.dtype == (np.float16 if case.folder.name == "clip-f16" else np.float32)
            assert np.abs(ours - theirs).max() <= tolerance * np.linalg.norm(theirs)


@pytest.mark.parametrize("case", cases("rerank"))
def test_rerank(case: Case) -> None:
    golden = case.golden
    model = case.load()
    for query in golden["queries"]:
        if query.get("instruction"):
            continue
        for size in BATCH_SIZES:
            scores = list(model.rerank(query["query"], query["documents"], batch_size=size))
            assert all(type(score) is float for score in scores)
            assert np.abs(np.array(scores) - query["scores"]).max() <= 2e-5
        pairs = [(query["query"], document) for document in query["documents"]]
        assert np.abs(np.array(list(model.rerank_pairs(pairs))) - query["scores"]).max() <= 2e-5
        assert model.token_count(pairs) == sum(query["token_count"])
    if "pairs" in golden:
        scores = list(model.rerank_pairs([tuple(pair) for pair in golden["pairs"]]))
        assert np.abs(np.array(scores) - golden["pair_scores"]).max() <= 2e-5


@pytest.mark.parametrize("case", cases("hybrid"))
def test_hybrid(case: Case) -> None:
    golden, inputs = case.golden, case.golden["inputs"]
    model = case.load()
    for size in BATCH_SIZES:
        outputs = list(model.embed(inputs, batch_size=size))
        near_rows([output.dense for output in outputs], golden["dense"], size)
        near_rows([output.multi_vector for output in outputs], golden["colbert"], size)
        for output, expected in zip(outputs, golden["sparse"], strict=True):
            assert output.sparse.indices.tolist() == expected["indices"]
            assert_near(output.sparse.values, expected["values"])
    batch = next(model.embed_batches(inputs))
    near_rows(list(batch.dense), golden["dense"], "batches")
    assert len(batch.sparse.rows()) == len(batch.multi_vector.rows()) == len(inputs)
