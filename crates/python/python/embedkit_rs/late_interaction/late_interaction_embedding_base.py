"""What signatures call late-interaction text models."""

from embedkit_rs.late_interaction.late_interaction_text_embedding import LateInteractionTextEmbedding

LateInteractionTextEmbeddingBase = LateInteractionTextEmbedding

__all__ = ["LateInteractionTextEmbeddingBase"]
