//! ONNX models with their weights in files beside them.
//!
//! ONNX Runtime 1.24 and later refuses external data that resolves outside of the model file's
//! folder, and in a snapshot every file is a link to a content elsewhere. Such models get a folder with
//! real files: `onnx_snapshots/<commit>`, of hard links, or of copies where the file system has none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::{HubError, Request, disk};

/// The folder to load from: the snapshot, or its twin of hard links where that is needed. `renewed` files have another
/// content than before.
pub(crate) fn loadable(cache: &Path, request: &Request, snapshot: PathBuf, renewed: &BTreeSet<String>) -> PathBuf {
    if !has_far_data(request, &snapshot) {
        return snapshot;
    }
    let Some((repository, commit)) = repository_of(&snapshot) else { return snapshot };
    let twins = repository.join("onnx_snapshots");
    let twin = twins.join(&commit);
    match mirror(cache, request, &snapshot, &twin, renewed) {
        Ok(()) => {
            forget_stale(&twins, repository);
            twin
        }
        Err(error) => {
            let error = error.with_causes();
            tracing::warn!(request.name, error, "external data could not be put beside the model file");
            snapshot
        }
    }
}

/// Whether another required file beside or below the graph resolves outside of the graph's folder.
fn has_far_data(request: &Request, snapshot: &Path) -> bool {
    let Some(graph) = &request.graph else { return false };
    let Some(folder) = Path::new(graph).parent() else { return false };
    let Ok(real_folder) = snapshot.join(folder).canonicalize() else { return false };
    let is_far = |file: &String| snapshot.join(file).canonicalize().is_ok_and(|real| !real.starts_with(&real_folder));
    let data = request.required.iter().filter(|file| *file != graph && Path::new(file).starts_with(folder));
    data.into_iter().any(is_far)
}

/// The repository's folder and the commit of `models--…/snapshots/<commit>`.
fn repository_of(snapshot: &Path) -> Option<(&Path, std::ffi::OsString)> {
    let snapshots = snapshot.parent().filter(|folder| folder.ends_with("snapshots"))?;
    Some((snapshots.parent()?, snapshot.file_name()?.to_owned()))
}

fn mirror(
    cache: &Path,
    request: &Request,
    snapshot: &Path,
    twin: &Path,
    renewed: &BTreeSet<String>,
) -> Result<(), HubError> {
    for file in request.files() {
        let Ok(real) = snapshot.join(file.name).canonicalize() else { continue };
        let path = twin.join(file.name);
        if !renewed.contains(file.name) && is_same(&real, &path) {
            continue;
        }
        disk::make_parent(cache, &path)?;
        disk::replace(&path, |temporary| {
            std::fs::hard_link(&real, temporary).or_else(|_| disk::copy_new(&real, temporary))
        })?;
    }
    Ok(())
}

/// Whether `path` is a link to, or an earlier copy of, the content: both share size and time.
fn is_same(content: &Path, path: &Path) -> bool {
    match (std::fs::metadata(content), std::fs::symlink_metadata(path)) {
        (Ok(a), Ok(b)) => b.is_file() && a.len() == b.len() && a.modified().ok() == b.modified().ok(),
        _ => false,
    }
}

/// Removes the twins of snapshots that are gone: their links alone keep the contents on the disk.
fn forget_stale(twins: &Path, repository: &Path) {
    for twin in std::fs::read_dir(twins).into_iter().flatten().flatten() {
        if !repository.join("snapshots").join(twin.file_name()).exists() {
            let _ = std::fs::remove_dir_all(twin.path());
        }
    }
}
