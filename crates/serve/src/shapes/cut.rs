//! What a request says of texts that are longer than a model's window.

use serde::Deserialize;
use utoipa::ToSchema;

/// What a request says of texts that are too long.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cut {
    pub(crate) truncate: Option<bool>,
    pub(crate) direction: Option<Direction>,
}

/// The end that is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub(crate) enum Direction {
    #[serde(rename = "left", alias = "Left", alias = "LEFT")]
    Left,
    #[serde(rename = "right", alias = "Right", alias = "RIGHT")]
    Right,
}
