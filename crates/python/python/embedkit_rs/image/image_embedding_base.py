"""What signatures call image models."""

from embedkit_rs.image.image_embedding import ImageEmbedding

ImageEmbeddingBase = ImageEmbedding

__all__ = ["ImageEmbeddingBase"]
