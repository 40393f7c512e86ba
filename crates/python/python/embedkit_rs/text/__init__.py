"""Dense text embeddings."""

from embedkit_rs.text.text_embedding import TextEmbedding

__all__ = ["TextEmbedding"]
