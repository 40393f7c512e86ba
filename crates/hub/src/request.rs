//! What is asked for.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use crate::HubError;

/// Files that are wanted together, and where they may come from.
///
/// ```
/// use embedkit_hub::{Expected, Request};
///
/// let request = Request::new("my model")
///     .repository("owner/name", None)
///     .required("onnx/model.onnx")
///     .optional("tokenizer.json")
///     .expected("onnx/model.onnx", Expected::default().size(90_405_214));
/// # let _ = request;
/// ```
///
/// File names are relative to the repository, or to the archive's one top-level folder, with `/` between their parts;
/// a name that leaves that folder is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// How messages and events call it.
    pub name: String,
    /// Where the files may come from; the first source that has them is taken.
    pub sources: Vec<Source>,
    /// Files without which the request is not met, in the order in which they are fetched.
    pub required: Vec<String>,
    /// Files that are taken when the source has them. They are fetched first: being small as a rule, they show what is
    /// wrong before large files come.
    pub optional: Vec<String>,
    /// What is known of the files beforehand, by name; what the server says must agree with it.
    pub expected: BTreeMap<String, Expected>,
    /// An ONNX graph among the required files. When other required files below its folder are external data of it,
    /// all files are given as real files: ONNX Runtime 1.24 and later refuses external data behind links.
    pub graph: Option<String>,
}

/// Where files may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A repository of the hub.
    Hub {
        /// `owner/name`, or `name` alone.
        repo: String,
        /// Branch, tag or commit; none: `main`.
        revision: Option<String>,
    },
    /// A `.tar.gz` archive whose one top-level folder holds the files.
    Archive {
        /// Its address.
        url: String,
        /// The archive's SHA-256, 64 hexadecimal digits.
        sha256: Option<String>,
    },
}

/// What is known of a file before it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expected {
    /// Size in bytes.
    pub size: Option<u64>,
    /// SHA-256, 64 hexadecimal digits.
    pub sha256: Option<String>,
}

impl Expected {
    /// States the size in bytes.
    #[must_use]
    pub fn size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// States the SHA-256, as 64 hexadecimal digits.
    #[must_use]
    pub fn sha256(mut self, hex: impl Into<String>) -> Self {
        self.sha256 = Some(hex.into());
        self
    }
}

/// A file of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct File<'a> {
    pub(crate) name: &'a str,
    pub(crate) required: bool,
}

impl Request {
    /// A request for nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds a repository of the hub to the sources; no revision means `main`.
    #[must_use]
    pub fn repository(self, repo: impl Into<String>, revision: Option<&str>) -> Self {
        self.source(Source::Hub { repo: repo.into(), revision: revision.map(str::to_owned) })
    }

    /// Adds a `.tar.gz` archive to the sources.
    #[must_use]
    pub fn archive(self, url: impl Into<String>, sha256: Option<&str>) -> Self {
        self.source(Source::Archive { url: url.into(), sha256: sha256.map(str::to_owned) })
    }

    /// Adds a source.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.sources.push(source);
        self
    }

    /// Adds a file without which the request is not met.
    #[must_use]
    pub fn required(mut self, file: impl Into<String>) -> Self {
        self.required.push(file.into());
        self
    }

    /// Adds a file that is taken when the source has it.
    #[must_use]
    pub fn optional(mut self, file: impl Into<String>) -> Self {
        self.optional.push(file.into());
        self
    }

    /// States what is known of a file.
    #[must_use]
    pub fn expected(mut self, file: impl Into<String>, expected: Expected) -> Self {
        self.expected.insert(file.into(), expected);
        self
    }

    /// Names the ONNX graph among the required files, whose external data must be real files.
    #[must_use]
    pub fn graph(mut self, file: impl Into<String>) -> Self {
        self.graph = Some(file.into());
        self
    }

    /// Every file once, in the order in which they are fetched.
    pub(crate) fn files(&self) -> Vec<File<'_>> {
        let required = |name: &String| self.required.contains(name);
        let optional = self.optional.iter().filter(|name| !required(name)).map(|name| File { name, required: false });
        let mut files: Vec<File<'_>> = Vec::new();
        for file in optional.chain(self.required.iter().map(|name| File { name, required: true })) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }

    /// What is known of a file; nothing, if nothing was stated.
    pub(crate) fn known(&self, file: &str) -> Expected {
        self.expected.get(file).cloned().unwrap_or_default()
    }

    /// Refuses names that leave their folder, and digests that nothing can have.
    pub(crate) fn check(&self) -> Result<(), HubError> {
        let wrong = |message| Err(HubError::InvalidRequest { name: self.name.clone(), message });
        for name in self.required.iter().chain(&self.optional).chain(&self.graph) {
            if !is_inside(name) {
                return wrong(format!("{name:?} is no file below the model's folder"));
            }
        }
        let is_of_no_host =
            |source: &&Source| matches!(source, Source::Archive { url, .. } if crate::url::origin(url).is_none());
        if let Some(Source::Archive { url, .. }) = self.sources.iter().find(is_of_no_host) {
            let url = crate::url::redacted(url);
            return wrong(format!(
                "the archive's address {url:?} should begin with https:// or http:// and name a host"
            ));
        }
        let archives = self.sources.iter().filter_map(|source| match source {
            Source::Archive { url, sha256 } => Some((url, sha256.as_ref()?)),
            Source::Hub { .. } => None,
        });
        let stated = self.expected.iter().filter_map(|(file, expected)| Some((file, expected.sha256.as_ref()?)));
        for (file, sha256) in stated.chain(archives) {
            if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                let file = crate::url::redacted(file);
                return wrong(format!("{sha256:?} is no SHA-256 of {file}; it has 64 hexadecimal digits"));
            }
        }
        Ok(())
    }
}

/// Whether a name leads to a file below the folder that it is joined to, on every system.
fn is_inside(name: &str) -> bool {
    let is_downwards = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    !name.is_empty() && !name.ends_with('/') && is_downwards && !name.contains(['\\', ':', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_files_come_first_and_every_file_once() {
        let request = Request::new("r").required("w").required("w").optional("c").optional("w").optional("c");
        let names: Vec<_> = request.files().iter().map(|file| (file.name, file.required)).collect();
        assert_eq!(names, [("c", false), ("w", true)]);
    }

    #[test]
    fn names_stay_in_their_folder() {
        for name in ["", "..", "../x", "a/../../x", "/etc/passwd", "a\\..\\x", "C:x", "a\0", "a/", "./../x", "."] {
            for request in [Request::new("r").required(name), Request::new("r").optional(name)] {
                assert!(matches!(request.check(), Err(HubError::InvalidRequest { .. })), "{name:?}");
            }
        }
        for name in ["a", "onnx/model.onnx", "a..b", "...", "a b"] {
            assert!(Request::new("r").required(name).check().is_ok(), "{name:?}");
        }
    }

    #[test]
    fn digests_have_64_digits() {
        let digest = |hex: &str| Request::new("r").expected("f", Expected::default().sha256(hex)).check();
        assert!(digest(&"aB".repeat(32)).is_ok());
        assert!(digest("00").is_err() && digest(&"g".repeat(64)).is_err());
        assert!(Request::new("r").archive("http://h/a", Some("00")).check().is_err());
    }

    #[test]
    fn archives_are_of_the_web() {
        for (url, is_right) in [("https://h/a", true), ("HTTP://h", true), ("file:///a", false), ("h/a", false)] {
            assert_eq!(Request::new("r").archive(url, None).check().is_ok(), is_right, "{url}");
        }
    }
}
