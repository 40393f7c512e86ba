//! What indices stand for.

use std::collections::HashMap;
use std::sync::Arc;

use embedkit_core::Result;

/// What the indices of a model's sparse vectors stand for.
///
/// An architecture of this family adds `Arc<dyn IndexNames>` to its pipeline with
/// [`AnyPipeline::with_extra`](embedkit_core::AnyPipeline::with_extra).
pub trait IndexNames: Send + Sync {
    /// What an index stands for in any text; none where an index says nothing by itself, as a hash.
    fn name(&self, index: u32) -> Option<String>;

    /// What the indices that a text's vector may have stand for, where [`name`](Self::name) does not know.
    ///
    /// # Errors
    /// A text that cannot be read.
    fn names_in(&self, text: &str) -> Result<HashMap<u32, String>>;
}

/// The names of a model that has none.
pub(crate) struct Nameless;

impl IndexNames for Nameless {
    fn name(&self, _: u32) -> Option<String> {
        None
    }

    fn names_in(&self, _: &str) -> Result<HashMap<u32, String>> {
        Ok(HashMap::new())
    }
}

/// The form in which names are added to a pipeline.
pub(crate) type SharedNames = Arc<dyn IndexNames>;
