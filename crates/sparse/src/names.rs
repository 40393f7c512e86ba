//! What indices stand for.

use std::sync::Arc;

use embedkit_core::IndexNames;

/// The names of a model that has none.
pub(crate) struct Nameless;

impl IndexNames for Nameless {
    fn name(&self, _: u32) -> Option<String> {
        None
    }
}

/// The form in which names are added to a pipeline.
pub(crate) type SharedNames = Arc<dyn IndexNames>;
