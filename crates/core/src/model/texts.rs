//! A model's files as text and as JSON.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::ModelFiles;
use crate::{Error, Result};

/// The largest file of text or JSON that is read. Tokenizers, the largest of their kind, have some tens of megabytes.
const LARGEST_TEXT: u64 = 256 << 20;

impl ModelFiles {
    /// The file as UTF-8 text.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`Error::InvalidFile`] when it is not UTF-8 or has more than 256 MiB.
    pub fn text(&self, name: &str) -> Result<String> {
        String::from_utf8(self.read_text(name)?.into_owned())
            .map_err(|e| Error::file_because(self.label(name), "is not UTF-8 text", e))
    }

    /// The file as JSON.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`Error::InvalidFile`] when it is not the JSON that is expected or has more than
    /// 256 MiB.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        parse_json(&self.read_text(name)?)
            .map_err(|e| Error::file_because(self.label(name), "is not the JSON expected", e))
    }

    /// The file as JSON, or nothing when it is absent.
    ///
    /// # Errors
    /// As [`json`](Self::json), but for absence.
    pub fn optional_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.is_taken(name).then(|| self.json(name)).transpose()
    }

    /// The bytes of a file that is no larger than text ever is.
    pub(super) fn read_text(&self, name: &str) -> Result<Cow<'_, [u8]>> {
        self.read_most(name, LARGEST_TEXT)
    }
}

/// JSON, with Python's additions: the configurations of models that have a tokenizer are written by it.
#[cfg(feature = "tokenizer")]
fn parse_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, crate::tokenizer::json::ParseError> {
    crate::tokenizer::json::parse(json)
}

#[cfg(not(feature = "tokenizer"))]
fn parse_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(json)
}
