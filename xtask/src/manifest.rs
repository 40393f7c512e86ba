//! `cargo xtask manifest [--check]`: checks the catalogue and writes each crate's slice of it.

mod checks;
mod slices;

use std::path::Path;

use embedkit_core::{Manifest, ModelDescription, Registry};

use crate::failure::{Failure, Outcome};

/// The catalogue, relative to the workspace.
const CATALOGUE: &str = "models.toml";

/// The families of this workspace; each has a crate of its name.
const FAMILIES: [&str; 7] = ["dense", "sparse", "colbert", "colpali", "image", "hybrid", "rerank"];

/// Architectures that one crate has for several families, and that crate.
const SHARED: [(&str, &str); 1] = [("bge-m3", "hybrid")];

/// The crate in whose slice a row stands: its family's, unless another has its architecture. So no crate has rows that
/// it cannot load.
fn home(model: &ModelDescription) -> &str {
    let shared = SHARED.iter().find(|(architecture, _)| *architecture == model.architecture);
    shared.map_or(&model.family, |(_, home)| home)
}

/// The crates whose architectures rows are checked against; named here so that they are linked.
mod linked {
    use {
        embedkit_colbert as _, embedkit_colpali as _, embedkit_dense as _, embedkit_hybrid as _, embedkit_image as _,
        embedkit_rerank as _, embedkit_sparse as _,
    };
}

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let only_compare = match arguments {
        [] => false,
        ["--check"] => true,
        _ => return Err(Failure::Usage(format!("manifest takes nothing but --check, not {arguments:?}"))),
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    update(&workspace, Registry::global(), only_compare).map_err(Failure::Failed)
}

/// Checks the catalogue, then writes the slices, or compares them with what would be written.
fn update(workspace: &Path, registry: &Registry, only_compare: bool) -> Result<(), String> {
    let catalogue = read(&workspace.join(CATALOGUE))?;
    let manifest = Manifest::parse(CATALOGUE, &catalogue).map_err(|e| e.to_string())?;
    let rows = slices::rows(&catalogue)?;

    let unchecked = checks::families_without_architecture(registry);
    if !unchecked.is_empty() {
        eprintln!(
            "note: no architecture is registered yet for {}: no architecture has checked their rows",
            unchecked.join(", ")
        );
    }
    let mut faults = checks::faults(&manifest, registry);
    // A slice that cannot be registered is mended by writing it anew.
    if only_compare {
        faults.extend(registry.faults());
    }
    if !faults.is_empty() {
        return Err(format!("{CATALOGUE} has {} faults:\n  {}", faults.len(), faults.join("\n  ")));
    }

    let mut stale = Vec::new();
    for family in FAMILIES {
        let place = format!("crates/{family}/{CATALOGUE}");
        let path = workspace.join(&place);
        let slice = slices::slice(&rows, family);
        if std::fs::read_to_string(&path).is_ok_and(|written| written == slice) {
            continue;
        }
        if only_compare {
            stale.push(place);
        } else {
            std::fs::write(&path, slice).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
            eprintln!("wrote {place}");
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("stale: {}; run `cargo xtask manifest` and commit what it writes", stale.join(", ")))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "[[model]]\nid = \"a/b\"\nfamily = \"sparse\"\narchitecture = \"splade\"\n\
        description = \"One.\"\nlicense = \"MIT\"\nlanguages = [\"en\"]\nsize-gb = 0.1\nmodel-file = \"model.onnx\"\n\
        sources = [{ hf = \"a/b\" }]\n";

    fn workspace(catalogue: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for family in FAMILIES {
            std::fs::create_dir_all(folder.path().join("crates").join(family)).unwrap();
        }
        std::fs::write(folder.path().join(CATALOGUE), catalogue).unwrap();
        folder
    }

    #[test]
    fn slices_are_stale_until_written_and_after_an_edit() {
        let folder = workspace(ROW);
        let (registry, path) = (Registry::empty(), folder.path());
        assert!(update(path, &registry, true).unwrap_err().contains("stale: crates/dense/models.toml"));
        update(path, &registry, false).unwrap();
        update(path, &registry, true).unwrap();

        std::fs::write(path.join(CATALOGUE), ROW.replace("One.", "Another.")).unwrap();
        let error = update(path, &registry, true).unwrap_err();
        assert!(error.starts_with("stale: crates/sparse/models.toml;"), "{error}");
    }

    #[test]
    fn nothing_is_written_from_a_faulty_catalogue() {
        let folder = workspace(&ROW.replace("MIT", "Mine"));
        let error = update(folder.path(), &Registry::empty(), false).unwrap_err();
        assert!(error.contains("a/b") && error.contains("license"), "{error}");
        assert!(!folder.path().join("crates/sparse/models.toml").exists());
    }

    #[test]
    fn the_catalogue_of_this_workspace_is_in_order() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        update(&workspace, Registry::global(), true).unwrap();
    }
}
