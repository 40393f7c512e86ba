//! What the family gives.

use std::sync::Arc;

use embedkit::plugin::IntoEmbedding;
use embedkit::{Embedding, EmbeddingKind};

/// How often each letter of an alphabet is in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letters {
    pub(crate) alphabet: Arc<[char]>,
    /// One a letter, in the alphabet's order.
    pub(crate) counts: Vec<u16>,
}

impl Letters {
    /// How often a letter is there; 0 for one that is not in the alphabet.
    pub fn count(&self, letter: char) -> u16 {
        self.alphabet.iter().zip(&self.counts).find(|(other, _)| **other == letter).map_or(0, |(_, count)| *count)
    }
}

/// For programs that know no family: a dense vector, of the counts.
impl IntoEmbedding for Letters {
    const KIND: EmbeddingKind = EmbeddingKind::Dense;

    fn into_embedding(self) -> Embedding {
        Embedding::Dense(self.counts.into_iter().map(f32::from).collect())
    }
}
