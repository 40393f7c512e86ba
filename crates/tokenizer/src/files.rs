//! The files that a tokenizer is made of.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use crate::{Error, Result, json};

/// A tokenizer's files, by their bytes.
///
/// Only `tokenizer.json` is always needed. Without `tokenizer_config.json` the longest row must be
/// [given](crate::TokenizerOptions::max_length), and rows can be padded only where `tokenizer.json` says with what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenizerFiles<'f> {
    /// `tokenizer.json`: vocabulary and pipeline.
    pub tokenizer: Cow<'f, [u8]>,
    /// `tokenizer_config.json`: window, padding token, sides.
    pub tokenizer_config: Option<Cow<'f, [u8]>>,
    /// `special_tokens_map.json`: special tokens that are added where the vocabulary lacks them.
    pub special_tokens_map: Option<Cow<'f, [u8]>>,
    /// `added_tokens.json`: tokens that older tokenizers add, compared with `tokenizer.json`'s by
    /// [`check_agreement`](Self::check_agreement) and not read otherwise.
    pub added_tokens: Option<Cow<'f, [u8]>>,
    /// The model's `config.json`: the padding token's id, and for one [rule](crate::WindowRule) the number of positions.
    pub config: Option<Cow<'f, [u8]>>,
    /// The folder that errors name the files in. Default: none, and errors give the names alone.
    pub folder: PathBuf,
}

impl<'f> TokenizerFiles<'f> {
    /// The name of the file with vocabulary and pipeline.
    pub const TOKENIZER: &'static str = "tokenizer.json";
    /// The name of the file with window, padding token and sides.
    pub const TOKENIZER_CONFIG: &'static str = "tokenizer_config.json";
    /// The name of the file with additional special tokens.
    pub const SPECIAL_TOKENS_MAP: &'static str = "special_tokens_map.json";
    /// The name of the file with tokens of older tokenizers.
    pub const ADDED_TOKENS: &'static str = "added_tokens.json";
    /// The name of the model's own configuration.
    pub const CONFIG: &'static str = "config.json";

    /// A `tokenizer.json` alone.
    pub fn new(tokenizer: impl Into<Cow<'f, [u8]>>) -> Self {
        Self {
            tokenizer: tokenizer.into(),
            tokenizer_config: None,
            special_tokens_map: None,
            added_tokens: None,
            config: None,
            folder: PathBuf::new(),
        }
    }

    /// How errors name a file.
    pub(crate) fn label(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file as JSON; the default where it is absent.
    pub(crate) fn json<T: DeserializeOwned + Default>(&self, name: &str, bytes: Option<&[u8]>) -> Result<T> {
        bytes.map_or_else(
            || Ok(T::default()),
            |bytes| {
                json::parse(bytes).map_err(|e| Error::file_because(self.label(name), "is not the JSON expected", e))
            },
        )
    }
}
