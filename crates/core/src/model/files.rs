//! A model's files, in a folder or in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bytes::FileBytes;
use crate::{Error, Result};

/// A model's files: a folder, or bytes in memory. Equal are two of one folder's path, and two of the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFiles(Place);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Folder(PathBuf),
    Memory(Arc<BTreeMap<String, Cow<'static, [u8]>>>),
}

impl ModelFiles {
    /// The files of a folder.
    ///
    /// # Errors
    /// [`Error::MissingFile`] when there is no such folder.
    pub fn folder(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        if !path.is_dir() {
            return Err(Error::MissingFile { path, needed_for: "it should be the model's folder".to_owned() });
        }
        Ok(Self(Place::Folder(path)))
    }

    /// No files, for models that need none.
    pub fn none() -> Self {
        Self::memory(std::iter::empty::<(String, Vec<u8>)>())
    }

    /// Files in memory, by their names relative to the model's folder.
    pub fn memory<N: Into<String>, B: Into<Cow<'static, [u8]>>>(files: impl IntoIterator<Item = (N, B)>) -> Self {
        let files = files.into_iter().map(|(name, bytes)| (name.into(), bytes.into())).collect();
        Self(Place::Memory(Arc::new(files)))
    }

    /// Whether the file is there.
    pub fn has(&self, name: &str) -> bool {
        match &self.0 {
            Place::Folder(folder) => folder.join(name).is_file(),
            Place::Memory(files) => files.contains_key(name),
        }
    }

    /// The graph, looked for where exports put it.
    ///
    /// # Errors
    /// [`Error::MissingFile`] when it is in none of these places.
    pub fn find_graph(&self) -> Result<&'static str> {
        const PLACES: [&str; 4] =
            ["onnx/model.onnx", "model.onnx", "model_optimized.onnx", "onnx/model_quantized.onnx"];
        PLACES.into_iter().find(|place| self.has(place)).ok_or_else(|| Error::MissingFile {
            path: self.label(PLACES[0]),
            needed_for: format!("the graph should be one of {}; name its file", PLACES.join(", ")),
        })
    }

    /// The file's path, for readers that need one; none for files in memory.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match &self.0 {
            Place::Folder(folder) => Some(folder.join(name)),
            Place::Memory(_) => None,
        }
    }

    /// The folder; none for files in memory.
    pub fn root(&self) -> Option<&Path> {
        match &self.0 {
            Place::Folder(folder) => Some(folder),
            Place::Memory(_) => None,
        }
    }

    /// Names of the files in memory; none for a folder.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let files = match &self.0 {
            Place::Folder(_) => None,
            Place::Memory(files) => Some(files.keys().map(String::as_str)),
        };
        files.into_iter().flatten()
    }

    /// How errors name the file.
    pub fn label(&self, name: &str) -> PathBuf {
        self.path(name).unwrap_or_else(|| Path::new("memory:").join(name))
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`Error::MissingFile`] when it is absent, [`Error::Io`] when it cannot be read.
    pub fn read(&self, name: &str) -> Result<Cow<'_, [u8]>> {
        let missing = || self.missing(name);
        match &self.0 {
            Place::Folder(folder) => {
                let path = folder.join(name);
                match std::fs::read(&path) {
                    Ok(bytes) => Ok(Cow::Owned(bytes)),
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(missing()),
                    Err(e) => Err(Error::io(path)(e)),
                }
            }
            Place::Memory(files) => Ok(Cow::Borrowed(files.get(name).ok_or_else(missing)?)),
        }
    }

    /// The file's bytes to keep: mapped, if asked for and the file is in a folder; files compiled into
    /// the program are not copied. A mapped file must not be changed while it is in use.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn open(&self, name: &str, map: bool) -> Result<FileBytes> {
        match &self.0 {
            Place::Folder(folder) if map && self.has(name) => FileBytes::mapped(&folder.join(name)),
            Place::Memory(files) if files.contains_key(name) => Ok(FileBytes::held(files[name].clone())),
            _ => Ok(FileBytes::held(self.read(name)?.into_owned())),
        }
    }

    fn missing(&self, name: &str) -> Error {
        Error::MissingFile { path: self.label(name), needed_for: "the model cannot be loaded without it".to_owned() }
    }

    /// The file as UTF-8 text.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`Error::InvalidFile`] when it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<String> {
        String::from_utf8(self.read(name)?.into_owned())
            .map_err(|e| Error::file_because(self.label(name), "is not UTF-8 text", e))
    }

    /// The file as JSON.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`Error::InvalidFile`] when it is not the JSON that is expected.
    pub fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T> {
        parse_json(&self.read(name)?).map_err(|e| Error::file_because(self.label(name), "is not the JSON expected", e))
    }

    /// The file as JSON, or nothing when it is absent.
    ///
    /// # Errors
    /// As [`json`](Self::json), but for absence.
    pub fn optional_json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        self.has(name).then(|| self.json(name)).transpose()
    }

    /// The files that a tokenizer is made of.
    ///
    /// # Errors
    /// As [`read`](Self::read), for `tokenizer.json`; the others may be absent.
    #[cfg(feature = "tokenizer")]
    pub fn tokenizer_files(&self) -> Result<crate::tokenizer::TokenizerFiles<'_>> {
        use crate::tokenizer::TokenizerFiles as Files;
        let optional = |name| self.has(name).then(|| self.read(name)).transpose();
        let mut files = Files::new(self.read(Files::TOKENIZER)?);
        files.tokenizer_config = optional(Files::TOKENIZER_CONFIG)?;
        files.special_tokens_map = optional(Files::SPECIAL_TOKENS_MAP)?;
        files.config = optional(Files::CONFIG)?;
        files.folder = self.label("");
        Ok(files)
    }
}

/// JSON, with Python's additions: the configurations of models that have a tokenizer are written by it.
#[cfg(feature = "tokenizer")]
fn parse_json<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T, crate::tokenizer::json::ParseError> {
    crate::tokenizer::json::parse(json)
}

#[cfg(not(feature = "tokenizer"))]
fn parse_json<T: serde::de::DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(json)
}
