//! The one error type of every crate in the workspace.

use std::path::{Path, PathBuf};

/// Any error of a lower layer.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A result with embedkit's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and what to do about it.
///
/// Causes from lower layers are kept as [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No registered model has this id.
    #[error(
        "no {family} model is called {id:?}{}; {}",
        near_names(.near),
        what_is_linked(.families)
    )]
    UnknownModel {
        /// The id that was asked for.
        id: String,
        /// The family that was searched.
        family: String,
        /// Ids that look alike, nearest first.
        near: Vec<String>,
        /// The families that this program has models of.
        families: Vec<String>,
    },
    /// No linked crate registered a family of this name.
    #[error("no family is called {name:?}; {}", what_is_linked(.known))]
    UnknownFamily {
        /// The name.
        name: String,
        /// The families that are registered.
        known: Vec<String>,
    },
    /// The row names an architecture that no linked crate registered.
    #[error(
        "model {model:?} needs the {family} architecture {name:?}, which no linked crate registers; \
         enable the feature or add the crate that has it{}",
        known_names(.known)
    )]
    UnknownArchitecture {
        /// The model's id.
        model: String,
        /// The model's family.
        family: String,
        /// The architecture's name.
        name: String,
        /// The architectures of this family that are registered.
        known: Vec<String>,
    },
    /// A manifest or a row of one is wrong.
    #[error("{origin}: {message}")]
    Manifest {
        /// The crate, file or call that the manifest comes from.
        origin: String,
        /// What is wrong, and where in the manifest.
        message: String,
    },
    /// A model's id or alias is taken.
    #[error("a {family} model called {id:?} is already registered; choose another id")]
    AlreadyRegistered {
        /// The id or alias.
        id: String,
        /// The family.
        family: String,
    },
    /// An option has a value that cannot be used.
    #[error("option `{option}`: {message}")]
    InvalidOption {
        /// The option's name.
        option: String,
        /// What is wrong with its value and what would be right.
        message: String,
    },
    /// An input cannot be embedded. The iterator's position says which one.
    #[error("invalid input: {message}")]
    InvalidInput {
        /// What is wrong with it.
        message: String,
        /// The cause, when a lower layer reported it.
        source: Option<BoxError>,
    },
    /// A file that the model needs is absent.
    #[error("{} is missing: {needed_for}", path.display())]
    MissingFile {
        /// Where it was looked for.
        path: PathBuf,
        /// What it is needed for, or what to do.
        needed_for: String,
    },
    /// A file is there and cannot be used.
    #[error("{}: {message}", path.display())]
    InvalidFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
        /// The cause, when a lower layer reported it.
        source: Option<BoxError>,
    },
    /// A model gave something that its row does not promise: a wrong shape, a wrong type, a NaN.
    #[error("model {model}: {message}")]
    Model {
        /// The model's id.
        model: String,
        /// What was expected and what came.
        message: String,
        /// The cause, when a lower layer reported it.
        source: Option<BoxError>,
    },
    /// Vectors, encodings or files of them that cannot be used as asked.
    #[error(transparent)]
    Vector(#[from] embedkit_vector::Error),
    /// A file-system operation failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// A model could not be fetched.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] embedkit_hub::HubError),
    /// ONNX Runtime could not be found, loaded or used.
    #[cfg(feature = "onnx")]
    #[error(transparent)]
    Runtime(#[from] crate::session::RuntimeError),
    /// The caller cancelled the call.
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    /// An [`Error::InvalidOption`].
    pub fn option(option: impl Into<String>, message: impl Into<String>) -> Self {
        Self::InvalidOption { option: option.into(), message: message.into() }
    }

    /// An [`Error::InvalidInput`] without a cause.
    pub fn input(message: impl Into<String>) -> Self {
        Self::InvalidInput { message: message.into(), source: None }
    }

    /// An [`Error::InvalidFile`] without a cause.
    pub fn file(path: impl AsRef<Path>, message: impl Into<String>) -> Self {
        Self::InvalidFile { path: path.as_ref().to_owned(), message: message.into(), source: None }
    }

    /// An [`Error::InvalidFile`] with its cause, whose text ends the message.
    pub fn file_because(path: impl AsRef<Path>, message: impl AsRef<str>, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        Self::InvalidFile {
            path: path.as_ref().to_owned(),
            message: format!("{}: {source}", message.as_ref()),
            source: Some(source),
        }
    }

    /// An [`Error::Model`] without a cause.
    pub fn model(model: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Model { model: model.into(), message: message.into(), source: None }
    }

    /// An [`Error::Model`] with its cause, whose text ends the message.
    pub fn model_because(model: impl Into<String>, message: impl AsRef<str>, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        // The runtime's messages have line breaks and blanks at their ends.
        let cause = source.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self::Model { model: model.into(), message: format!("{}: {cause}", message.as_ref()), source: Some(source) }
    }

    /// An [`Error::Manifest`].
    pub fn manifest(origin: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Manifest { origin: origin.into(), message: message.into() }
    }

    /// Turns an I/O error about `path` into an [`Error::Io`], for `map_err`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { path, source }
    }
}

#[cfg(feature = "tokenizer")]
impl From<embedkit_tokenizer::Error> for Error {
    fn from(error: embedkit_tokenizer::Error) -> Self {
        use embedkit_tokenizer::Error as Tokenizer;
        match error {
            Tokenizer::MissingFile { path, needed_for } => Self::MissingFile { path, needed_for },
            Tokenizer::InvalidFile { path, message, source: Some(source) } => Self::file_because(path, message, source),
            Tokenizer::InvalidFile { path, message, source: None } => Self::file(path, message),
            Tokenizer::InvalidOption { option, message } => Self::option(option, message),
            Tokenizer::RefusedText { source: Some(source), .. } => Self::InvalidInput {
                message: format!("the tokenizer refuses the text: {source}"),
                source: Some(source),
            },
            other => Self::input(other.to_string()),
        }
    }
}

fn near_names(near: &[String]) -> String {
    match near {
        [] => String::new(),
        near => format!(" (did you mean {}?)", near.join(", ")),
    }
}

fn known_names(known: &[String]) -> String {
    match known {
        [] => String::new(),
        known => format!(" (registered: {})", known.join(", ")),
    }
}

fn what_is_linked(families: &[String]) -> String {
    match families {
        [] => "no family is linked: enable a family's feature, or register its plug-in explicitly".to_owned(),
        families => format!(
            "linked families: {}. List their models, register a row of your own, or name a model folder",
            families.join(", ")
        ),
    }
}
