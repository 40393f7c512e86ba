//! Where a row's files come from: how that is written, and what cannot be right about it.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where a model's files come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, try_from = "Written")]
#[non_exhaustive]
pub enum Source {
    /// A repository of the Hugging Face Hub.
    Hub {
        /// `owner/name`.
        hf: String,
        /// Branch, tag or commit; absent: `main`.
        #[serde(skip_serializing_if = "Option::is_none")]
        revision: Option<String>,
    },
    /// A `.tar.gz` archive whose one top-level folder holds the files.
    Archive {
        /// Its address.
        url: String,
        /// The archive's SHA-256.
        #[serde(skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
    },
    /// A folder of this machine.
    Folder {
        /// Its path.
        folder: PathBuf,
    },
    /// Files compiled into a plug-in crate.
    Embedded {
        /// The crate's name.
        embedded: String,
    },
}

impl Source {
    /// Whether it is on the network.
    pub(crate) fn is_remote(&self) -> bool {
        matches!(self, Self::Hub { .. } | Self::Archive { .. })
    }
}

/// A source as it stands in a row.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    hf: Option<String>,
    revision: Option<String>,
    url: Option<String>,
    sha256: Option<String>,
    folder: Option<PathBuf>,
    embedded: Option<String>,
}

impl TryFrom<Written> for Source {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written { hf: Some(hf), revision, url: None, sha256: None, folder: None, embedded: None } => {
                Ok(Self::Hub { hf, revision })
            }
            Written { url: Some(url), sha256, hf: None, revision: None, folder: None, embedded: None } => {
                Ok(Self::Archive { url, sha256 })
            }
            Written { folder: Some(folder), hf: None, revision: None, url: None, sha256: None, embedded: None } => {
                Ok(Self::Folder { folder })
            }
            Written { embedded: Some(embedded), hf: None, revision: None, url: None, sha256: None, folder: None } => {
                Ok(Self::Embedded { embedded })
            }
            _ => {
                Err("a source is one of `hf` (with `revision`), `url` (with `sha256`), `folder` and `embedded`"
                    .to_owned())
            }
        }
    }
}

/// Checks what needs no network.
pub(super) fn check(source: &Source) -> Result<(), String> {
    match source {
        Source::Hub { hf, .. } if !is_repository(hf) => {
            Err(format!("the source {hf:?} is no repository of the hub; it should be `owner/name`"))
        }
        Source::Hub { revision: Some(revision), .. } if !is_revision(revision) => {
            Err(format!("the source's revision {revision:?} is no branch, tag or commit"))
        }
        Source::Archive { url, .. } if !is_http(url) => {
            Err("the source's `url` should begin with https:// or http:// and name a host".to_owned())
        }
        Source::Folder { folder } if folder.as_os_str().is_empty() => {
            Err("the source's `folder` is empty; `.` is the folder in which the program runs".to_owned())
        }
        Source::Embedded { embedded } if embedded.is_empty() => {
            Err("the source's `embedded` is empty; it should name a crate".to_owned())
        }
        Source::Archive { sha256: Some(sha256), .. } if !is_sha256(sha256) => {
            Err("the source's `sha256` is not 64 hexadecimal digits".to_owned())
        }
        _ => Ok(()),
    }
}

fn is_repository(id: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_name = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_sign);
    id.split('/').count() <= 2 && id.split('/').all(is_name)
}

fn is_revision(revision: &str) -> bool {
    let is_downwards = Path::new(revision).components().all(|part| matches!(part, Component::Normal(_)));
    !revision.is_empty() && !revision.ends_with('/') && !revision.contains('\\') && is_downwards
}

fn is_http(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        && !rest.starts_with('/')
        && !rest.is_empty()
}

/// Whether it can be a SHA-256.
pub(super) fn is_sha256(hex: &str) -> bool {
    hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}
