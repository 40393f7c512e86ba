//! A model's files, in a folder or in memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bytes::FileBytes;
use crate::{Error, Result};

/// A model's files: a folder, or bytes in memory. Equal are two of one folder's path, and two of the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFiles {
    place: Place,
    /// The graph that the caller named, for [`find_graph`](Self::find_graph).
    pub(super) graph: Option<String>,
}

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
        Ok(Self::of(Place::Folder(path)))
    }

    fn of(place: Place) -> Self {
        Self { place, graph: None }
    }

    /// The model's own name, for rows that describe it: the folder's.
    pub fn name(&self) -> &str {
        self.root().and_then(|root| root.file_name()?.to_str()).unwrap_or("model")
    }

    /// No files, for models that need none.
    pub fn none() -> Self {
        Self::memory(std::iter::empty::<(String, Vec<u8>)>())
    }

    /// Files in memory, by their names relative to the model's folder.
    pub fn memory<N: Into<String>, B: Into<Cow<'static, [u8]>>>(files: impl IntoIterator<Item = (N, B)>) -> Self {
        let files = files.into_iter().map(|(name, bytes)| (name.into(), bytes.into())).collect();
        Self::of(Place::Memory(Arc::new(files)))
    }

    /// Whether the file is there.
    pub fn has(&self, name: &str) -> bool {
        match &self.place {
            Place::Folder(folder) => folder.join(name).is_file(),
            Place::Memory(files) => files.contains_key(name),
        }
    }

    /// Names of the files that lie in a folder of the model's, not in folders of it; `""` is the model's own.
    pub(super) fn names_in(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = match &self.place {
            Place::Folder(root) => {
                let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
                entries
                    .filter(|entry| entry.path().is_file())
                    .filter_map(|e| e.file_name().into_string().ok())
                    .collect()
            }
            Place::Memory(files) => {
                let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
                let inside = files.keys().filter_map(|name| name.strip_prefix(&prefix));
                inside.filter(|name| !name.contains('/')).map(str::to_owned).collect()
            }
        };
        names.sort();
        names
    }

    /// The file's path, for readers that need one; none for files in memory.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder.join(name)),
            Place::Memory(_) => None,
        }
    }

    /// The folder; none for files in memory.
    pub fn root(&self) -> Option<&Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Memory(_) => None,
        }
    }

    /// Names of the files in memory; none for a folder.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let files = match &self.place {
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
        match &self.place {
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
        match &self.place {
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

    /// The files that a tokenizer is made of, in the model's own folder.
    ///
    /// # Errors
    /// As [`tokenizer_files_in`](Self::tokenizer_files_in).
    #[cfg(feature = "tokenizer")]
    pub fn tokenizer_files(&self) -> Result<crate::tokenizer::TokenizerFiles<'_>> {
        self.tokenizer_files_in("")
    }

    /// The files that a tokenizer is made of, in a folder of the model's; `""` is the model's own.
    ///
    /// # Errors
    /// As [`read`](Self::read), for `tokenizer.json`; the others may be absent. Where a vocabulary of an older kind
    /// stands in its place, the error says how to write it.
    #[cfg(feature = "tokenizer")]
    pub fn tokenizer_files_in(&self, folder: &str) -> Result<crate::tokenizer::TokenizerFiles<'_>> {
        use crate::tokenizer::TokenizerFiles as Files;
        let place = |name: &str| join(folder, name);
        let optional = |name| self.has(&place(name)).then(|| self.read(&place(name))).transpose();
        let tokenizer = self.read(&place(Files::TOKENIZER)).map_err(|error| match error {
            Error::MissingFile { path, needed_for } => {
                let needed_for = self.slow_tokenizer(folder).unwrap_or(needed_for);
                Error::MissingFile { path, needed_for }
            }
            other => other,
        })?;
        let mut files = Files::new(tokenizer);
        files.tokenizer_config = optional(Files::TOKENIZER_CONFIG)?;
        files.special_tokens_map = optional(Files::SPECIAL_TOKENS_MAP)?;
        files.config = optional(Files::CONFIG)?;
        files.folder = self.label(folder);
        Ok(files)
    }

    /// What to do about a vocabulary that is not written as `tokenizer.json`; none where there is none either.
    #[cfg(feature = "tokenizer")]
    fn slow_tokenizer(&self, folder: &str) -> Option<String> {
        const VOCABULARIES: [&str; 7] = [
            "vocab.txt",
            "sentencepiece.bpe.model",
            "spiece.model",
            "sentencepiece.model",
            "tokenizer.model",
            "vocab.json",
            "bpe.codes",
        ];
        let vocabulary = VOCABULARIES.into_iter().find(|name| self.has(&join(folder, name)))?;
        let place = self.label(folder);
        Some(format!(
            "the vocabulary is there as {vocabulary} alone; this writes it, with Python and transformers: python -c \
             \"from transformers import AutoTokenizer as T; p = '{0}'; T.from_pretrained(p).save_pretrained(p)\"",
            place.display()
        ))
    }
}

/// A name in a folder; `""` is the model's own.
pub(crate) fn join(folder: &str, name: &str) -> String {
    match folder.trim_end_matches('/') {
        "" => name.to_owned(),
        folder if name.is_empty() => folder.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// Whether a name that a file states is that of a file or folder inside the model's folder.
pub(crate) fn is_inside(name: &str) -> bool {
    use std::path::Component;
    let mut components = Path::new(name).components();
    !name.contains('\\') && components.all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
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
