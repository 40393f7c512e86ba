"""From texts to a store's answer: Qdrant Edge and LanceDB, ranks as those of a search that looks at everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import embedkit_rs
from embedkit_rs.arrow import Embedder

DENSE, SPARSE, LATE = "embedkit/static-minilm-en", "Qdrant/bm25", "embedkit/static-late-en"
WORDS = "cat dog river stone paper wind light tax court stock milk bread boat tree snow train".split()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Texts with all three embeddings, through Parquet."""
    random = np.random.RandomState(3)
    texts = [" ".join(random.choice(WORDS, 6)) for _ in range(400)]
    table = pa.table({"id": pa.array(range(len(texts)), pa.int64()), "text": texts})
    for model, family, output in [(DENSE, "dense", "dense"), (SPARSE, "sparse", "sparse"), (LATE, "colbert", "late")]:
        table = Embedder(model, family=family, output=output, on_error="raise")(table)
    file = tmp_path_factory.mktemp("stores") / "texts.parquet"
    pq.write_table(table, file)
    return pq.read_table(file)


def best_by_maxsim(
    stored: pa.Table, query: str, among: list[int] | None = None, unit: bool = False
) -> list[tuple[int, float]]:
    """All documents, best first; with `unit`, by rows of length 1."""
    vectors = next(embedkit_rs.LateInteractionTextEmbedding(LATE).query_embed(query))
    places = range(stored.num_rows) if among is None else among
    documents = [np.array(stored.column("late")[place].as_py(), dtype=np.float32) for place in places]
    if unit:
        vectors, *documents = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in [vectors, *documents])
    scores = [float((vectors @ document.T).max(axis=1).sum()) for document in documents]
    return sorted(zip(places, scores, strict=True), key=lambda pair: -pair[1])


def test_qdrant_edge(stored: pa.Table, place: Path) -> None:
    edge = pytest.importorskip("qdrant_edge")
    late = embedkit_rs.LateInteractionTextEmbedding.get_embedding_size(LATE)
    config = edge.EdgeConfig(
        vectors={
            "dense": edge.EdgeVectorParams(size=256, distance=edge.Distance.Cosine),
            "late": edge.EdgeVectorParams(
                size=late,
                distance=edge.Distance.Dot,
                multivector_config=edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim),
            ),
        },
        sparse_vectors={"sparse": edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
    )
    shard = edge.EdgeShard.create(str(place / "shard"), config)
    points = [
        edge.Point(row["id"], {
            "dense": row["dense"],
            "late": row["late"],
            "sparse": edge.SparseVector(row["sparse"]["indices"], row["sparse"]["values"]),
        })
        for row in stored.to_pylist()
    ]
    for _ in range(2):  # a second time changes nothing
        shard.update(edge.UpdateOperation.upsert_points(points))
    assert shard.count(edge.CountRequest()) == stored.num_rows

    query = "a boat on the river with bread"
    dense = next(embedkit_rs.TextEmbedding(DENSE).query_embed(query)).tolist()
    sparse = next(embedkit_rs.SparseTextEmbedding(SPARSE).query_embed(query))
    vectors = next(embedkit_rs.LateInteractionTextEmbedding(LATE).query_embed(query)).tolist()
    prefetches = [
        edge.Prefetch(50, query=edge.Query.Nearest(dense, using="dense")),
        edge.Prefetch(
            50,
            query=edge.Query.Nearest(
                edge.SparseVector(sparse.indices.tolist(), [float(v) for v in sparse.values]), using="sparse"
            ),
        ),
    ]

    def found(prefetches: Any, query: Any, limit: int) -> list[Any]:
        return list(shard.query(edge.QueryRequest(limit, query=query, prefetches=prefetches)))

    among = {point.id for prefetch in prefetches for point in found([prefetch], prefetch.query, 50)}
    expected = best_by_maxsim(stored, query, sorted(among))[:5]
    answer = found(prefetches, edge.Query.Nearest(vectors, using="late"), 5)
    assert [point.score for point in answer] == pytest.approx([score for _, score in expected], abs=1e-3)
    shard.close()


def test_lancedb_multi_vectors(stored: pa.Table, place: Path) -> None:
    lancedb = pytest.importorskip("lancedb")
    table = lancedb.connect(str(place / "lance")).create_table("texts", stored.select(["id", "text", "dense", "late"]))
    query = "a boat on the river with bread"
    vectors = next(embedkit_rs.LateInteractionTextEmbedding(LATE).query_embed(query))
    answer = table.search(vectors, vector_column_name="late").distance_type("cosine").limit(5).to_list()
    # It scores by cosines; the distance is one for each row of the query less the score.
    expected = best_by_maxsim(stored, query, unit=True)[:5]
    assert [len(vectors) - row["_distance"] for row in answer] == pytest.approx([s for _, s in expected], abs=1e-3)


def test_lancedbs_registry(place: Path) -> None:
    lancedb = pytest.importorskip("lancedb")
    import embedkit_rs.lancedb  # noqa: F401
    from lancedb.embeddings import get_registry
    from lancedb.pydantic import LanceModel, Vector

    function = get_registry().get("embedkit").create(name=DENSE)

    class Texts(LanceModel):
        text: str = function.SourceField()
        vector: Vector(function.ndims()) = function.VectorField()  # type: ignore[valid-type]

    table = lancedb.connect(str(place / "lance")).create_table("texts", schema=Texts)
    table.add([{"text": "the cat sleeps"}, {"text": "stock prices fell"}])
    assert table.search("a kitten").limit(1).to_list()[0]["text"] == "the cat sleeps"
