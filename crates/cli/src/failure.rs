//! Why a command ended early, and the exit code that says so.

use std::io;

use embedkit::Error;
use embedkit::vector::Error as VectorError;

/// A result with the command line's [`Failure`].
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The arguments do not fit together.
    #[error("{0}")]
    Usage(String),
    /// The work failed, and this says why.
    #[error("{0}")]
    Failed(String),
    /// An input could not be read or embedded.
    #[error("{place}: {reason}")]
    At {
        /// The input, by file and line.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The libraries' error.
    #[error(transparent)]
    Embedkit(#[from] embedkit::Error),
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// The file, or what stands for it.
        what: String,
        /// The system's error.
        source: io::Error,
    },
    /// Ctrl-C.
    #[error(
        "interrupted after {done} input{}; an output file is only written when all are done, unless --resume is given",
        if *done == 1 { "" } else { "s" }
    )]
    Interrupted {
        /// Inputs that were done.
        done: u64,
    },
    /// A server was told twice to stop.
    #[cfg(feature = "serve")]
    #[error("stopped at once, as it was told twice")]
    ServerStopped,
    /// Ctrl-C, of a verb that says what became of its work.
    #[error("{0}")]
    Kept(String),
    /// Who read the results wants no more of them, which is no error.
    #[error("the output was closed")]
    OutputClosed,
}

/// Whether an error is one input's fault alone. A picture is read when its turn comes: one that is not there is.
pub(crate) fn is_of_input(error: &Error) -> bool {
    matches!(error, Error::InvalidInput { .. } | Error::Io { .. } | Error::MissingFile { .. })
}

impl From<VectorError> for Failure {
    fn from(error: VectorError) -> Self {
        Self::Embedkit(error.into())
    }
}

impl Failure {
    /// Wraps an I/O error about `what`, for `map_err`.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Wraps an error of writing to standard output, where a reader that left is no error.
    pub(crate) fn stdout(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Io { what: "standard output".to_owned(), source },
        }
    }

    /// What to tell the user; nothing when nothing went wrong.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::OutputClosed => None,
            Self::Embedkit(Error::MissingFile { path, .. }) if path.ends_with("modules.json") => Some(format!(
                "{}: --pooling says which, and --normalize that vectors are brought to length 1",
                with_causes(self)
            )),
            other => Some(with_causes(other)),
        }
    }

    /// Whether the message is one of several lines: where a runtime was looked for. All others are of one, whatever names
    /// stand in them.
    pub(crate) fn has_lines(&self) -> bool {
        matches!(self, Self::Embedkit(Error::Runtime(_)))
    }

    /// 0 nothing went wrong, 1 it failed, 2 it was asked for wrongly, 130 it was interrupted.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::Usage(_) | Self::Embedkit(Error::InvalidOption { .. }) => 2,
            Self::Embedkit(Error::Vector(VectorError::InvalidOption { .. })) => 2,
            Self::Interrupted { .. } => 130,
            Self::Kept(_) => 130,
            #[cfg(feature = "serve")]
            Self::ServerStopped => 130,
            _ => 1,
        }
    }
}

/// The error and its causes, in one line; a cause that an error has told already is not told again.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes
        .map(ToString::to_string)
        .fold(error.to_string(), |text, cause| if text.contains(&cause) { text } else { format!("{text}: {cause}") })
}
