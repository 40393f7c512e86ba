//! `tokenizer.json` and its companions.
//!
//! Loading follows the reference's rules: the window is the stricter of the configuration's limits,
//! special tokens of `special_tokens_map.json` are added, and padding is to a batch's longest row,
//! whatever the file stores.

mod batch;
mod charsmap;
mod config;
mod encode;

pub use batch::TokenBatch;
pub use config::{Side, TokenizerOptions};
pub use encode::{Encoding, Tokenizer};
