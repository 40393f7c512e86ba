//! Where a collection lives, as people write it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use embedkit_core::{Error, Result};

use super::Database;
use super::server_address::{NO_USER, check_server};

/// Where a collection lives: a folder of plain files, a folder of Qdrant Edge behind `edge:`, or a collection of a Qdrant
/// server, `http://host:6334/name`.
///
/// ```
/// use embedkit_retrieval::database::Address;
///
/// let server: Address = "https://qdrant.example.org:6334/notes".parse()?;
/// assert_eq!(server, Address::Qdrant { url: "https://qdrant.example.org:6334".into(), name: "notes".into() });
/// # Ok::<(), embedkit_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// A folder of plain files.
    Folder(PathBuf),
    /// A folder of Qdrant Edge.
    Edge(PathBuf),
    /// A collection of a Qdrant server.
    Qdrant {
        /// The server's gRPC interface.
        url: String,
        /// The collection's alias there, to whose name those of its versions are added.
        name: String,
    },
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |message: &str| Error::option("address", format!("{text:?} {message}"));
        if let Some(path) = text.strip_prefix("edge:") {
            return match path.is_empty() {
                true => Err(refused("names no folder: edge:FOLDER")),
                false => Ok(Self::Edge(path.into())),
            };
        }
        if !text.starts_with("http://") && !text.starts_with("https://") {
            return Ok(Self::Folder(text.into()));
        }
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
        match text.trim_end_matches('/').rsplit_once('/') {
            Some((url, name)) if is_name(name) && url.contains("://") => {
                check_server(url)?;
                Ok(Self::Qdrant { url: url.to_owned(), name: name.to_owned() })
            }
            _ if text.contains('@') => Err(Error::option("address", NO_USER)),
            _ => Err(refused("names no collection: http://host:6334/name")),
        }
    }
}

impl Address {
    /// The folder; none of a collection on a server.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(path) | Self::Edge(path) => Some(path),
            Self::Qdrant { .. } => None,
        }
    }

    /// The database there; none where there is a folder of plain files.
    ///
    /// # Errors
    /// A database that this build has no client of, or that cannot be reached.
    pub fn database(&self) -> Result<Option<Box<dyn Database>>> {
        match self {
            Self::Folder(_) => Ok(None),
            #[cfg(feature = "qdrant-edge")]
            Self::Edge(path) => Ok(Some(Box::new(super::EdgeFolder::new(path)))),
            #[cfg(feature = "qdrant")]
            Self::Qdrant { url, name } => Ok(Some(Box::new(super::QdrantServer::new(url, name)?))),
            #[allow(unreachable_patterns, reason = "a build with both features has no other")]
            other => {
                let feature = if matches!(other, Self::Edge(_)) { "qdrant-edge" } else { "qdrant" };
                Err(Error::option("address", format!("{other} needs a build with the feature `{feature}`")))
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Edge(path) => write!(f, "edge:{}", path.display()),
            Self::Qdrant { url, name } => write!(f, "{url}/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_and_shown_as_they_are_written() {
        for (text, expected) in [
            ("notes", Address::Folder("notes".into())),
            ("/a/http/x", Address::Folder("/a/http/x".into())),
            ("edge:a/b", Address::Edge("a/b".into())),
            (
                "http://localhost:6334/notes",
                Address::Qdrant { url: "http://localhost:6334".into(), name: "notes".into() },
            ),
            ("http://h/n", Address::Qdrant { url: "http://h".into(), name: "n".into() }),
            ("https://h/n", Address::Qdrant { url: "https://h".into(), name: "n".into() }),
            ("http://[::1]:6334/n", Address::Qdrant { url: "http://[::1]:6334".into(), name: "n".into() }),
            ("http://[::1]/n", Address::Qdrant { url: "http://[::1]".into(), name: "n".into() }),
        ] {
            assert_eq!(text.parse::<Address>().unwrap(), expected);
            assert_eq!(expected.to_string(), text);
        }
        for (wrong, told) in [
            ("edge:", "names no folder"),
            ("http://localhost:6334", "names no collection"),
            ("http://h:1/", "names no collection"),
            ("https:///x", "names no server"),
            ("http://notes", "names no collection"),
            ("http://h/a b", "names no collection"),
            ("https://h/prefix/n", "a path before"),
            ("http://h:6334/tenant/more/n/", "a path before"),
            ("http://h?x/n", "a path before"),
            ("http://h:0/n", "a port"),
            ("http://127.0.0.1:99999/n", "a port"),
            ("http://h:/n", "a port"),
            ("http://h:http/n", "a port"),
            ("http://::1:6334/n", "names no server"),
            ("http://:6334/n", "names no server"),
            ("http://me:secret@h:6334/n", "no password"),
            ("http://me:secret@h:6334", "no password"),
            ("http://me:sec/ret@h:6334/n", "no password"),
        ] {
            let message = wrong.parse::<Address>().unwrap_err().to_string();
            assert!(message.contains(told) && !message.contains("sec"), "{wrong}: {message}");
        }
    }
}
