//! Which crates are built where none is named: all below `crates/`, but those that need more than Rust.

use std::path::Path;

use serde::Deserialize;

use crate::failure::Failure;
use crate::{metadata, workspace};

/// Crates that are built by name only: no plain build has to have an interpreter of Python.
const BY_NAME: [&str; 1] = ["embedkit-python"];

/// The top `Cargo.toml`, as far as it matters here.
#[derive(Deserialize)]
struct Manifest {
    workspace: Workspace,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Workspace {
    default_members: Vec<String>,
}

/// What is wrong with the list of default members.
pub(super) fn check() -> Result<Vec<String>, Failure> {
    let path = workspace::root().join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| Failure(error.to_string()))?;
    let crates = metadata::of_workspace()?.into_iter().filter_map(|package| {
        let folder = package.folder().to_owned();
        let is_crate = folder.parent().and_then(Path::file_name).is_some_and(|parent| parent == "crates");
        is_crate.then(|| (package.name.clone(), format!("crates/{}", folder.file_name().unwrap_or_default().display())))
    });
    Ok(wrong_with(&manifest.workspace.default_members, &crates.collect::<Vec<_>>()))
}

fn wrong_with(listed: &[String], crates: &[(String, String)]) -> Vec<String> {
    let is_by_name = |name: &str| BY_NAME.contains(&name);
    let wrong = crates.iter().filter_map(|(name, folder)| match (listed.contains(folder), is_by_name(name)) {
        (false, false) => Some(format!("{folder} is not among the workspace's `default-members`")),
        (true, true) => Some(format!("{folder} is built by name only, and is among the `default-members`")),
        _ => None,
    });
    wrong.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_is_missing_is_told() {
        let crates = [("embedkit-core", "crates/core"), ("embedkit-python", "crates/python")]
            .map(|(name, folder)| (name.to_owned(), folder.to_owned()));
        let listed = |folders: &[&str]| folders.iter().map(|folder| (*folder).to_owned()).collect::<Vec<_>>();
        assert!(wrong_with(&listed(&["crates/core", "xtask"]), &crates).is_empty());
        assert_eq!(wrong_with(&listed(&["xtask"]), &crates).len(), 1);
        assert_eq!(wrong_with(&listed(&["crates/core", "crates/python"]), &crates).len(), 1);
    }
}
