//! What the indices of sparse vectors stand for.

use std::collections::HashMap;

use embedkit_vector::SparseVector;

use crate::Result;

/// What the indices of a model's [sparse vectors](embedkit_vector::SparseVector) stand for.
///
/// A pipeline of sparse vectors gives it by [`Pipeline::index_names`](crate::Pipeline::index_names) or
/// [`Direct::index_names`](crate::Direct::index_names).
pub trait IndexNames: Send + Sync {
    /// What an index stands for in any text; none where an index says nothing by itself, as a hash.
    fn name(&self, index: u32) -> Option<String>;

    /// How many indices there are, as the row or the tokenizer says: all of the model's vectors fit into matrices of as many
    /// columns, but for graphs that give more than their tokenizer has. Default: that is not known.
    fn count(&self) -> Option<u64> {
        None
    }

    /// What the indices that a text's vector may have stand for, where [`name`](Self::name) does not know.
    ///
    /// # Errors
    /// A text that cannot be read.
    fn names_in(&self, _text: &str) -> Result<HashMap<u32, String>> {
        Ok(HashMap::new())
    }

    /// Names the terms of a vector that this model gave for this text, heaviest first.
    ///
    /// # Errors
    /// A text that cannot be read.
    fn name_terms(&self, text: &str, vector: &SparseVector) -> Result<Vec<WeightedTerm>> {
        let mut names = self.names_in(text)?;
        let mut name = |index| names.remove(&index).or_else(|| self.name(index)).unwrap_or_else(|| index.to_string());
        let terms = vector.heaviest().into_iter();
        Ok(terms.map(|(index, weight)| WeightedTerm { term: name(index), index, weight }).collect())
    }
}

/// A term of a text, as [`IndexNames::name_terms`] gives it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WeightedTerm {
    /// What the index stands for: a token, or a stem of the text. A number where that is not known.
    pub term: String,
    /// Its index in the vector.
    pub index: u32,
    /// Its weight in the vector.
    pub weight: f32,
}

impl WeightedTerm {
    /// A term of which no more is known than its index.
    pub fn unnamed((index, weight): (u32, f32)) -> Self {
        Self { term: index.to_string(), index, weight }
    }
}
