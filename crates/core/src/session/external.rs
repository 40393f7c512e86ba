//! The files that a graph says its values lie in.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use embedkit_onnx::{external_files, inline_external_data};

use crate::model::FileBytes;
use crate::{BoxError, Error, ModelFiles, Result};

/// What stands behind the first four bytes of a graph in the runtime's own format, which names no other file.
const ORT_FORMAT: &[u8] = b"ORTM";

/// Files that a graph names, opened, by the names that it has for them.
pub(super) struct External(BTreeMap<String, FileBytes>);

impl External {
    /// Opens each file once, however many values lie in it.
    ///
    /// # Errors
    /// As [`check`], and files that cannot be read.
    pub(super) fn open(files: &ModelFiles, graph: &str, bytes: &[u8], map: bool) -> Result<Self> {
        let open = |name: &str| Ok((name.to_owned(), files.open(&ModelFiles::beside(graph, name), map)?));
        check(files, graph, bytes)?.into_iter().map(open).collect::<Result<_>>().map(Self)
    }

    /// Whether the graph names none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A file's bytes, for those who read the graph.
    pub(super) fn bytes(&self, name: &str) -> Result<Cow<'_, [u8]>, BoxError> {
        match self.0.get(name) {
            Some(bytes) => Ok(Cow::Borrowed(bytes)),
            None => Err("it is not among the files that the graph names".into()),
        }
    }

    /// The files, by their names among the model's.
    pub(super) fn into_files(self, graph: &str) -> BTreeMap<String, FileBytes> {
        self.0.into_iter().map(|(name, bytes)| (ModelFiles::beside(graph, &name), bytes)).collect()
    }
}

/// Checks the names of the files that a graph says its values are in, before anything opens one; gives them.
///
/// # Errors
/// A file outside of the model's folder, a pipe or a device; a graph that is not understood, since the runtime may find
/// names in it that were not checked.
pub(super) fn check<'g>(files: &ModelFiles, graph: &str, bytes: &'g [u8]) -> Result<BTreeSet<&'g str>> {
    let mut names = BTreeSet::new();
    if bytes.get(4..8) == Some(ORT_FORMAT) {
        return Ok(names);
    }
    // Most graphs name one file, thousands of times.
    external_files(bytes, |name| names.extend([name]))
        .map_err(|what| Error::file(files.label(graph), format!("is no ONNX file that can be read: it has {what}")))?;
    names.iter().try_for_each(|name| files.check_named_by(graph, name))?;
    Ok(names)
}

/// A graph with all of its values in it, for a runtime that is given bytes and no folder.
///
/// # Errors
/// As [`External::open`], and values that are not understood or too many for one file.
pub(super) fn whole<'g>(files: &ModelFiles, graph: &str, bytes: &'g [u8], map: bool) -> Result<Cow<'g, [u8]>> {
    let external = External::open(files, graph, bytes, map)?;
    inline_external_data(bytes, |name| external.bytes(name)).map_err(|error| unreadable(files, graph, error))
}

/// The error of a graph whose values cannot be read.
pub(super) fn unreadable(files: &ModelFiles, graph: &str, error: embedkit_onnx::Error) -> Error {
    Error::file_because(files.label(graph), "cannot be read", error)
}
