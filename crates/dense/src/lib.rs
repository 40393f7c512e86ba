//! Dense text embeddings: one vector a text.
