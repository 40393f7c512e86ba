//! The error of core and of the families.

use std::path::{Path, PathBuf};

/// Any error of a lower layer.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A result with embedkit's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and what to do about it.
///
/// Causes from lower layers are kept as [`source`](std::error::Error::source).
///
/// Match on [`kind`](Self::kind) where only the kind matters; the variants have what is known beside it. Messages do not
/// repeat their cause: [`report`](Self::report), and `{:?}`, tell the whole chain.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No registered model has this id.
    #[error(
        "no {} model is called {id:?}{}; {}{}",
        .family.as_deref().unwrap_or("registered"),
        near_names(.near),
        missing_family(.family.as_deref(), .families),
        what_is_linked(.families)
    )]
    UnknownModel {
        /// The id that was asked for.
        id: String,
        /// The family that was searched; none: all were.
        family: Option<String>,
        /// Ids that look alike, nearest first.
        near: Vec<String>,
        /// The families that are linked.
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
    #[error("{} cannot be read or written", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// A model could not be fetched; the cause is the hub's own error.
    #[error(transparent)]
    Download(Cause),
    /// ONNX Runtime could not be found, loaded or used; the cause is the session's own error.
    #[error(transparent)]
    Runtime(Cause),
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

    /// An [`Error::InvalidFile`] with its cause.
    pub fn file_because(path: impl AsRef<Path>, message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::InvalidFile { path: path.as_ref().to_owned(), message: message.into(), source: Some(source.into()) }
    }

    /// An [`Error::Model`] without a cause.
    pub fn model(model: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Model { model: model.into(), message: message.into(), source: None }
    }

    /// An [`Error::Model`] with its cause.
    pub fn model_because(model: impl Into<String>, message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Model { model: model.into(), message: message.into(), source: Some(source.into()) }
    }

    /// An [`Error::Manifest`].
    pub fn manifest(origin: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Manifest { origin: origin.into(), message: message.into() }
    }

    /// What went wrong, as one of few kinds.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownModel { .. } | Self::UnknownFamily { .. } | Self::UnknownArchitecture { .. } => {
                ErrorKind::Unknown
            }
            Self::Manifest { .. } | Self::AlreadyRegistered { .. } => ErrorKind::Manifest,
            Self::InvalidOption { .. } => ErrorKind::InvalidOption,
            Self::InvalidInput { .. } => ErrorKind::InvalidInput,
            Self::MissingFile { .. } => ErrorKind::MissingFile,
            Self::InvalidFile { .. } => ErrorKind::InvalidFile,
            Self::Model { .. } => ErrorKind::BadOutput,
            Self::Vector(_) => ErrorKind::Vector,
            Self::Io { .. } => ErrorKind::Io,
            Self::Download(_) => ErrorKind::Download,
            Self::Runtime(_) => ErrorKind::Runtime,
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    /// Whether the same call may succeed later, with nothing else changed: a connection that was cut, a server that
    /// is busy, an interrupted system call.
    pub fn is_retryable(&self) -> bool {
        use std::io::ErrorKind as Io;
        match self {
            Self::Download(cause) | Self::Runtime(cause) => cause.is_retryable(),
            Self::Io { source, .. } => matches!(source.kind(), Io::Interrupted | Io::TimedOut | Io::WouldBlock),
            _ => false,
        }
    }

    /// The model that it is about, where it is about one.
    pub fn model_id(&self) -> Option<&str> {
        match self {
            Self::UnknownModel { id, .. } | Self::AlreadyRegistered { id, .. } => Some(id),
            Self::UnknownArchitecture { model, .. } | Self::Model { model, .. } => Some(model),
            _ => None,
        }
    }

    /// The file or folder that it is about, where it is about one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::MissingFile { path, .. } | Self::InvalidFile { path, .. } | Self::Io { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The message with those of its causes, in one line; what a message has told already is not told again.
    pub fn report(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |cause| cause.source());
        causes.fold(self.to_string(), |text, cause| {
            // A runtime's messages have line breaks and blanks at their ends.
            let cause = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            if text.contains(&cause) { text } else { format!("{text}: {cause}") }
        })
    }

    /// Turns an I/O error about `path` into an [`Error::Io`], for `map_err`.
    pub fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { path, source }
    }
}

/// The whole chain, as [`Error::report`] has it: what a program that unwraps shows.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.kind(), self.report())
    }
}

/// The kinds of [`Error`]. They stay when variants are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such model, family or architecture.
    Unknown,
    /// A row, or a manifest of rows, is wrong.
    Manifest,
    /// An option has a value that cannot be used, or that the model has no use for.
    InvalidOption,
    /// An input cannot be embedded.
    InvalidInput,
    /// A file that is needed is absent.
    MissingFile,
    /// A file is there and cannot be used.
    InvalidFile,
    /// A model gave something that its row does not promise.
    BadOutput,
    /// Vectors do not fit together.
    Vector,
    /// A file-system operation failed.
    Io,
    /// A model could not be fetched.
    Download,
    /// ONNX Runtime could not be found, loaded or used.
    Runtime,
    /// The caller cancelled the call.
    Cancelled,
}

/// The error of a layer below, in its own words.
#[derive(Debug)]
pub struct Cause {
    error: BoxError,
    is_retryable: bool,
}

impl Cause {
    /// An error of a layer below, and whether the same call may succeed later.
    pub fn new(error: impl Into<BoxError>, is_retryable: bool) -> Self {
        Self { error: error.into(), is_retryable }
    }

    /// The error itself, if it is of this type.
    pub fn downcast_ref<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.error.downcast_ref()
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.is_retryable
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
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
            Tokenizer::RefusedText { source: Some(source), .. } => {
                Self::InvalidInput { message: "the tokenizer refuses the text".to_owned(), source: Some(source) }
            }
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

/// What would add the family; nothing where it is there.
fn missing_family(family: Option<&str>, linked: &[String]) -> String {
    let Some(family) = family.filter(|family| !linked.iter().any(|known| known == family)) else {
        return String::new();
    };
    format!("no crate of that family is linked: enable the feature `{family}`, or add the crate that has it; ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_model_of_a_family_that_is_not_linked_says_so() {
        let unknown = |family: Option<&str>, linked: &[&str]| {
            let families = linked.iter().map(|family| (*family).to_owned()).collect();
            Error::UnknownModel { id: "x".to_owned(), family: family.map(str::to_owned), near: Vec::new(), families }
                .to_string()
        };
        assert!(!unknown(None, &["dense"]).contains("enable"), "all families were searched");
        for (family, is_linked) in [("dense", true), ("colbert", false), ("acme", false)] {
            let told = unknown(Some(family), &["dense"]);
            assert_eq!(told.contains(&format!("enable the feature `{family}`")), !is_linked, "{told}");
            assert!(told.contains("linked families: dense"), "{told}");
        }
    }
}
