"""Jobs on Daft: its native runner, and its runner on Ray."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import MODEL, texts

daft = pytest.importorskip("daft")
from daft.ai.typing import UDFOptions  # noqa: E402
from daft.functions import embed_text  # noqa: E402

import embedkit_rs  # noqa: E402
import embedkit_rs.daft  # noqa: E402
from embedkit_rs.arrow import ModelSpec  # noqa: E402


def test_embed_text_with_the_provider(place: Path) -> None:
    table = texts(900)
    frame = daft.from_arrow(table)
    provider = embedkit_rs.daft.Provider()
    embedded = frame.with_column("embedding", embed_text(frame["text"], provider=provider, model=MODEL, batch_size=256))
    found = embedded.sort("id").to_arrow()
    expected = np.stack(list(embedkit_rs.TextEmbedding(MODEL).embed(table.column("text").to_pylist())))
    assert np.array_equal(np.array(found.column("embedding").to_pylist(), dtype=np.float32), expected)


def test_options_are_those_of_daft_and_of_the_model() -> None:
    found = embedkit_rs.daft.Provider(threads=1).get_text_embedder(
        MODEL, batch_size=64, concurrency=3, num_gpus=1, on_error="log", max_retries=7, max_length=16
    )
    told = found.get_udf_options()
    assert (told.batch_size, told.concurrency, told.num_gpus) == (64, 3, 1)
    assert (told.on_error, told.max_retries) == ("log", 7)
    assert found.ours == {"threads": 1, "max_length": 16, "cuda": True}
    # Without them, Daft's own defaults.
    assert embedkit_rs.daft.Provider().get_text_embedder(MODEL).get_udf_options() == UDFOptions()


def test_other_families() -> None:
    table = texts(500)
    frame = embedkit_rs.daft.embed(daft.from_arrow(table), "Qdrant/bm25", family="sparse", output="sparse")
    found = frame.sort("id").to_arrow().column("sparse").to_pylist()
    expected = list(embedkit_rs.SparseTextEmbedding("Qdrant/bm25").embed(table.column("text").to_pylist()))
    assert [row["indices"] for row in found] == [row.indices.tolist() for row in expected]


def test_scores_of_pairs() -> None:
    """A reranker takes two columns; the frame has a third, and its own order of them."""
    folder = Path(__file__).parents[3] / "rerank/tests/fixtures/cross-encoder-plain"
    documents = texts(200).column("text").to_pylist()
    table = pa.table({"document": documents, "id": list(range(200)), "query": ["what is it"] * 200})
    model = ModelSpec(str(folder))
    frame = embedkit_rs.daft.embed(
        daft.from_arrow(table), model, family="rerank", column=("query", "document"), output="score"
    )
    found = frame.sort("id").to_arrow().column("score").to_pylist()
    expected = embedkit_rs.arrow.Embedder(
        model, family="rerank", column=("query", "document"), output="score", on_error="raise"
    )
    assert found == expected(table).column("score").to_pylist()
    assert len(set(found)) > 1


def test_a_row_that_fails_is_a_null_and_a_message() -> None:
    frame = daft.from_pydict({"image": ["/nowhere.png", None], "id": [1, 2]})
    folder = Path(__file__).parents[3] / "image/tests/fixtures/clip"
    model, options = "Qdrant/clip-ViT-B-32-vision", {"specific_model_path": str(folder)}
    how = {"family": "image", "column": "image", "output": "vector", "options": options}
    found = embedkit_rs.daft.embed(frame, model, on_error="null", error_column="why", **how).sort("id").to_pydict()
    assert found["vector"] == [None, None]
    assert "/nowhere.png" in found["why"][0] and found["why"][1] is None
    with pytest.raises(Exception, match="nowhere"):
        embedkit_rs.daft.embed(frame, model, **how).collect()
    with pytest.raises(ValueError, match="on_error"):
        embedkit_rs.daft.embed(frame, MODEL, column="image", error_column="why")
    with pytest.raises(ValueError, match="already"):
        embedkit_rs.daft.embed(frame, MODEL, column="image", output="id")


@pytest.mark.long
def test_the_runner_on_ray(place: Path) -> None:
    """In a process of its own: a process has one runner."""
    pytest.importorskip("ray")
    table = texts(5_000)
    pq.write_table(table, place / "texts.parquet")
    program = textwrap.dedent(
        f"""
        import os, sys
        import ray, daft, embedkit_rs.daft
        from daft.functions import embed_text

        ray.init(num_cpus=2, log_to_driver=False)
        daft.set_runner_ray()
        frame = daft.read_parquet({str(place / "texts.parquet")!r}).where(daft.col("text").not_null())
        provider = embedkit_rs.daft.Provider()
        frame = frame.with_column("embedding", embed_text(frame["text"], provider=provider, model={MODEL!r}))
        frame = embedkit_rs.daft.embed(frame, "Qdrant/bm25", family="sparse", output="sparse")
        frame.write_parquet({str(place / "out")!r})
        ray.shutdown()
        # Ray's own threads may fail at the end of an interpreter that has run two engines.
        sys.stdout.flush()
        os._exit(0)
        """
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=600)
    found = pq.read_table(place / "out").sort_by("id")
    expected = table.filter(table.column("text").is_valid())
    assert found.column("id").to_pylist() == expected.column("id").to_pylist()
    inputs = expected.column("text").to_pylist()
    vectors = np.stack(list(embedkit_rs.TextEmbedding(MODEL).embed(inputs)))
    assert np.array_equal(np.array(found.column("embedding").to_pylist(), dtype=np.float32), vectors)
    sparse = [row.indices.tolist() for row in embedkit_rs.SparseTextEmbedding("Qdrant/bm25").embed(inputs)]
    assert [row["indices"] for row in found.column("sparse").to_pylist()] == sparse
