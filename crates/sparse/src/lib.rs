//! Sparse text embeddings: SPLADE, BM25, BM42, miniCOIL.
