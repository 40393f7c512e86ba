"""From texts to a store's answer: Qdrant Edge and LanceDB, ranks as those of a search that looks at everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import two_nodes

import embedkit_rs
from embedkit_rs.arrow import Embedder

DENSE, SPARSE, LATE = "embedkit/static-minilm-en", "Qdrant/bm25", "embedkit/static-late-en"
WORDS = "cat dog river stone paper wind light tax court stock milk bread boat tree snow train".split()


MODELS = [(DENSE, "dense", "dense"), (SPARSE, "sparse", "sparse"), (LATE, "colbert", "late")]


@pytest.fixture(scope="module", params=["here", pytest.param("ray", marks=pytest.mark.long)])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Texts with all three embeddings, through Parquet: by one process, and by a cluster of two nodes."""
    random = np.random.RandomState(3)
    texts = [" ".join(random.choice(WORDS, 6)) for _ in range(400)]
    table = pa.table({"id": pa.array(range(len(texts)), pa.int64()), "text": texts})
    place = tmp_path_factory.mktemp("stores")
    if request.param == "ray":
        return on_ray(table, place)
    for model, family, output in MODELS:
        table = Embedder(model, family=family, output=output, on_error="raise")(table)
    pq.write_table(table, place / "texts.parquet")
    return pq.read_table(place / "texts.parquet")


def on_ray(table: pa.Table, place: Path) -> pa.Table:
    """A job for each model, each of which reads what the one before it wrote."""
    ray = pytest.importorskip("ray")
    import embedkit_rs.ray

    folder = place / "in"
    folder.mkdir()
    for part in range(4):
        pq.write_table(table.slice(part * 100, 100), folder / f"{part}.parquet")
    with two_nodes():
        for model, family, output in MODELS:
            dataset = ray.data.read_parquet(str(folder))
            # No text is null, so that vectors may be of a fixed size: what LanceDB searches.
            embedded = embedkit_rs.ray.embed(
                dataset, model, family=family, output=output, on_error="raise", fixed_size=True, concurrency=2, rows=400
            )
            folder = place / output
            embedded.write_parquet(str(folder))
    return pq.read_table(folder).sort_by("id")


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


def agree(found: list[tuple[int, float]], best: list[tuple[int, float]]) -> None:
    """The same scores at every rank, of documents that have them: among equal ones any order is right."""
    scores = dict(best)
    assert [score for _, score in found] == pytest.approx([score for _, score in best[: len(found)]], abs=1e-3)
    assert [scores[place] for place, _ in found] == pytest.approx([score for _, score in found], abs=1e-3)


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
    answer = found(prefetches, edge.Query.Nearest(vectors, using="late"), 5)
    assert len(answer) == 5
    agree([(point.id, point.score) for point in answer], best_by_maxsim(stored, query, sorted(among)))
    shard.close()


def test_lancedb_multi_vectors(stored: pa.Table, place: Path) -> None:
    lancedb = pytest.importorskip("lancedb")
    table = lancedb.connect(str(place / "lance")).create_table("texts", stored.select(["id", "text", "dense", "late"]))
    query = "a boat on the river with bread"
    vectors = next(embedkit_rs.LateInteractionTextEmbedding(LATE).query_embed(query))
    answer = table.search(vectors, vector_column_name="late").distance_type("cosine").limit(5).to_list()
    # It scores by cosines; the distance is one for each row of the query less the score.
    assert len(answer) == 5
    found = [(row["id"], len(vectors) - row["_distance"]) for row in answer]
    agree(found, best_by_maxsim(stored, query, unit=True))


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
    vectors = function.compute_source_embeddings(["the cat sleeps", None, ""])
    assert vectors[1] is None and len(vectors[0]) == len(vectors[2]) == function.ndims()
