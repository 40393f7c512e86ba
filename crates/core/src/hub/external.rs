//! ONNX models with their weights in files beside them.
//!
//! ONNX Runtime 1.24 and later refuses external data that resolves outside of the model file's
//! folder, and in a snapshot every file is a link to a content elsewhere. Such models are given
//! real names in a folder of their own: `onnx_snapshots/<commit>`, with hard links, or copies where
//! the file system has none.

use std::path::{Path, PathBuf};

use super::HubError;
use super::cache::{make_parent, replace};
use super::wanted::wanted;
use crate::ModelDescription;

/// The folder to load the model from: the snapshot, or its twin of hard links where that is needed.
pub(super) fn loadable(model: &ModelDescription, snapshot: PathBuf) -> PathBuf {
    if !has_far_data(model, &snapshot) {
        return snapshot;
    }
    let Some((repository, commit)) = repository_of(&snapshot) else { return snapshot };
    let twins = repository.join("onnx_snapshots");
    let twin = twins.join(&commit);
    match mirror(model, &snapshot, &twin) {
        Ok(()) => {
            forget_stale(&twins, repository);
            twin
        }
        Err(error) => {
            let error = error.to_string();
            tracing::warn!(model = model.id, error, "external data could not be put beside the model file");
            snapshot
        }
    }
}

/// Whether a required file beside or below the `.onnx` file resolves outside of its folder.
fn has_far_data(model: &ModelDescription, snapshot: &Path) -> bool {
    let model_file = Path::new(&model.model_file);
    let Some(folder) = model_file.parent().filter(|_| model_file.extension().is_some_and(|kind| kind == "onnx")) else {
        return false;
    };
    let Ok(real_folder) = snapshot.join(folder).canonicalize() else { return false };
    let is_far = |file: &String| snapshot.join(file).canonicalize().is_ok_and(|real| !real.starts_with(&real_folder));
    model.files.iter().filter(|file| Path::new(file).starts_with(folder)).any(is_far)
}

/// The repository's folder and the commit of `models--…/snapshots/<commit>`.
fn repository_of(snapshot: &Path) -> Option<(&Path, std::ffi::OsString)> {
    let snapshots = snapshot.parent().filter(|folder| folder.ends_with("snapshots"))?;
    Some((snapshots.parent()?, snapshot.file_name()?.to_owned()))
}

fn mirror(model: &ModelDescription, snapshot: &Path, twin: &Path) -> Result<(), HubError> {
    for file in wanted(model) {
        let Ok(real) = snapshot.join(file.name).canonicalize() else { continue };
        let path = twin.join(file.name);
        if is_same(&real, &path) {
            continue;
        }
        make_parent(&path)?;
        replace(&path, |temporary| std::fs::hard_link(&real, temporary).or_else(|_| copy(&real, temporary)))?;
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

fn copy(content: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::copy(content, path)?;
    let modified = std::fs::metadata(content)?.modified()?;
    std::fs::File::options().write(true).open(path)?.set_modified(modified)
}

/// Removes the twins of snapshots that are gone: their links alone keep the contents on the disk.
fn forget_stale(twins: &Path, repository: &Path) {
    for twin in std::fs::read_dir(twins).into_iter().flatten().flatten() {
        if !repository.join("snapshots").join(twin.file_name()).exists() {
            let _ = std::fs::remove_dir_all(twin.path());
        }
    }
}
