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

impl Embedding {
    /// The dense vector: of several embeddings, the first that is one. None where there is none.
    pub fn into_dense(self) -> Option<Vec<f32>> {
        match self {
            Self::Dense(vector) => Some(vector),
            Self::Several(parts) => parts.into_iter().find_map(|(_, part)| part.into_dense()),
            _ => None,
        }
    }

    /// The sparse vector: of several embeddings, the first that is one. None where there is none.
    pub fn into_sparse(self) -> Option<SparseVector> {
        match self {
            Self::Sparse(vector) => Some(vector),
            Self::Several(parts) => parts.into_iter().find_map(|(_, part)| part.into_sparse()),
            _ => None,
        }
    }

    /// The multi-vector: of several embeddings, the first that is one. None where there is none.
    pub fn into_multi(self) -> Option<MultiVector> {
        match self {
            Self::Multi(rows) => Some(rows),
            Self::Several(parts) => parts.into_iter().find_map(|(_, part)| part.into_multi()),
            _ => None,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_a_kind_is_found_alone_and_among_several() {
        let dense = Embedding::Dense(vec![1.0, 2.0]);
        let sparse = Embedding::Sparse(SparseVector::new(vec![3], vec![4.0]).unwrap());
        let multi = Embedding::Multi(MultiVector::from_rows([[5.0]]).unwrap());
        let several = Embedding::Several(vec![("d", dense.clone()), ("s", sparse.clone()), ("m", multi.clone())]);
        for (embedding, has) in [
            (&dense, [true, false, false]),
            (&sparse, [false, true, false]),
            (&multi, [false, false, true]),
            (&several, [true; 3]),
            (&Embedding::Score(1.0), [false; 3]),
        ] {
            let found = [
                embedding.clone().into_dense().map(Embedding::Dense),
                embedding.clone().into_sparse().map(Embedding::Sparse),
                embedding.clone().into_multi().map(Embedding::Multi),
            ];
            for ((found, has), whole) in found.iter().zip(has).zip([&dense, &sparse, &multi]) {
                assert_eq!(found.as_ref(), has.then_some(whole), "{embedding:?}");
            }
        }
    }
}
