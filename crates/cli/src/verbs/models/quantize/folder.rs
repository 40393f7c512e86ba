//! A model's folder with another graph.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// Ends of names that graphs and their weights have: those of the graph are in the new one, and others are other models.
const GRAPHS: [&str; 4] = [".onnx", ".onnx_data", ".onnx.data", ".onnx.data_0"];
/// Weights of the model itself, in its own folder, which the graph has.
const WEIGHTS: [&str; 6] =
    ["model.safetensors", "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "rust_model.ot", "model.ckpt"];

/// Writes the folder with these bytes for the graph, all of it or nothing; gives the bytes that the graph had, its weights
/// with them.
pub(super) fn write(from: &Path, graph: &str, bytes: &[u8], to: &Path) -> Result<u64> {
    if to.exists() {
        return Err(Failure::Usage(format!("{} is there already: name a folder that is not", to.display())));
    }
    let parent = match to.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let failed = |what: &Path| {
        let what = what.display().to_string();
        move |source| Failure::Io { what, source }
    };
    fs::create_dir_all(parent).map_err(failed(parent))?;
    let staging = tempfile::Builder::new().prefix(".embedkit-").tempdir_in(parent).map_err(failed(parent))?;
    for name in files(from)? {
        if !is_left_out(&name) {
            let target = staging.path().join(&name);
            make_folder_of(&target)?;
            fs::copy(from.join(&name), &target).map_err(failed(&from.join(&name)))?;
        }
    }
    let target = staging.path().join(graph);
    make_folder_of(&target)?;
    fs::write(&target, bytes).map_err(failed(&target))?;
    let staging = staging.keep();
    fs::rename(&staging, to).map_err(failed(to)).inspect_err(|_| drop(fs::remove_dir_all(&staging)))?;
    Ok(bytes_of(from, graph))
}

fn make_folder_of(path: &Path) -> Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    fs::create_dir_all(folder).map_err(|source| Failure::Io { what: folder.display().to_string(), source })
}

/// The bytes of a graph, and of its weights beside it.
fn bytes_of(folder: &Path, graph: &str) -> u64 {
    let parts = GRAPHS.map(|ending| folder.join(graph.replacen(".onnx", ending, 1)));
    parts.iter().filter_map(|part| Some(fs::metadata(part).ok()?.len())).sum()
}

fn is_left_out(name: &Path) -> bool {
    let text = name.to_string_lossy();
    GRAPHS.iter().any(|ending| text.ends_with(ending)) || WEIGHTS.iter().any(|weights| text == *weights)
}

/// The files of a folder and of those in it, by their names relative to it. Links are followed, as caches have them.
fn files(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        let path = folder.join(&inner);
        let failed = |source| Failure::Io { what: path.display().to_string(), source };
        for entry in fs::read_dir(&path).map_err(failed)? {
            let name = inner.join(entry.map_err(failed)?.file_name());
            let kind = fs::metadata(folder.join(&name)).map_err(failed)?;
            // Folders of links to themselves would never end.
            if kind.is_dir() && inner.components().count() < 8 {
                folders.push(name);
            } else if kind.is_file() {
                found.insert(name);
            }
        }
    }
    Ok(found)
}
