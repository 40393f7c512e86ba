"""Late-interaction embeddings of pages and the texts that look for them."""

from embedkit_rs.late_interaction_multimodal.late_interaction_multimodal_embedding import (
    LateInteractionMultimodalEmbedding,
)

__all__ = ["LateInteractionMultimodalEmbedding"]
