"""Late-interaction text embeddings."""

from embedkit_rs.late_interaction.late_interaction_text_embedding import LateInteractionTextEmbedding

__all__ = ["LateInteractionTextEmbedding"]
