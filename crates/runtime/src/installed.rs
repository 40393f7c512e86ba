//! The runtimes that embedkit installed, one folder a version.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use crate::options::RuntimeOptions;
use crate::surroundings::{RelativeVariable, Surroundings, entries, libraries_in};
use crate::version::{is_version, numbers};

/// The variable that names the folder of installed runtimes. Models have `EMBEDKIT_CACHE`: a folder that many may
/// write models to must not say what code is run.
pub(crate) const VARIABLE: &str = "EMBEDKIT_RUNTIME_DIR";

/// A runtime that embedkit installed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// Its version, as `1.31.1`.
    pub version: String,
    /// Its library.
    pub library: PathBuf,
}

/// The runtimes that are installed, newest first. Looks at names alone and runs none of them.
pub fn installed(options: &RuntimeOptions) -> Vec<Installed> {
    let Ok(Some(root)) = root(&Surroundings::of_process(), options) else { return Vec::new() };
    let runtimes = versions(&root).into_iter().filter_map(|(version, folder)| {
        let library = libraries_in(&folder).into_iter().next()?;
        Some(Installed { version, library })
    });
    runtimes.collect()
}

/// The folder that holds a folder for each version. None when the user has no cache folder.
pub(crate) fn root(
    surroundings: &Surroundings<'_>,
    options: &RuntimeOptions,
) -> Result<Option<PathBuf>, RelativeVariable> {
    if let Some(folder) = &options.runtime_dir {
        return Ok(Some(std::path::absolute(folder).unwrap_or_else(|_| folder.clone())));
    }
    if let Some(folder) = surroundings.path(VARIABLE)? {
        return Ok(Some(folder));
    }
    let below_home = |folder: &str| Ok(surroundings.path("HOME")?.map(|home| home.join(folder)));
    let cache = if cfg!(windows) {
        surroundings.path("LOCALAPPDATA")?
    } else if cfg!(target_os = "macos") {
        below_home("Library/Caches")?
    } else {
        match surroundings.path("XDG_CACHE_HOME")? {
            Some(folder) => Some(folder),
            None => below_home(".cache")?,
        }
    };
    Ok(cache.map(|cache| cache.join("embedkit/onnxruntime")))
}

/// The folders to look at, newest version first; the root itself when there is none, so that errors name it.
pub(crate) fn folders(
    surroundings: &Surroundings<'_>,
    options: &RuntimeOptions,
) -> Result<Vec<PathBuf>, RelativeVariable> {
    let Some(root) = root(surroundings, options)? else { return Ok(Vec::new()) };
    let versions = versions(&root);
    Ok(if versions.is_empty() { vec![root] } else { versions.into_iter().map(|(_, folder)| folder).collect() })
}

fn versions(root: &Path) -> Vec<(String, PathBuf)> {
    let folders = entries(root, is_version);
    let mut versions: Vec<_> =
        folders.into_iter().filter_map(|folder| Some((folder.file_name()?.to_str()?.to_owned(), folder))).collect();
    versions.sort_by_key(|(version, _)| Reverse(numbers(version)));
    versions
}
