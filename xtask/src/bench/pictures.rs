//! Pictures to embed, processors for them and a model of them, drawn and made when they are first wanted.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::place::place;
use crate::failure::{Failure, failed};
use crate::workspace;

/// A folder that `pictures.py` has made.
pub(super) struct Pictures(PathBuf);

impl Pictures {
    /// Makes the folder if it is not there.
    pub(super) fn ready(python: &Path) -> Result<Self, Failure> {
        let folder = place().join("pictures");
        if !folder.exists() {
            let unfinished = place().join("pictures.unfinished");
            let _ = std::fs::remove_dir_all(&unfinished);
            let script = workspace::root().join("xtask/bench/python/pictures.py");
            workspace::succeed(Command::new(python).arg(script).arg(&unfinished))?;
            std::fs::rename(&unfinished, &folder).map_err(|e| failed(format!("{}: {e}", folder.display())))?;
        }
        folder.canonicalize().map(Self).map_err(|e| failed(format!("{}: {e}", folder.display())))
    }

    /// A processor's or a model's folder.
    pub(super) fn model(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The pictures of a kind: `jpg` or `png`.
    pub(super) fn files(&self, kind: &str) -> Result<Vec<String>, Failure> {
        files(&self.0.join(kind))
    }
}

/// Paths of a folder's files, sorted.
pub(super) fn files(folder: &Path) -> Result<Vec<String>, Failure> {
    let list = || -> std::io::Result<Vec<String>> {
        let entries = folder.canonicalize()?.read_dir()?;
        entries.map(|entry| Ok(entry?.path().display().to_string())).collect()
    };
    let mut paths = list().map_err(|e| failed(format!("{}: {e}", folder.display())))?;
    paths.sort();
    Ok(paths)
}
