//! Results of one vector an input.

use serde::Serialize;

use super::{Row, Values};

/// One vector.
#[derive(Serialize)]
pub(crate) struct DenseRow {
    pub(crate) embedding: Values,
}

impl Row for DenseRow {
    fn keys(&self) -> &'static [&'static str] {
        &["embedding"]
    }
}
