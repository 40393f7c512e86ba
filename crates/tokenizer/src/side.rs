//! Ends of a row.

use tokenizers::{PaddingDirection, TruncationDirection};

/// An end of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// The start of the row.
    Left,
    /// The end of the row.
    #[default]
    Right,
}

impl Side {
    pub(crate) fn of_truncation(direction: TruncationDirection) -> Self {
        match direction {
            TruncationDirection::Left => Self::Left,
            TruncationDirection::Right => Self::Right,
        }
    }

    pub(crate) fn of_padding(direction: PaddingDirection) -> Self {
        match direction {
            PaddingDirection::Left => Self::Left,
            PaddingDirection::Right => Self::Right,
        }
    }
}
