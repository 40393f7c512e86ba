"""What signatures call late-interaction models of pages."""

from embedkit_rs.late_interaction_multimodal.late_interaction_multimodal_embedding import LateInteractionMultimodalEmbedding

LateInteractionMultimodalEmbeddingBase = LateInteractionMultimodalEmbedding

__all__ = ["LateInteractionMultimodalEmbeddingBase"]
