//! The ONNX Runtime inside Python's `onnxruntime` package. No Python is run to find it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::surroundings::{RelativeVariable, Surroundings, entries};

/// The folders to look at: of the active environments, of every Python on `PATH`, of the user.
pub(crate) fn folders(surroundings: &Surroundings<'_>) -> Vec<Result<PathBuf, RelativeVariable>> {
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"].map(|variable| surroundings.path(variable));
    let on_path = surroundings.paths("PATH").into_iter().flat_map(|folder| prefixes(&folder)).map(|p| Ok(Some(p)));
    let users = surroundings.path("HOME").map(|home| home.map(|home| home.join(".local")));
    let mut seen = BTreeSet::new();
    let prefixes = active.into_iter().chain(on_path).chain([users]).filter_map(Result::transpose);
    let prefixes = prefixes.filter(|prefix| match prefix {
        Ok(prefix) => prefix.is_dir() && seen.insert(prefix.clone()),
        Err(_) => true,
    });
    prefixes
        .flat_map(|prefix| match prefix {
            Ok(prefix) => packages_under(&prefix).into_iter().map(Ok).collect(),
            Err(relative) => vec![Err(relative)],
        })
        .collect()
}

/// The prefixes of the Python whose program is in this folder: as named, as linked to, and those of pyenv, whose
/// programs on `PATH` are scripts.
fn prefixes(folder: &Path) -> Vec<PathBuf> {
    // `/bin` is often a link to `/usr/bin`.
    let Ok(folder) = folder.canonicalize() else { return Vec::new() };
    let program = ["python3", "python", "python.exe"].into_iter().map(|name| folder.join(name)).find(|p| p.is_file());
    let Some(program) = program else { return Vec::new() };
    let prefix = |program: &Path| {
        let folder = program.parent()?;
        // On Windows the program is in the prefix, elsewhere (and in virtual environments) in a folder of it.
        if cfg!(windows) && !folder.ends_with("Scripts") { Some(folder) } else { folder.parent() }.map(Path::to_owned)
    };
    let linked = program.canonicalize().ok().and_then(|program| prefix(&program));
    let named = prefix(&program);
    let pyenv = named.iter().flat_map(|root| entries(&root.join("versions"), |_| true)).collect::<Vec<_>>();
    named.into_iter().chain(linked).chain(pyenv).collect()
}

/// The folders under a prefix that may hold the library: the `onnxruntime` package of each Python, and a conda
/// package's `lib`; the prefix itself when there are none, so that errors name it.
fn packages_under(prefix: &Path) -> Vec<PathBuf> {
    let lib = prefix.join("lib");
    let pythons = entries(&lib, |name| name.starts_with("python3"));
    let sites = pythons.iter().flat_map(|python| [python.join("site-packages"), python.join("dist-packages")]);
    let packages = sites.chain([prefix.join("Lib/site-packages")]).map(|site| site.join("onnxruntime/capi"));
    let conda = prefix.join("conda-meta").is_dir().then_some(lib.clone());
    let folders: Vec<_> = packages.chain(conda).filter(|folder| folder.is_dir()).collect();
    if folders.is_empty() { vec![prefix.to_owned()] } else { folders }
}
