//! Words: how a text is split into them, which are left out, what is left of them, and their index.

mod category;
mod hash;
mod language;
mod lines;
mod split;
mod stem;
#[cfg(feature = "tokenizer")]
mod token_words;

pub(crate) use category::{is_punctuation_word, word_runs};
pub use hash::{TERM_INDICES, murmur3_32, term_index};
pub use language::{languages, stop_words};
pub(crate) use lines::lines;
pub use split::{CjkBigrams, UnicodeWords, WordSplitter};
pub use stem::{Snowball, Stemmer};
#[cfg(feature = "tokenizer")]
pub use token_words::TokenWords;
