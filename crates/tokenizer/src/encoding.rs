//! A text's token ids.

/// A text's token ids, cut to the window, not padded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoding {
    /// Token ids, special tokens included.
    pub ids: Vec<u32>,
    /// Segment of each token: 1 for the second text of a pair, else 0.
    pub type_ids: Vec<u32>,
    /// Whether the text did not fit the window.
    pub truncated: bool,
}
