//! What a caller may set over the files.

use crate::{Side, WindowRule};

/// What a caller or an architecture may set over the files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenizerOptions {
    /// Longest row in tokens, special tokens included. Default: none, and the files say by the rule `window`.
    pub max_length: Option<usize>,
    /// Which number in the files is the longest row. Default: [`WindowRule::Fastembed`].
    pub window: WindowRule,
    /// Tokens of the window kept free for what an architecture inserts. Default: 0.
    pub reserved: usize,
    /// Whether rows hold two texts, so that the window must have room for a token beside the special ones of a pair, of
    /// which there may be more than of one text. Default: false.
    pub pairs: bool,
    /// Which end of a long text is cut off. Default: none, and the files say, or it is the right one.
    pub truncation_side: Option<Side>,
    /// Which end of short rows is padded. Default: none, and the files say, or it is the right one.
    pub padding_side: Option<Side>,
    /// Pads a batch to its longest row and no further, though `tokenizer.json` says to a multiple of what: as transformers
    /// does. Default: false.
    pub pad_exactly: bool,
    /// Leaves special tokens out, and takes `tokenizer.json` alone, as static models do. Default: false.
    pub without_special_tokens: bool,
    /// Brings texts to lower case before all else, special tokens in them left out: what sentence-transformers does for
    /// `do_lower_case`. Default: false.
    pub lowercase: bool,
    /// Reads what looks like a special token in a text as plain text, so that no user's text can write one. The
    /// special tokens around a text stay. Default: false, as the reference has it.
    pub special_tokens_as_text: bool,
    /// The largest `tokenizer.json`, in bytes. Default: 64 MiB, twice the largest among well-known
    /// models. Loading takes up to 40 bytes of memory for each, more only with files that are made for it.
    pub max_file_bytes: usize,
    /// The longest piece of a text that the tokenizer library is given at once, in bytes; longer ones are refused.
    /// Default: 2 MiB.
    ///
    /// The library takes 40 to 270 bytes of memory for each byte. A text far longer than its window is cut where it has
    /// white space before it is read, so that this counts for texts without any, for pairs neither of which fits, and
    /// for [`encode_bare`](crate::Tokenizer::encode_bare). Word pieces, which this crate reads, have no limit.
    pub max_text_bytes: usize,
}

impl Default for TokenizerOptions {
    fn default() -> Self {
        Self {
            max_length: None,
            window: WindowRule::default(),
            reserved: 0,
            pairs: false,
            truncation_side: None,
            padding_side: None,
            pad_exactly: false,
            without_special_tokens: false,
            lowercase: false,
            special_tokens_as_text: false,
            max_file_bytes: 64 << 20,
            max_text_bytes: 2 << 20,
        }
    }
}
