//! `tokenizer_config.json`, read key by key.

use serde_json::{Map, Value};

use crate::{Error, Result, Side, TokenizerFiles};

/// `tokenizer_config.json`; empty when it is absent.
pub(crate) struct TokenizerConfig<'f> {
    pub(crate) files: &'f TokenizerFiles<'f>,
    values: Map<String, Value>,
}

impl<'f> TokenizerConfig<'f> {
    pub(crate) fn read(files: &'f TokenizerFiles<'f>) -> Result<Self> {
        let values = files.json(TokenizerFiles::TOKENIZER_CONFIG, files.tokenizer_config.as_deref())?;
        Ok(Self { files, values })
    }

    /// A key's value; none where it is absent or null.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    /// The end of a row that a key names.
    pub(crate) fn side(&self, key: &str) -> Result<Option<Side>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.as_str() {
            Some("left") => Ok(Some(Side::Left)),
            Some("right") => Ok(Some(Side::Right)),
            _ => Err(self.invalid(format!("`{key}` is {value}, and should be \"left\" or \"right\""))),
        }
    }

    /// An error about this file.
    pub(crate) fn invalid(&self, message: String) -> Error {
        Error::file(self.files.label(TokenizerFiles::TOKENIZER_CONFIG), message)
    }
}
