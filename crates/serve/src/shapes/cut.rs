//! What a request says of texts that are longer than a model's window.

use serde::Deserialize;
use utoipa::ToSchema;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub(crate) enum Direction {
    #[serde(rename = "left", alias = "Left", alias = "LEFT")]
    Left,
    #[serde(rename = "right", alias = "Right", alias = "RIGHT")]
    Right,
}
