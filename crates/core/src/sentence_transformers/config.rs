//! A module's configuration, read key by key.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Error, ModelFiles, Result};

/// A JSON object of which every key is taken, passed over with a reason, or refused.
pub(super) struct Config<'f> {
    files: &'f ModelFiles,
    name: String,
    values: Map<String, Value>,
}

impl<'f> Config<'f> {
    /// A file's object; an empty one where the file is absent.
    pub(super) fn read(files: &'f ModelFiles, name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let values = files.optional_json(&name)?.unwrap_or_default();
        Ok(Self { files, name, values })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Whether a key is absent or null.
    pub(super) fn is_null(&self, key: &str) -> bool {
        self.values.get(key).is_none_or(Value::is_null)
    }

    /// A key's value; none where it is absent or null.
    pub(super) fn take<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>> {
        match self.values.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let parsed = serde_json::from_value(value.clone());
                parsed.map(Some).map_err(|error| self.wrong(key, format!("is {}: {error}", shown(&value))))
            }
        }
    }

    /// As [`take`](Self::take), of a key that was called otherwise before.
    pub(super) fn take_renamed<T: DeserializeOwned>(&mut self, key: &str, old: &str) -> Result<Option<T>> {
        let former = self.take(old)?;
        Ok(if self.has(key) { self.take(key)? } else { former })
    }

    /// A key's value.
    pub(super) fn require<T: DeserializeOwned>(&mut self, key: &str) -> Result<T> {
        self.take(key)?.ok_or_else(|| self.wrong(key, "is missing".to_owned()))
    }

    /// An object that is a key's value.
    pub(super) fn take_object(&mut self, key: &str) -> Result<Config<'f>> {
        let values = self.take(key)?.unwrap_or_default();
        Ok(Config { files: self.files, name: self.name.clone(), values })
    }

    /// Passes over keys that cannot change what a model gives.
    pub(super) fn pass_over(&mut self, keys: &[&str]) {
        for key in keys {
            self.values.remove(*key);
        }
    }

    /// Passes over a key that has the one value that is obeyed, if any.
    pub(super) fn expect<T: DeserializeOwned + PartialEq>(&mut self, key: &str, value: &T, why: &str) -> Result<()> {
        let found = self.values.get(key).map(shown).unwrap_or_default();
        match self.take::<T>(key)? {
            Some(other) if other != *value => Err(self.wrong(key, format!("is {found}, and {why}"))),
            _ => Ok(()),
        }
    }

    /// Refuses a key unless it is absent or says nothing: null, false, or empty.
    pub(super) fn refuse(&mut self, key: &str, why: &str) -> Result<()> {
        let says_nothing = |value: &Value| match value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(values) => values.is_empty(),
            Value::Object(values) => values.is_empty(),
            _ => false,
        };
        match self.values.remove(key) {
            Some(value) if !says_nothing(&value) => Err(self.wrong(key, format!("is {}, and {why}", shown(&value)))),
            _ => Ok(()),
        }
    }

    /// Refuses what is left.
    pub(super) fn finish(self) -> Result<()> {
        match self.values.keys().next() {
            None => Ok(()),
            Some(key) => Err(self.wrong(key, "is not known here, so it cannot be obeyed".to_owned())),
        }
    }

    /// An error about a key.
    pub(super) fn wrong(&self, key: &str, message: String) -> Error {
        Error::file(self.files.label(&self.name), format!("`{key}` {message}"))
    }
}

/// A value as messages show it.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Which vectors a module works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Those of whole texts.
    Texts,
    /// Those of tokens.
    Tokens,
}

impl Config<'_> {
    /// Refuses what is left but the two keys that say which vectors the module works on: those of texts, unless they
    /// say otherwise.
    pub(super) fn finish_at_level(mut self) -> Result<Level> {
        let input: Option<String> = self.take("module_input_name")?;
        let level = match input.as_deref() {
            None | Some("sentence_embedding") => Level::Texts,
            Some("token_embeddings") => Level::Tokens,
            Some(other) => {
                let message = format!("is {other:?}, and should be sentence_embedding or token_embeddings");
                return Err(self.wrong("module_input_name", message));
            }
        };
        let same = input.unwrap_or_else(|| "sentence_embedding".to_owned());
        self.expect("module_output_name", &same, "a module's vectors take the place of those that it works on")?;
        self.finish()?;
        Ok(level)
    }
}
