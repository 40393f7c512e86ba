//! Dense, sparse and multi-vector embeddings and rerank scores for text and images, on ONNX Runtime.
