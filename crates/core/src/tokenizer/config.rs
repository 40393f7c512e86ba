//! What the files beside `tokenizer.json` say about window, special tokens and padding.

use serde_json::{Map, Value};
use tokenizers::{AddedToken, PaddingParams, Tokenizer as Inner};

use crate::{Error, ModelFiles, Result};

const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// No model has longer rows; a wrong number would make the shortest text fill the memory.
const LARGEST_MULTIPLE: usize = 1 << 16;

/// What a caller or an architecture may set over the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenizerOptions {
    /// Longest row in tokens, special tokens included; absent: the files say.
    pub max_length: Option<usize>,
    /// Tokens of the window kept free for what an architecture inserts.
    pub reserved: usize,
    /// Which end of a long text is cut off.
    pub truncation_side: Option<Side>,
    /// Leaves special tokens out, and takes `tokenizer.json` alone: as static models do.
    pub without_special_tokens: bool,
}

/// An end of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// The start of the row.
    Left,
    /// The end of the row.
    #[default]
    Right,
}

/// How rows are padded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PaddingRule {
    pub(super) id: u32,
    pub(super) type_id: u32,
    pub(super) side: Side,
    pub(super) multiple_of: usize,
}

/// `tokenizer_config.json`; empty when it is absent.
pub(super) struct TokenizerConfig<'f> {
    files: &'f ModelFiles,
    values: Map<String, Value>,
}

impl<'f> TokenizerConfig<'f> {
    pub(super) fn load(files: &'f ModelFiles) -> Result<Self> {
        Ok(Self { files, values: files.optional_json(TOKENIZER_CONFIG)?.unwrap_or_default() })
    }

    /// The stricter of `model_max_length` and `max_length`, where they are positive 64-bit integers:
    /// files carry floats like 1e30 for "no limit".
    pub(super) fn max_length(&self) -> Result<usize> {
        let limit = |key| self.values.get(key).and_then(Value::as_u64).filter(|n| *n > 0 && *n <= i64::MAX as u64);
        let stricter = [limit("model_max_length"), limit("max_length")].into_iter().flatten().min();
        match stricter {
            Some(length) => Ok(usize::try_from(length).unwrap_or(usize::MAX)),
            None if self.values.is_empty() => Err(Error::MissingFile {
                path: self.files.label(TOKENIZER_CONFIG),
                needed_for: "it states the longest input; or set `max-length` in the model's row or the builder".into(),
            }),
            None => Err(Error::file(
                self.files.label(TOKENIZER_CONFIG),
                "neither `model_max_length` nor `max_length` is a positive integer; \
                 set `max-length` in the model's row or the builder",
            )),
        }
    }

    pub(super) fn truncation_side(&self) -> Result<Option<Side>> {
        self.side("truncation_side")
    }

    fn side(&self, key: &str) -> Result<Option<Side>> {
        match self.values.get(key).map(|side| (side, side.as_str())) {
            None | Some((Value::Null, _)) => Ok(None),
            Some((_, Some("left"))) => Ok(Some(Side::Left)),
            Some((_, Some("right"))) => Ok(Some(Side::Right)),
            Some((other, _)) => {
                let message = format!("`{key}` is {other}, and should be \"left\" or \"right\"");
                Err(Error::file(self.files.label(TOKENIZER_CONFIG), message))
            }
        }
    }

    /// How rows are padded: what `tokenizer.json` stores goes before what the configurations say.
    /// None when no padding token is named anywhere.
    pub(super) fn padding(&self, tokenizer: &Inner) -> Result<Option<PaddingRule>> {
        let stored = tokenizer.get_padding();
        let stored_side = |padding: &PaddingParams| match padding.direction {
            tokenizers::PaddingDirection::Left => Side::Left,
            tokenizers::PaddingDirection::Right => Side::Right,
        };
        let side = self.side("padding_side")?.or(stored.map(stored_side)).unwrap_or_default();
        if let Some(stored) = stored {
            let multiple_of = stored.pad_to_multiple_of.unwrap_or(1).max(1);
            if multiple_of > LARGEST_MULTIPLE {
                let message = format!("`pad_to_multiple_of` is {multiple_of}, more than {LARGEST_MULTIPLE}");
                return Err(Error::file(self.files.label("tokenizer.json"), message));
            }
            return Ok(Some(PaddingRule { id: stored.pad_id, type_id: stored.pad_type_id, side, multiple_of }));
        }
        let Some(token) = self.values.get("pad_token").and_then(token_text) else { return Ok(None) };
        let config: Map<String, Value> = self.files.optional_json("config.json")?.unwrap_or_default();
        let configured = config.get("pad_token_id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let id = configured.or_else(|| tokenizer.token_to_id(token)).ok_or_else(|| {
            let message = format!("the padding token {token:?} is not in the vocabulary");
            Error::file(self.files.label(TOKENIZER_CONFIG), message)
        })?;
        Ok(Some(PaddingRule { id, type_id: 0, side, multiple_of: 1 }))
    }
}

/// The tokens of `special_tokens_map.json`; none when it is absent.
pub(super) fn special_tokens(files: &ModelFiles) -> Result<Vec<AddedToken>> {
    const NAME: &str = "special_tokens_map.json";
    let map: Map<String, Value> = files.optional_json(NAME)?.unwrap_or_default();
    let mut tokens = Vec::new();
    for (key, value) in &map {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            tokens.push(
                special_token(value).ok_or_else(|| {
                    Error::file(files.label(NAME), format!("`{key}` holds {value}, which is no token"))
                })?,
            );
        }
    }
    Ok(tokens)
}

fn special_token(value: &Value) -> Option<AddedToken> {
    let flag = |key: &str| value.get(key).and_then(Value::as_bool);
    let token = AddedToken::from(token_text(value)?, true);
    Some(match value {
        Value::Object(_) => token
            .single_word(flag("single_word").unwrap_or(false))
            .lstrip(flag("lstrip").unwrap_or(false))
            .rstrip(flag("rstrip").unwrap_or(false))
            .normalized(flag("normalized").unwrap_or(true)),
        _ => token,
    })
}

/// A token stands in configurations as text, or as an object with its text as `content`.
fn token_text(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("content").and_then(Value::as_str))
}
