//! What rows are padded with.

use serde::Deserialize;
use serde_json::{Map, Value};
use tokenizers::Tokenizer as Library;

use crate::config::TokenizerConfig;
use crate::special_tokens::token_text;
use crate::{Error, Result, Side, TokenizerFiles};

/// No model has longer rows; a wrong number would make the shortest text fill the memory.
const LARGEST_MULTIPLE: usize = 1 << 16;

/// How rows are padded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaddingRule {
    pub(crate) id: u32,
    pub(crate) type_id: u32,
    pub(crate) side: Side,
    pub(crate) multiple_of: usize,
}

impl TokenizerFiles<'_> {
    /// Whether `tokenizer.json` says that batches are padded to a multiple of some length, which transformers does not
    /// obey: see [`TokenizerOptions::pad_exactly`](crate::TokenizerOptions::pad_exactly).
    ///
    /// # Errors
    /// [`Error::InvalidFile`] for a `tokenizer.json` that is none.
    pub fn pads_to_multiple(&self) -> Result<bool> {
        #[derive(Deserialize)]
        struct Pipeline {
            padding: Option<Padding>,
        }
        #[derive(Deserialize)]
        struct Padding {
            pad_to_multiple_of: Option<usize>,
        }

        let pipeline: Pipeline = self.tokenizer_json()?;
        Ok(pipeline.padding.and_then(|padding| padding.pad_to_multiple_of).is_some_and(|multiple| multiple > 1))
    }
}

impl PaddingRule {
    /// The rule of the files: what `tokenizer.json` stores goes before what the configurations say.
    /// None when no padding token is named anywhere.
    pub(crate) fn of(config: &TokenizerConfig<'_>, tokenizer: &Library) -> Result<Option<Self>> {
        let stored = tokenizer.get_padding();
        let stored_side = stored.map(|stored| Side::of_padding(stored.direction));
        let side = config.side("padding_side")?.or(stored_side).unwrap_or_default();
        if let Some(stored) = stored {
            let multiple_of = stored.pad_to_multiple_of.unwrap_or(1).max(1);
            if multiple_of > LARGEST_MULTIPLE {
                let message = format!("`pad_to_multiple_of` is {multiple_of}, more than {LARGEST_MULTIPLE}");
                return Err(Error::file(config.files.label(TokenizerFiles::TOKENIZER), message));
            }
            return Ok(Some(Self { id: stored.pad_id, type_id: stored.pad_type_id, side, multiple_of }));
        }
        let Some(token) = config.get("pad_token").and_then(token_text) else { return Ok(None) };
        let id = configured_id(config.files)?
            .or_else(|| tokenizer.token_to_id(token))
            .ok_or_else(|| config.invalid(format!("the padding token {token:?} is not in the vocabulary")))?;
        Ok(Some(Self { id, type_id: 0, side, multiple_of: 1 }))
    }
}

/// `pad_token_id` of `config.json`; none where it is absent or null.
fn configured_id(files: &TokenizerFiles<'_>) -> Result<Option<u32>> {
    const KEY: &str = "pad_token_id";
    let config: Map<String, Value> = files.json(TokenizerFiles::CONFIG, files.config.as_deref())?;
    let Some(value) = config.get(KEY).filter(|value| !value.is_null()) else { return Ok(None) };
    let id = value.as_u64().and_then(|id| u32::try_from(id).ok());
    id.map(Some).ok_or_else(|| {
        let message = format!("`{KEY}` is {value}, and should be a token's id");
        Error::file(files.label(TokenizerFiles::CONFIG), message)
    })
}
