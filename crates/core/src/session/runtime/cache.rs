//! The runtimes that are installed in embedkit's cache, one folder a version.

use std::cmp::Reverse;
use std::path::PathBuf;

use super::RuntimeOptions;
use super::search::{Surroundings, entries, libraries_in};
use super::version::numbers;

/// A runtime in embedkit's cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// Its version, as `1.31.1`.
    pub version: String,
    /// Its library.
    pub library: PathBuf,
}

/// The runtimes in embedkit's cache, newest first: what the installer put there.
pub fn installed(options: &RuntimeOptions) -> Vec<Installed> {
    let Some(root) = root(&Surroundings::of_process(), options) else { return Vec::new() };
    let runtimes = versions(&root).into_iter().filter_map(|(version, folder)| {
        let library = libraries_in(&folder).into_iter().next()?;
        Some(Installed { version, library })
    });
    runtimes.collect()
}

/// The folder that holds a folder for each version. None when the user has no cache folder.
pub(super) fn root(surroundings: &Surroundings<'_>, options: &RuntimeOptions) -> Option<PathBuf> {
    let user_cache = || {
        let folder = if cfg!(windows) {
            surroundings.path("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            surroundings.path("HOME").map(|home| home.join("Library/Caches"))
        } else {
            surroundings.path("XDG_CACHE_HOME").or_else(|| surroundings.path("HOME").map(|home| home.join(".cache")))
        };
        folder.map(|folder| folder.join("embedkit"))
    };
    let cache = options.cache_dir.clone().or_else(|| surroundings.path("EMBEDKIT_CACHE")).or_else(user_cache);
    cache.map(|cache| cache.join("onnxruntime"))
}

/// The folders to look at, newest version first; the root itself when there is none, so that errors name it.
pub(super) fn folders(surroundings: &Surroundings<'_>, options: &RuntimeOptions) -> Vec<PathBuf> {
    let Some(root) = root(surroundings, options) else { return Vec::new() };
    let versions = versions(&root);
    if versions.is_empty() { vec![root] } else { versions.into_iter().map(|(_, folder)| folder).collect() }
}

fn versions(root: &std::path::Path) -> Vec<(String, PathBuf)> {
    let folders = entries(root, |name| name.starts_with(|c: char| c.is_ascii_digit()));
    let mut versions: Vec<_> =
        folders.into_iter().filter_map(|folder| Some((folder.file_name()?.to_str()?.to_owned(), folder))).collect();
    versions.sort_by_key(|(version, _)| Reverse(numbers(version)));
    versions
}
