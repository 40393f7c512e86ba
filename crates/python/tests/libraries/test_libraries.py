"""Libraries that import the reference run unchanged on this package, on real embeddings."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import embedkit_rs

DENSE, SPARSE, LATE = "embedkit/static-minilm-en", "Qdrant/bm25", "embedkit/static-late-en"
TEXTS = ["The cat sleeps on the sofa.", "Stock prices fell on Monday.", "Kittens drink milk.", "The trial was adjourned."]
FIXTURES = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def reranker() -> str:
    """A small reranker that is found by its name."""
    import json

    folder = FIXTURES / "rerank/tests/fixtures/cross-encoder-plain"
    row = json.loads((folder / "golden.json").read_text(encoding="utf-8"))["model"]
    embedkit_rs.add_model({**row, "id": "tiny/reranker", "sources": [{"folder": str(folder)}]})
    return "tiny/reranker"


def test_the_import_gives_this_package() -> None:
    import fastembed
    from fastembed.sparse.bm25 import Bm25

    assert fastembed.TextEmbedding is embedkit_rs.TextEmbedding
    assert Bm25 is sys.modules["embedkit_rs.sparse.bm25"].Bm25


def test_qdrant_client() -> None:
    from qdrant_client import QdrantClient, models

    client = QdrantClient(":memory:")
    late = embedkit_rs.LateInteractionTextEmbedding.get_embedding_size(LATE)
    client.create_collection(
        "texts",
        vectors_config={
            "dense": models.VectorParams(size=256, distance=models.Distance.COSINE),
            "late": models.VectorParams(
                size=late,
                distance=models.Distance.DOT,
                multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM),
            ),
        },
        sparse_vectors_config={"sparse": models.SparseVectorParams(modifier=models.Modifier.IDF)},
    )

    def document(text: str, model: str) -> Any:
        return models.Document(text=text, model=model)

    points = [
        models.PointStruct(
            id=number,
            vector={
                "dense": document(text, DENSE),
                "sparse": document(text, SPARSE),
                "late": document(text, LATE),
            },
            payload={"text": text},
        )
        for number, text in enumerate(TEXTS)
    ]
    client.upload_points("texts", points, batch_size=2, wait=True)
    stored = client.retrieve("texts", [2], with_vectors=True)[0].vector
    expected = next(embedkit_rs.TextEmbedding(DENSE).embed(TEXTS[2]))
    assert np.allclose(np.array(stored["dense"]), expected / np.linalg.norm(expected), atol=1e-5)

    query = "a young cat and milk"
    found = client.query_points(
        "texts",
        prefetch=[
            models.Prefetch(query=document(query, DENSE), using="dense", limit=3),
            models.Prefetch(query=document(query, SPARSE), using="sparse", limit=3),
        ],
        query=document(query, LATE),
        using="late",
        limit=2,
    ).points
    model = embedkit_rs.LateInteractionTextEmbedding(LATE)
    scores = embedkit_rs.MaxSim(next(model.query_embed(query))).scores(model.embed(TEXTS))
    assert found[0].id == int(np.argmax(scores)) == 2
    assert found[0].score == pytest.approx(float(scores[2]), abs=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_langchain_community() -> None:
    from langchain_community.embeddings.fastembed import FastEmbedEmbeddings

    embeddings = FastEmbedEmbeddings(model_name=DENSE)
    model = embedkit_rs.TextEmbedding(DENSE)
    assert np.allclose(embeddings.embed_query("a cat"), next(model.embed("a cat")))
    documents = embeddings.embed_documents(TEXTS)
    # It puts `passage: ` before documents itself.
    assert len(documents) == len(TEXTS) and len(documents[0]) == 256


@pytest.mark.filterwarnings("ignore")
def test_langchain_qdrant() -> None:
    from langchain_community.embeddings.fastembed import FastEmbedEmbeddings
    from langchain_qdrant import FastEmbedSparse, QdrantVectorStore, RetrievalMode

    sparse = FastEmbedSparse(model_name=SPARSE)
    expected = next(embedkit_rs.SparseTextEmbedding(SPARSE).query_embed("cat and milk"))
    assert sparse.embed_query("cat and milk").indices == expected.indices.tolist()
    store = QdrantVectorStore.from_texts(
        TEXTS,
        embedding=FastEmbedEmbeddings(model_name=DENSE),
        sparse_embedding=sparse,
        location=":memory:",
        collection_name="texts",
        retrieval_mode=RetrievalMode.HYBRID,
    )
    assert store.similarity_search("kittens and milk", k=1)[0].page_content == TEXTS[2]


@pytest.mark.filterwarnings("ignore")
def test_llama_index() -> None:
    from llama_index.embeddings.fastembed import FastEmbedEmbedding

    embedding = FastEmbedEmbedding(model_name=DENSE)
    expected = next(embedkit_rs.TextEmbedding(DENSE).embed("a cat"))
    assert np.allclose(embedding.get_query_embedding("a cat"), expected)
    assert len(embedding.get_text_embedding_batch(TEXTS)) == len(TEXTS)
    assert np.allclose(asyncio.run(embedding.aget_query_embedding("a cat")), expected)


@pytest.mark.filterwarnings("ignore")
def test_haystack(reranker: str) -> None:
    from haystack import Document
    from haystack_integrations.components.embedders.fastembed import (
        FastembedDocumentEmbedder,
        FastembedSparseTextEmbedder,
        FastembedTextEmbedder,
    )
    from haystack_integrations.components.rankers.fastembed import FastembedRanker

    def ready(component: Any) -> Any:
        if hasattr(component, "warm_up"):
            component.warm_up()
        return component

    found = ready(FastembedTextEmbedder(model=DENSE, progress_bar=False)).run("a cat")["embedding"]
    assert np.allclose(found, next(embedkit_rs.TextEmbedding(DENSE).embed("a cat")))
    documents = [Document(content=text) for text in TEXTS]
    embedded = ready(FastembedDocumentEmbedder(model=DENSE, progress_bar=False)).run(documents)["documents"]
    assert len(embedded) == 4 and len(embedded[0].embedding) == 256
    sparse = ready(FastembedSparseTextEmbedder(model=SPARSE, progress_bar=False)).run("hello world")
    assert len(sparse["sparse_embedding"].indices) == 2
    ranked = ready(FastembedRanker(model_name=reranker, top_k=4)).run("cats", documents)["documents"]
    scores = list(embedkit_rs.TextCrossEncoder(reranker).rerank("cats", TEXTS))
    assert [document.content for document in ranked] == [TEXTS[at] for at in np.argsort(scores)[::-1]]


def test_descriptions_are_what_callers_take_out_of_them() -> None:
    from fastembed import TextEmbedding
    from fastembed.common import ImageInput, OnnxProvider  # noqa: F401

    for _ in range(2):
        sizes = {row.pop("model"): row.pop("dim") for row in TextEmbedding.list_supported_models()}
        assert sizes["BAAI/bge-small-en-v1.5"] == 384
