//! How files of a repository come from a hub; everything above works with any of these.

mod agent;
#[cfg(feature = "hf-hub")]
mod hf_hub;
mod http;
mod kind;
mod proxy;
mod tls;

use std::io::Read;

pub(crate) use agent::Agents;
#[cfg(feature = "hf-hub")]
pub(crate) use hf_hub::HfHub;
pub(crate) use http::Http;
#[cfg(feature = "listing")]
pub(crate) use http::Page;
pub use kind::TransportKind;
pub(crate) use proxy::Proxies;
pub(crate) use tls::Roots;

use crate::HubError;
use crate::failure::Failure;

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

    /// A file's content, of which the hub said `found`, from a byte on; none when the server has no such range.
    fn open(&self, file: RemoteFile<'_>, found: &Metadata, from: u64) -> Result<Option<Body>, Failure>;

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
    /// The content's name in Xet storage, when it is there.
    pub(crate) xet: Option<String>,
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
