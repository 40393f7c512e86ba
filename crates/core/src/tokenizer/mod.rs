//! `tokenizer.json` and its companions.
//!
//! Loading follows the reference's rules: the window is the stricter of the configuration's limits,
//! special tokens of `special_tokens_map.json` are added, and padding is to a batch's longest row,
//! whatever the file stores.
//!
//! Word pieces, which most models have, are read by our own code: the library keeps for every
//! character where it came from, which costs several times what finding the ids does.

mod batch;
mod characters;
mod charsmap;
mod config;
mod encode;
mod frame;
mod guard;
mod trie;
mod word_pieces;

pub use batch::TokenBatch;
pub use config::{Side, TokenizerOptions};
pub use encode::{Encoding, Tokenizer};
