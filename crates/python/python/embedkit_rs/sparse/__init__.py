"""Sparse text embeddings."""

from embedkit_rs.results import SparseEmbedding
from embedkit_rs.sparse.sparse_text_embedding import SparseTextEmbedding

__all__ = ["SparseEmbedding", "SparseTextEmbedding"]
