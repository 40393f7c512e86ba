"""What signatures call dense text models."""

from embedkit_rs.text.text_embedding import TextEmbedding

TextEmbeddingBase = TextEmbedding

__all__ = ["TextEmbeddingBase"]
