//! Why a model could not be fetched.

use std::path::PathBuf;

use crate::BoxError;

/// Why a model could not be fetched.
///
/// Addresses in messages are without their query, where signed URLs keep their secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// Files are missing and the network may not be used.
    #[error(
        "model {model} is not complete in the cache and the hub is offline; missing: {}; looked in: {}. \
         Fetch it once with the network (unset HF_HUB_OFFLINE and the offline option), \
         point EMBEDKIT_CACHE or HF_HOME to the cache that has it, or name a model folder",
        .missing.join(", "), paths(.looked_in)
    )]
    Offline {
        /// The model's id.
        model: String,
        /// The required files that are not there, or are there with a wrong size.
        missing: Vec<String>,
        /// The folders that were searched.
        looked_in: Vec<PathBuf>,
    },
    /// The row has no source to download from.
    #[error("model {model} has no source to download from; give its row `sources`, or name a model folder")]
    NoSource {
        /// The model's id.
        model: String,
    },
    /// A repository, a revision or a file does not exist.
    #[error("{what} does not exist ({url}); check the row's `sources` and file names")]
    NotFound {
        /// What does not exist.
        what: String,
        /// The address that was asked.
        url: String,
    },
    /// The server refused (401 or 403).
    #[error("{url} was refused with HTTP {status}: {advice}")]
    Refused {
        /// The address that was asked.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What to do about it.
        advice: String,
    },
    /// The server failed, or answered with a status that has no meaning here.
    #[error("{url} answered with HTTP {status}; try again later")]
    Status {
        /// The address that was asked.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The connection failed, stalled or was cut.
    #[error("{url}: {message}. Check the network and the proxy variables, or set HF_ENDPOINT to a mirror")]
    Network {
        /// The address that was asked.
        url: String,
        /// What happened.
        message: String,
        /// The cause, when a lower layer reported it.
        source: Option<BoxError>,
    },
    /// The server does not talk as a hub does.
    #[error("{url}: {message}; is this address (HF_ENDPOINT) that of a model hub?")]
    Protocol {
        /// The address that was asked.
        url: String,
        /// What was expected and what came.
        message: String,
    },
    /// What came, or what is there, is not what was promised.
    #[error(
        "{file}: its {what} should be {expected} and is {found}; if fetching it again gives the same, its source has changed"
    )]
    Mismatch {
        /// The file.
        file: String,
        /// `size` or `SHA-256`.
        what: &'static str,
        /// What the row or the hub promised.
        expected: String,
        /// What came.
        found: String,
    },
    /// An archive cannot be unpacked.
    #[error("the archive {url} cannot be used: {message}")]
    Archive {
        /// The archive's address.
        url: String,
        /// What is wrong with it.
        message: String,
        /// The cause, when a lower layer reported it.
        source: Option<BoxError>,
    },
    /// A source in a row, or an option, that cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// A file of the cache cannot be read or written.
    #[error("{}: {source}{}", path.display(), io_advice(.source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// Every source of the row failed.
    #[error("model {model} could not be fetched from any source: {}", join_failures(.failures))]
    Sources {
        /// The model's id.
        model: String,
        /// Each source with its failure, in the row's order.
        failures: Vec<(String, HubError)>,
    },
}

impl HubError {
    /// Turns an I/O error about `path` into a [`HubError::Io`], for `map_err`.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

fn paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn join_failures(failures: &[(String, HubError)]) -> String {
    failures.iter().map(|(source, error)| format!("[{source}] {error}")).collect::<Vec<_>>().join("; ")
}

fn io_advice(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            " (the disk is full: free some space, or set EMBEDKIT_CACHE to a folder on another disk; \
             what was received is kept and the next try goes on from there)"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            " (set EMBEDKIT_CACHE to a folder that can be written)"
        }
        _ => "",
    }
}
