"""What sparse models have in common."""

from embedkit_rs.results import SparseEmbedding
from embedkit_rs.sparse.sparse_text_embedding import SparseTextEmbeddingBase

__all__ = ["SparseEmbedding", "SparseTextEmbeddingBase"]
