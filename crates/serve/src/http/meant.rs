//! The model that a request turns out to mean.

use std::sync::{Arc, OnceLock};

use crate::models::Served;

/// The model that a request turns out to mean, for whoever notes what became of it.
#[derive(Clone, Default)]
pub(super) struct Meant(Arc<OnceLock<Arc<Served>>>);

impl Meant {
    /// Notes the model. The first is the one: a request means no other later.
    pub(super) fn set(&self, served: &Arc<Served>) {
        let _ = self.0.set(served.clone());
    }

    /// Its name; nothing as long as it is not known.
    pub(super) fn name(&self) -> &str {
        self.0.get().map_or("", |served| served.name())
    }
}
