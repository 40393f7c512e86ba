//! What the indices of sparse vectors stand for.

use std::collections::HashMap;

use crate::Result;

/// What the indices of a model's [sparse vectors](embedkit_vector::SparseVector) stand for.
///
/// A pipeline of sparse vectors gives it by [`Pipeline::index_names`](crate::Pipeline::index_names) or
/// [`Direct::index_names`](crate::Direct::index_names).
pub trait IndexNames: Send + Sync {
    /// What an index stands for in any text; none where an index says nothing by itself, as a hash.
    fn name(&self, index: u32) -> Option<String>;

    /// What the indices that a text's vector may have stand for, where [`name`](Self::name) does not know.
    ///
    /// # Errors
    /// A text that cannot be read.
    fn names_in(&self, _text: &str) -> Result<HashMap<u32, String>> {
        Ok(HashMap::new())
    }
}
