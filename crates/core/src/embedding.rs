//! What comes out, in one type for all families.

use embedkit_vector::SparseVector;
use embedkit_vector::multivector::MultiVector;

/// A result of any family: what programs that ask the registry for their models get from them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Embedding {
    /// One vector, `[dim]`.
    Dense(Vec<f32>),
    /// Weights of some dimensions.
    Sparse(SparseVector),
    /// A vector for every token or patch, `[rows, dim]`.
    Multi(MultiVector),
    /// A relevance score.
    Score(f32),
    /// Several at once, by name.
    Several(Vec<(&'static str, Embedding)>),
}

/// The kinds of [`Embedding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EmbeddingKind {
    /// [`Embedding::Dense`].
    Dense,
    /// [`Embedding::Sparse`].
    Sparse,
    /// [`Embedding::Multi`].
    Multi,
    /// [`Embedding::Score`].
    Score,
    /// [`Embedding::Several`].
    Several,
}

/// What a family gives, made into an [`Embedding`].
pub trait IntoEmbedding: Send + 'static {
    /// The kind that it becomes.
    const KIND: EmbeddingKind;

    /// The embedding.
    fn into_embedding(self) -> Embedding;
}

impl IntoEmbedding for Vec<f32> {
    const KIND: EmbeddingKind = EmbeddingKind::Dense;

    fn into_embedding(self) -> Embedding {
        Embedding::Dense(self)
    }
}

impl IntoEmbedding for SparseVector {
    const KIND: EmbeddingKind = EmbeddingKind::Sparse;

    fn into_embedding(self) -> Embedding {
        Embedding::Sparse(self)
    }
}

impl IntoEmbedding for MultiVector {
    const KIND: EmbeddingKind = EmbeddingKind::Multi;

    fn into_embedding(self) -> Embedding {
        Embedding::Multi(self)
    }
}

impl IntoEmbedding for f32 {
    const KIND: EmbeddingKind = EmbeddingKind::Score;

    fn into_embedding(self) -> Embedding {
        Embedding::Score(self)
    }
}

impl IntoEmbedding for Embedding {
    const KIND: EmbeddingKind = EmbeddingKind::Several;

    fn into_embedding(self) -> Embedding {
        self
    }
}
