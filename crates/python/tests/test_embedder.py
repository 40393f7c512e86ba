"""The engine-neutral embedder over Arrow batches."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import BUILT_IN, CRATES, case, register

import embedkit_rs

pa = pytest.importorskip("pyarrow")
from embedkit_rs import arrow  # noqa: E402
from embedkit_rs.arrow import Embedder, ModelSpec, digest  # noqa: E402


def fixture_model(crate: str, name: str) -> str:
    """A fixture that is found by its name alone."""
    found = case(crate, name)
    name = f"{found.row['id']}-here"
    register({**found.row, "id": name, "sources": [{"folder": str(found.folder)}]})
    return name


def test_what_cannot_be_meant_is_refused(static: Any) -> None:
    for options, message in [
        ({"column": ("text", "title")}, "one column"),
        ({"family": "rerank", "column": "text"}, "a pair of columns"),
        ({"role": "document"}, "role must be"),
        ({"batch_rows": 0}, "batch_rows must be >= 1"),
        ({"max_errors": -1}, "max_errors must be >= 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            Embedder(BUILT_IN, **options)
    # A second column of a name is no use to anyone, and some readers take the first.
    table = Embedder(BUILT_IN)(pa.table({"text": ["a cat"]}))
    with pytest.raises(ValueError, match="a column 'embedding' already"):
        Embedder(BUILT_IN)(table)
    with pytest.raises(ValueError, match="a column 'error' already"):
        Embedder(BUILT_IN, output="other")(table)
    twice = Embedder(BUILT_IN, output="other", error_column="why")(table)
    assert twice.column_names == ["text", "embedding", "error", "other", "why"]


def test_batches_and_tables_get_a_column(static: Any) -> None:
    table = pa.table({"id": [1, 2, 3], "text": ["a cat", None, "a dog"]})
    embedder = Embedder(BUILT_IN)
    found = embedder(table)
    assert found.schema == embedder.schema(table.schema)
    assert found.column_names == ["id", "text", "embedding", "error"]
    assert found.column("embedding").to_pylist()[1] is None and found.column("error").null_count == 3
    assert np.array_equal(found.column("embedding")[2].as_py(), next(static.embed("a dog")))
    (batch,) = table.to_batches()
    assert isinstance(embedder(batch), pa.RecordBatch) and embedder(batch).equals(found.to_batches()[0])
    assert embedder(table.slice(0, 0)).schema == found.schema
    assert Embedder(BUILT_IN, batch_rows=2)(table).equals(found)


def test_the_column_tells_what_it_was_made_with() -> None:
    field = Embedder(BUILT_IN, role="query").schema(pa.schema([])).field("embedding")
    told = {key.decode(): value.decode() for key, value in field.metadata.items()}
    assert told["embedkit.model"] == BUILT_IN and told["embedkit.dim"] == "256" and told["embedkit.role"] == "query"
    assert told["embedkit.version"] == embedkit_rs.__version__


def test_the_schema_is_known_without_the_model() -> None:
    loads = arrow._models.loads
    given = pa.schema([("text", pa.string())])
    schema = Embedder("BAAI/bge-small-en-v1.5").schema(given)
    assert schema.field("embedding").type == pa.list_(pa.float32(), 384)
    assert Embedder("colbert-ir/colbertv2.0", family="colbert").schema(given).types[-2] == pa.list_(
        pa.list_(pa.float32(), 128)
    )
    assert arrow._models.loads == loads
    with pytest.raises(ValueError, match="no dense model"):
        Embedder("no/such-model").schema(given)


def test_every_family(tmp_path: Path) -> None:
    texts = pa.table({"text": ["hello world", None]})
    for family, crate, name in [
        ("dense", "dense", "transformer-cls"),
        ("sparse", "sparse", "splade"),
        ("colbert", "colbert", "colbert"),
        ("hybrid", "hybrid", "bge-m3"),
    ]:
        embedder = Embedder(fixture_model(crate, name), family=family)
        found = embedder(texts)
        assert found.schema == embedder.schema(texts.schema)
        assert found.column("embedding")[0].as_py() and found.column("embedding")[1].as_py() is None
    pairs = pa.table({"query": ["q", "q"], "document": ["hello", None]})
    scores = Embedder(fixture_model("rerank", "cross-encoder-plain"), family="rerank", column=("query", "document"))(pairs)
    assert isinstance(scores.column("embedding")[0].as_py(), float) and scores.column("embedding")[1].as_py() is None
    path = CRATES / "image/tests/fixtures/formats/rgb.png"
    images = pa.table({"image": [path.read_bytes(), b"no image"]})
    found = Embedder(fixture_model("image", "clip"), family="image", column="image")(images)
    assert found.column("embedding").null_count == 1 and found.column("error")[1].as_py()
    page = CRATES / "colpali/tests/fixtures" / case("colpali", "colpali").golden["images"][0]
    pages = pa.table({"page": [str(page)]})
    found = Embedder(fixture_model("colpali", "colpali"), family="colpali", column="page")(pages)
    assert len(found.column("embedding")[0].as_py()) > 1000


def test_rows_that_fail() -> None:
    model = fixture_model("image", "clip")
    images = pa.table({"image": [b"no image", b"none either"]})
    with pytest.raises(embedkit_rs.EmbedkitError, match="input 0"):
        Embedder(model, family="image", column="image", on_error="raise")(images)
    with pytest.raises(embedkit_rs.EmbedkitError, match="2 of 2 inputs failed"):
        Embedder(model, family="image", column="image", max_errors=1)(images)


def test_vectors_are_made_smaller(static: Any) -> None:
    table = pa.table({"text": ["a cat", None, "a dog"]})
    exact = np.stack(list(static.embed(["a cat", "a dog"])))
    for encoding, decode in [
        ("float16", lambda rows: np.array(rows, dtype=np.float32)),
        ("int8", lambda rows: (np.array(rows) + 128) / 127.5 - 1),
        ("binary", lambda rows: np.stack([np.unpackbits(np.frombuffer(row, np.uint8)) for row in rows])),
    ]:
        embedder = Embedder(BUILT_IN, encoding=encoding)
        column = embedder(table).column("embedding")
        assert column.null_count == 1 and column.type == embedder._type()
        decoded = decode([column[0].as_py(), column[2].as_py()])
        expected = exact > 0 if encoding == "binary" else exact
        assert np.abs(decoded - expected).max() <= 0.005
    with pytest.raises(ValueError, match="not encoded"):
        Embedder("Qdrant/bm25", family="sparse", encoding="int8")


def test_a_vector_that_an_encoding_does_not_hold_is_a_row_that_fails() -> None:
    small = case("dense", "clip-text")
    texts = ["hello world", None, "a b c d e f", "x"]
    table, options = pa.table({"text": texts}), {"model_dir": str(small.folder)}
    exact = list(small.load().passage_embed([text for text in texts if text]))
    exact.insert(1, np.zeros_like(exact[0]))
    fits = [bool(np.abs(vector).max() <= 1) for vector in exact]
    assert not all(fits)
    embedder = Embedder(small.row["id"], encoding="int8", options=options)
    for found in (embedder(table), Embedder(small.row["id"], encoding="int8", options=options, batch_rows=1)(table)):
        for row, vector in enumerate(exact):
            value, error = found.column("embedding")[row].as_py(), found.column("error")[row].as_py()
            if row == 1:
                assert value is None and error is None
            elif fits[row]:
                assert error is None and np.abs((np.array(value) + 128) / 127.5 - 1 - vector).max() <= 0.005
            else:
                assert value is None and "beyond what int8 covers" in error
    with pytest.raises(embedkit_rs.EmbedkitError, match="beyond what int8 covers"):
        Embedder(small.row["id"], encoding="int8", options=options, on_error="raise")(table)
    with pytest.raises(embedkit_rs.EmbedkitError, match="inputs failed"):
        Embedder(small.row["id"], encoding="int8", options=options, max_errors=0)(table)
    # Of unit length, every vector fits.
    normalized = Embedder(small.row["id"], encoding="int8", options={**options, "normalize": True})
    assert normalized(table).column("error").null_count == 4
    for encoding in ("float16", "binary", "float32"):
        assert Embedder(small.row["id"], encoding=encoding, options=options)(table).column("error").null_count == 4


def test_the_column_tells_whether_its_vectors_are_normalised() -> None:
    def told(model: str, **options: Any) -> bytes:
        field = Embedder(model, options=options).schema(pa.schema([])).field("embedding")
        return bytes(field.metadata[b"embedkit.normalized"])

    small = case("dense", "clip-text")
    register(small.row)
    assert (told(BUILT_IN), told(BUILT_IN, normalize=None), told(BUILT_IN, normalize=False)) == (b"true", b"true", b"false")
    assert (told(small.row["id"]), told(small.row["id"], normalize=True)) == (b"false", b"true")


def test_files_of_parquet_are_read_back(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    table = pa.table({"text": ["a cat", None, "a dog"]})
    for family, model in [("dense", BUILT_IN), ("hybrid", fixture_model("hybrid", "bge-m3"))]:
        for encoding in ["float32", "float16", "int8"] if family == "dense" else ["float32"]:
            found = Embedder(model, family=family, encoding=encoding, fixed_size=False)(table)
            pq.write_table(found, tmp_path / "table.parquet")
            assert pq.read_table(tmp_path / "table.parquet").equals(found)


def test_a_process_loads_a_model_once() -> None:
    name = fixture_model("dense", "transformer-mean")
    table, loads = pa.table({"text": ["a"] * 10}), arrow._models.loads
    embedders = [Embedder(name, output=f"column{number}") for number in range(4)]
    threads = [threading.Thread(target=embedder, args=(table,)) for embedder in embedders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert arrow._models.loads == loads + 1
    shipped = pickle.dumps(embedders[0])
    assert len(shipped) < 1000
    assert pickle.loads(shipped)(table).equals(embedders[0](table))


def test_workers_are_held_to_a_digest() -> None:
    name = fixture_model("dense", "transformer-cls")
    model = embedkit_rs.TextEmbedding(name)
    table = pa.table({"text": ["a"]})
    assert Embedder(ModelSpec(name, digest(model)))(table).num_rows == 1
    with pytest.raises(embedkit_rs.ModelFilesError, match="is not the model of sha256:0"):
        Embedder(ModelSpec(name, "sha256:0"))(table)
    assert digest(model) != digest(embedkit_rs.TextEmbedding(fixture_model("dense", "transformer-mean")))
    lazy = embedkit_rs.TextEmbedding(name, lazy_load=True)
    assert digest(lazy) == digest(model) == digest(pickle.loads(pickle.dumps(model)))
    assert digest(model) != digest(embedkit_rs.TextEmbedding(name, max_length=3))


def test_a_batch_that_is_done_again_gives_the_same() -> None:
    table = pa.table({"text": [f"text {number}" for number in range(100)]})
    for model in (BUILT_IN, fixture_model("dense", "transformer-cls")):
        embedder = Embedder(model)
        assert embedder(table).equals(embedder(table))


def test_a_folder(tmp_path: Path) -> None:
    folder = case("dense", "transformer-mean").folder
    embedder = Embedder(str(folder), options={"pooling": "mean"})
    found = embedder(pa.table({"text": ["hello world"]}))
    expected = next(embedkit_rs.TextEmbedding.from_folder(folder, pooling="mean").embed("hello world"))
    assert np.allclose(found.column("embedding")[0].as_py(), expected)
