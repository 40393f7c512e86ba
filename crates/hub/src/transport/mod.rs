//! How files of a repository come from a hub; everything above works with any of these.

mod agent;
mod http;
mod proxy;
mod tls;

use std::io::Read;

pub(crate) use agent::Agents;
pub(crate) use http::Http;
#[cfg(feature = "listing")]
pub(crate) use http::Page;
pub(crate) use proxy::Proxies;
pub(crate) use tls::Roots;

use crate::HubError;
use crate::downloader::Failure;

/// A file in a repository.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RemoteFile<'a> {
    /// `owner/name`.
    pub(crate) repo: &'a str,
    pub(crate) revision: &'a str,
    pub(crate) name: &'a str,
}

/// Reaches files of repositories. Each call is one try: whoever calls decides what is tried again.
pub(crate) trait Transport: Send + Sync {
    /// What the hub says of a file.
    fn ask(&self, file: RemoteFile<'_>) -> Result<Answer, Failure>;

    /// A file's content from a byte on; none when the server has no such range.
    fn open(&self, file: RemoteFile<'_>, from: u64) -> Result<Option<Body>, Failure>;

    /// The file's address, as messages show it.
    ///
    /// # Errors
    /// [`HubError::InvalidOption`] when the endpoint is malformed.
    fn address(&self, file: RemoteFile<'_>) -> Result<String, HubError>;
}

/// What the hub says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Present(Metadata),
    Absent {
        /// The commit that has no such file, when the hub names it.
        commit: Option<String>,
    },
}

/// What the hub says of a file that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) commit: String,
    /// The name of the content, without quotes.
    pub(crate) etag: String,
    pub(crate) size: Option<u64>,
}

/// A content on its way.
pub(crate) struct Body {
    /// The first byte that comes: what was asked for, or 0 from a server without ranges.
    pub(crate) start: u64,
    /// The bytes that come, when that is said beforehand.
    pub(crate) length: Option<u64>,
    /// Whether its end can be told from a cut even so.
    pub(crate) is_delimited: bool,
    pub(crate) content: Box<dyn Read + Send>,
}
