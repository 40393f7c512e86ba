//! `cargo xtask manifest [--check]`: checks the catalogue and writes each crate's slice of it.

mod checks;
mod slices;

use std::path::{Path, PathBuf};

use embedkit_core::{Architecture, Manifest, ModelDescription, Plugin, Registry};

use crate::failure::{Failure, Outcome};
use crate::{metadata, workspace};

/// The catalogue, relative to the workspace.
pub(crate) const CATALOGUE: &str = "models.toml";

/// The crates that rows of the catalogue go to: each has the rows of its architectures, so no crate has rows that it
/// cannot load. To name one is also to link it, and so to have its architectures check the rows.
static CRATES: [&Plugin; 7] = [
    &embedkit_colbert::PLUGIN,
    &embedkit_colpali::PLUGIN,
    &embedkit_dense::PLUGIN,
    &embedkit_hybrid::PLUGIN,
    &embedkit_image::PLUGIN,
    &embedkit_rerank::PLUGIN,
    &embedkit_sparse::PLUGIN,
];

/// Whether a crate has a row's architecture.
fn loads(plugin: &Plugin, model: &ModelDescription) -> bool {
    let is_of = |known: &dyn Architecture| known.family() == model.family && known.name() == model.architecture;
    plugin.architectures.iter().any(|known| is_of(*known))
}

/// Runs the verb.
pub(crate) fn run(only_compare: bool) -> Outcome {
    update(&workspace::root().join(CATALOGUE), &slices()?, Registry::global(), only_compare).map_err(Failure)
}

/// A crate's part of the catalogue.
struct Slice {
    plugin: &'static Plugin,
    path: PathBuf,
}

/// The slices of this workspace.
fn slices() -> Result<Vec<Slice>, Failure> {
    let packages = metadata::of_workspace()?;
    let slice = |plugin: &'static Plugin| {
        let package = packages.iter().find(|package| package.name == plugin.name);
        let package = package.ok_or_else(|| Failure(format!("{} is no package here", plugin.name)))?;
        Ok(Slice { plugin, path: package.folder().join(CATALOGUE) })
    };
    CRATES.into_iter().map(slice).collect()
}

/// Checks the catalogue, then writes the slices, or compares them with what would be written.
fn update(catalogue: &Path, slices: &[Slice], registry: &Registry, only_compare: bool) -> Result<(), String> {
    let text = std::fs::read_to_string(catalogue).map_err(|e| format!("cannot read {}: {e}", catalogue.display()))?;
    let manifest = Manifest::parse(CATALOGUE, &text).map_err(|e| e.to_string())?;
    let rows = slices::rows(&text)?;

    let mut faults = checks::faults(&manifest, registry);
    // A slice that cannot be registered is mended by writing it anew.
    if only_compare {
        faults.extend(registry.faults());
    }
    if !faults.is_empty() {
        return Err(format!("{CATALOGUE} has {} faults:\n  {}", faults.len(), faults.join("\n  ")));
    }

    let mut stale = Vec::new();
    for Slice { plugin, path } in slices {
        let slice = slices::slice(&rows, |model| loads(plugin, model));
        if std::fs::read_to_string(path).is_ok_and(|written| written == slice) {
            continue;
        }
        if only_compare {
            stale.push(format!("{}'s {CATALOGUE}", plugin.name));
        } else {
            std::fs::write(path, slice).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
            eprintln!("wrote {}'s {CATALOGUE}", plugin.name);
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("stale: {}; run `cargo xtask manifest` and commit what it writes", stale.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "[[model]]\nid = \"a/b\"\nfamily = \"sparse\"\narchitecture = \"splade\"\n\
        description = \"One.\"\nlicense = \"MIT\"\nlanguages = [\"en\"]\nsize-gb = 0.1\nmodel-file = \"model.onnx\"\n\
        sources = [{ hf = \"a/b\" }]\n";

    /// A catalogue, and the slices of two crates, in a folder of their own.
    fn made_up(catalogue: &str) -> (tempfile::TempDir, PathBuf, [Slice; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CATALOGUE);
        std::fs::write(&path, catalogue).unwrap();
        let slices = [&embedkit_dense::PLUGIN, &embedkit_sparse::PLUGIN]
            .map(|plugin| Slice { plugin, path: folder.path().join(plugin.name) });
        (folder, path, slices)
    }

    #[test]
    fn slices_are_stale_until_written_and_after_an_edit() {
        let (_folder, catalogue, slices) = made_up(ROW);
        let update = |only_compare| update(&catalogue, &slices, Registry::global(), only_compare);
        assert!(update(true).unwrap_err().contains("stale: embedkit-dense's models.toml"));
        update(false).unwrap();
        update(true).unwrap();

        std::fs::write(&catalogue, ROW.replace("One.", "Another.")).unwrap();
        let error = update(true).unwrap_err();
        assert!(error.starts_with("stale: embedkit-sparse's models.toml;"), "{error}");
    }

    #[test]
    fn nothing_is_written_from_a_faulty_catalogue() {
        let (_folder, catalogue, slices) = made_up(&ROW.replace("MIT", "Mine"));
        let error = update(&catalogue, &slices, Registry::global(), false).unwrap_err();
        assert!(error.contains("a/b") && error.contains("license"), "{error}");
        assert!(!slices.iter().any(|slice| slice.path.exists()));
    }

    #[test]
    fn the_catalogue_of_this_workspace_is_in_order() {
        update(&workspace::root().join(CATALOGUE), &slices().unwrap(), Registry::global(), true).unwrap();
    }
}
