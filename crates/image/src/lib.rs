//! Image embeddings and image processors.
