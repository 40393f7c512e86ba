//! Where a collection lives, as people write it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use embedkit_core::{Error, Result};

use super::Database;

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
            Some((url, name)) if is_name(name) && url.len() > "https://".len() => {
                Ok(Self::Qdrant { url: url.to_owned(), name: name.to_owned() })
            }
            _ => Err(refused("names no collection: http://host:6334/name")),
        }
    }
}

impl Address {
    /// The folder, of a collection that has one.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::Edge(path) => path,
            Self::Qdrant { .. } => Path::new(""),
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
            ("https://h/prefix/n", Address::Qdrant { url: "https://h/prefix".into(), name: "n".into() }),
        ] {
            assert_eq!(text.parse::<Address>().unwrap(), expected);
            assert_eq!(expected.to_string(), text);
        }
        for wrong in ["edge:", "http://localhost:6334", "http://h:1/", "https:///x", "http://h/a b"] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
