"""Image embeddings."""

from embedkit_rs.image.image_embedding import ImageEmbedding

__all__ = ["ImageEmbedding"]
