//! Texts to token ids, as embedding models need them: `tokenizer.json` and its companions.
//!
//! ```
//! use embedkit_tokenizer::{Tokenizer, TokenizerFiles, TokenizerOptions};
//!
//! # fn main() -> embedkit_tokenizer::Result<()> {
//! let json = br#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
//!     "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
//!     "model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "hello": 1, "world": 2}}}"#;
//! let mut files = TokenizerFiles::new(&json[..]);
//! files.tokenizer_config = Some(br#"{"model_max_length": 3, "pad_token": "?"}"#.into());
//! let tokenizer = Tokenizer::load(&files, &TokenizerOptions::default())?;
//! let rows = [tokenizer.encode("hello")?, tokenizer.encode("hello big world again")?];
//! assert_eq!(rows[1].ids, [1, 0, 2]);
//! assert!(rows[1].truncated);
//! assert_eq!(tokenizer.pad(&[&rows[0], &rows[1]], None)?.ids, [1, 0, 0, 1, 0, 2]);
//! # Ok(())
//! # }
//! ```
//!
//! Files are read by fastembed's rules: the window is the stricter of the configuration's limits, special tokens of
//! `special_tokens_map.json` are added in the file's order, and padding is to a batch's longest row, or the multiple of it that
//! the file asks for. [`WindowRule`] has the other rule there is for windows, that of sentence-transformers.
//!
//! Word pieces, which most models have, are read by this crate's own code: the `tokenizers` library keeps for every
//! character where it came from, which costs several times what finding the ids does. Everything else is the library's.
//!
//! No file is known to end the program: what the library panics at, or would run out of stack or memory with, is an
//! error. A file can still be slow to load (thousands of large regular expressions), so load those of strangers where
//! time is bounded.

mod added_tokens;
mod agreement;
mod batch;
mod characters;
mod charsmap;
mod classes;
mod config;
mod encoding;
mod error;
mod excerpts;
mod files;
mod frame;
mod given;
mod growth;
pub mod json;
mod memory;
mod options;
mod padding;
mod pair;
mod panic;
mod pieces;
mod places;
mod side;
mod special_tokens;
mod token;
mod tokenizer;
mod trie;
mod window;
mod word_pieces;

pub use batch::TokenBatch;
pub use encoding::Encoding;
pub use error::{BoxError, Error, Result};
pub use files::TokenizerFiles;
pub use options::TokenizerOptions;
pub use pair::FirstOfPair;
pub use side::Side;
pub use token::Token;
pub use tokenizer::Tokenizer;
pub use window::WindowRule;
