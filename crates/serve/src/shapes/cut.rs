//! What a request says of texts that are longer than a model's window.

use serde::{Deserialize, Deserializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::described::direction;
use super::reading::any_case;

/// What a request says of texts that are too long.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cut {
    pub(crate) truncate: Option<bool>,
    pub(crate) direction: Option<Direction>,
    /// Most tokens that are seen of a text, where that is less than the window; special ones are counted.
    pub(crate) tokens: Option<usize>,
}

impl Cut {
    /// At the model's window.
    pub(crate) fn new(truncate: Option<bool>, direction: Option<Direction>) -> Self {
        Self { truncate, direction, tokens: None }
    }
}

/// The end that is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Left,
    Right,
}

impl PartialSchema for Direction {
    fn schema() -> RefOr<Schema> {
        direction()
    }
}

impl ToSchema for Direction {}

impl<'de> Deserialize<'de> for Direction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any_case(deserializer, &[("left", Self::Left), ("right", Self::Right)])
    }
}
