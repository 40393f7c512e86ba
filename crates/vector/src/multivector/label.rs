//! What a row stands for.

use serde::{Deserialize, Serialize};

/// What a row of a [`MultiVector`](super::MultiVector) stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum RowLabel {
    /// A token, as its vocabulary spells it (`##ing`, `▁the`).
    Token(String),
    /// A patch of a page image.
    Patch {
        /// The tile or view that row and column are counted in; none when they are the page's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tile: Option<u32>,
        /// The patch's row in the tile or page, from the top.
        row: u32,
        /// The patch's column in the tile or page, from the left.
        column: u32,
    },
    /// Several rows that were pooled into one.
    Group(Vec<RowLabel>),
}

impl std::fmt::Display for RowLabel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(text) => f.write_str(text),
            Self::Patch { tile: None, row, column } => write!(f, "patch {row},{column}"),
            Self::Patch { tile: Some(tile), row, column } => write!(f, "tile {tile} patch {row},{column}"),
            Self::Group(labels) => {
                for (at, label) in labels.iter().enumerate() {
                    write!(f, "{}{label}", if at == 0 { "" } else { "+" })?;
                }
                Ok(())
            }
        }
    }
}
