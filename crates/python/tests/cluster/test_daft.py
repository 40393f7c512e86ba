"""Jobs on Daft: its native runner."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import MODEL, texts

daft = pytest.importorskip("daft")
from daft.functions import embed_text  # noqa: E402

import embedkit_rs  # noqa: E402
import embedkit_rs.daft  # noqa: E402


def test_embed_text_with_the_provider(place: Path) -> None:
    table = texts(900)
    frame = daft.from_arrow(table)
    provider = embedkit_rs.daft.Provider()
    embedded = frame.with_column("embedding", embed_text(frame["text"], provider=provider, model=MODEL, batch_size=256))
    found = embedded.sort("id").to_arrow()
    expected = np.stack(list(embedkit_rs.TextEmbedding(MODEL).embed(table.column("text").to_pylist())))
    assert np.array_equal(np.array(found.column("embedding").to_pylist(), dtype=np.float32), expected)


def test_other_families() -> None:
    table = texts(500)
    frame = embedkit_rs.daft.embed(daft.from_arrow(table), "Qdrant/bm25", family="sparse", output="sparse")
    found = frame.sort("id").to_arrow().column("sparse").to_pylist()
    expected = list(embedkit_rs.SparseTextEmbedding("Qdrant/bm25").embed(table.column("text").to_pylist()))
    assert [row["indices"] for row in found] == [row.indices.tolist() for row in expected]
