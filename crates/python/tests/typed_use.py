"""What a typed program does with this package; it is checked by mypy and pyright, and not run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedkit_rs import (
    HybridEmbedding,
    HybridEmbeddings,
    ImageEmbedding,
    LateInteractionMultimodalEmbedding,
    LateInteractionTextEmbedding,
    MaxSim,
    SparseEmbedding,
    SparseTextEmbedding,
    TextCrossEncoder,
    TextEmbedding,
)
from embedkit_rs.common.model_description import ModelSource, PoolingType
from embedkit_rs.common.types import Device
from embedkit_rs.postprocess import Muvera
from embedkit_rs.sparse.bm25 import Bm25

dense = TextEmbedding(providers=["CPUExecutionProvider"], cuda=Device.CPU, device_ids=[0], threads=2, max_length=128)
vectors: Iterator[NDArray[np.float32]] = dense.embed(["a"], batch_size=2, parallel=None)
vector: NDArray[np.float32] = next(dense.query_embed("a"))
dense.passage_embed(["a"], batch_size=1, parallel=1)
size: int = dense.embedding_size
tokens: int = dense.token_count("a")
TextEmbedding.add_custom_model("my/model", PoolingType.MEAN, True, ModelSource(hf="my/model"), 384)
folder: TextEmbedding = TextEmbedding.from_folder(Path("folder"), threads=1)

sparse: SparseEmbedding = next(SparseTextEmbedding("Qdrant/bm25").embed("a"))
weights: dict[int, float] = sparse.as_dict()
bm25: list[SparseEmbedding] = Bm25("Qdrant/bm25", k=1.0).raw_embed(["a"])

late = LateInteractionTextEmbedding("answerdotai/answerai-colbert-small-v1")
rows: NDArray[np.float32] = next(late.query_embed("a"))
best: list[tuple[int, float]] = MaxSim(rows).top_k(late.embed(["a"]), 1)
encoded: NDArray[np.float64] = Muvera.from_multivector_model(late).process_query(rows)

pages = LateInteractionMultimodalEmbedding("Qdrant/colpali-v1.3-fp16")
page: NDArray[np.float32] = next(pages.embed_image([Path("page.png"), b"bytes"]))
image: NDArray[np.float32] = next(ImageEmbedding("Qdrant/clip-ViT-B-32-vision").embed("a.png"))

reranker = TextCrossEncoder("Xenova/ms-marco-MiniLM-L-6-v2")
scores: list[float] = list(reranker.rerank("a", ["b"]))
pairs: list[float] = list(reranker.rerank_pairs([("a", "b")], parallel=None))

hybrid: HybridEmbeddings = next(HybridEmbedding("gpahal/bge-m3-onnx-int8").embed("a"))
