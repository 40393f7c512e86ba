//! Late-interaction text embeddings: one vector a token.
