//! Why a request could not be met.

use std::path::PathBuf;

/// Any error of a lower layer.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a request could not be met.
///
/// The variants are the kinds of failure. A cause from a lower layer is the error's
/// [`source`](std::error::Error::source) and no part of its message. Addresses in messages come without their query,
/// where signed addresses keep their secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// Files are missing and the network may not be used.
    #[error(
        "{name} is not complete in the cache and the hub is offline; missing: {}; looked in: {}. \
         Fetch it once with the network (unset HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE and the offline option), \
         point EMBEDKIT_CACHE or HF_HOME to the cache that has it, or name a model folder",
        .missing.join(", "), paths(.looked_in)
    )]
    Offline {
        /// The request's name.
        name: String,
        /// The required files that are not there, or are there with a wrong size.
        missing: Vec<String>,
        /// The folders that were searched.
        looked_in: Vec<PathBuf>,
    },
    /// An address is to be downloaded and the network may not be used.
    #[error("{url} is needed, and the hub is offline (HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE or the offline option)")]
    OfflineAddress {
        /// The address.
        url: String,
    },
    /// The request names no source to download from.
    #[error("{name} has no source to download from; give it `sources`, or name a model folder")]
    NoSource {
        /// The request's name.
        name: String,
    },
    /// A repository, a revision or a file does not exist.
    #[error("{what} does not exist ({url}); check the `sources` and the file names")]
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
        /// Whether the same request may succeed when it is made again.
        retryable: bool,
        /// The cause, when a lower layer reported it.
        source: Option<BoxError>,
    },
    /// No connection that can be trusted: the server's certificate is unknown, expired or another host's.
    #[error("{url}: the server's certificate was refused; {advice}")]
    Certificate {
        /// The address that was asked.
        url: String,
        /// Which certificates were trusted, and how to trust others.
        advice: String,
        /// What TLS objected to.
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
        "{file}: its {what} should be {expected} and is {found}; \
         if fetching it again gives the same, its source has changed"
    )]
    Mismatch {
        /// The file.
        file: String,
        /// `size`, `SHA-256` or `git blob id`.
        what: &'static str,
        /// What the request or the hub promised.
        expected: String,
        /// What came.
        found: String,
    },
    /// A download, or what an archive unpacks to, is larger than the options allow.
    #[error("{what} has more than {limit} bytes; if that is right, raise `{option}`")]
    TooLarge {
        /// The file or archive.
        what: String,
        /// The bytes that are allowed.
        limit: u64,
        /// The field of [`HubOptions`](crate::HubOptions) that allows them.
        option: &'static str,
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
    /// A request that cannot be met: a source, a file's name or a digest in it makes no sense.
    #[error("{name}: {message}")]
    InvalidRequest {
        /// The request's name.
        name: String,
        /// What is wrong with it and what would be right.
        message: String,
    },
    /// An option, or the variable that stands for it, cannot be used.
    #[error("{option}: {message}")]
    InvalidOption {
        /// The option or variable.
        option: String,
        /// What is wrong with its value and what would be right.
        message: String,
    },
    /// A file of the cache cannot be read or written.
    #[error("{} cannot be used{}", path.display(), io_advice(.source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// A folder of a shared cache is a link that another user made; nothing is written through it.
    #[error("{} is a link that another user made, and nothing is written through it; \
         set EMBEDKIT_CACHE to a cache of your own", path.display())]
    ForeignLink {
        /// The link.
        path: PathBuf,
    },
    /// Every source of the request failed.
    #[error("{name} could not be fetched from any source: {}", join_failures(.failures))]
    Sources {
        /// The request's name.
        name: String,
        /// Each source with its failure, in the request's order.
        failures: Vec<(String, HubError)>,
    },
}

impl HubError {
    /// Whether the same call may succeed when it is made again later, with nothing changed on this side.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Network { retryable, .. } => *retryable,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            Self::Sources { failures, .. } => failures.iter().any(|(_, failure)| failure.is_retryable()),
            _ => false,
        }
    }

    /// Turns an I/O error about `path` into a [`HubError::Io`], for `map_err`.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// The message with those of its causes, for places that keep only a text.
    pub(crate) fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text += &format!(": {error}");
            cause = error.source();
        }
        text
    }
}

fn paths(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Several failures have no single source, so that their causes stand here.
fn join_failures(failures: &[(String, HubError)]) -> String {
    let one = |(source, error): &(String, HubError)| format!("[{source}] {}", error.with_causes());
    failures.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn io_advice(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            " (there is no room for it: free some, or set EMBEDKIT_CACHE to a folder on another disk; \
             what was received is kept and the next try goes on from there)"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            " (permission denied: give this user access to it, or set EMBEDKIT_CACHE to another folder)"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn io_errors_say_what_to_do_and_leave_the_cause_to_the_source() {
        for (kind, advice) in [
            (ErrorKind::StorageFull, "free some"),
            (ErrorKind::PermissionDenied, "permission denied: give this user access"),
            (ErrorKind::ReadOnlyFilesystem, "EMBEDKIT_CACHE"),
        ] {
            let error = HubError::io("/c")(std::io::Error::new(kind, "the cause"));
            let text = error.to_string();
            assert!(text.contains("/c") && text.contains(advice) && !text.contains("the cause"), "{text}");
            assert!(error.with_causes().ends_with(": the cause"));
            assert!(!error.is_retryable());
        }
    }

    #[test]
    fn what_may_pass_is_retryable() {
        let status = |status| HubError::Status { url: "u".to_owned(), status };
        for (error, expected) in [(status(503), true), (status(429), true), (status(418), false)] {
            assert_eq!(error.is_retryable(), expected, "{error}");
            let failures = vec![("a".to_owned(), status(404)), ("b".to_owned(), error)];
            assert_eq!(HubError::Sources { name: "n".to_owned(), failures }.is_retryable(), expected);
        }
    }
}
