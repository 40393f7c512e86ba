//! All that one run gives for a text.

use embedkit_core::{Embedding, EmbeddingKind, IntoEmbedding};
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::MultiVector;

/// The three embeddings of a text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HybridOutput {
    /// The text as one vector, `[dim]`.
    pub dense: Vec<f32>,
    /// The weights of the text's tokens, by token id.
    pub sparse: SparseVector,
    /// The text's tokens but the first, `[tokens - 1, dim]`.
    pub multi_vector: MultiVector,
}

impl IntoEmbedding for HybridOutput {
    const KIND: EmbeddingKind = EmbeddingKind::Several;

    fn into_embedding(self) -> Embedding {
        Embedding::Several(vec![
            ("dense", Embedding::Dense(self.dense)),
            ("sparse", Embedding::Sparse(self.sparse)),
            ("multi_vector", Embedding::Multi(self.multi_vector)),
        ])
    }
}
