//! Late-interaction page-image embeddings: one vector a patch.
