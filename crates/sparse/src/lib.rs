//! Sparse text embeddings: SPLADE, BM25, BM42, miniCOIL.

pub mod bm25;
pub mod scoring;
pub mod text;
