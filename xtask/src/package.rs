//! `cargo xtask package`: checks what each published crate would hold.

use crate::failure::{Failure, Outcome};
use crate::metadata::{self, Package};
use crate::workspace;

/// Files at the top of a crate that may be published, and folders; cargo adds those that begin the list.
const ALLOWED: [&str; 10] = [
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE",
    "README.md",
    "examples/",
    "model/",
    "models.toml",
    "src/",
];
/// Files that every crate has.
const NEEDED: [&str; 3] = ["LICENSE", "README.md", "src/"];

/// Checks every crate that may be published.
pub(crate) fn run() -> Outcome {
    let mut broken = Vec::new();
    for package in metadata::of_workspace()?.iter().filter(|package| package.is_published()) {
        let files = files(&package.name)?;
        eprintln!("{}: {} files", package.name, files.len());
        let wrong = lacks(package).into_iter().chain(wrong_with(&files));
        broken.extend(wrong.map(|wrong| format!("{}: {wrong}", package.name)));
    }
    if broken.is_empty() { Ok(()) } else { Err(Failure(broken.join("\n"))) }
}

/// What cargo would put into the crate's archive.
fn files(package: &str) -> Result<Vec<String>, Failure> {
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root()).args(["package", "--list", "--allow-dirty", "--package", package]);
    Ok(workspace::output(&mut cargo)?.lines().map(|file| file.replace('\\', "/")).collect())
}

fn lacks(package: &Package) -> Vec<String> {
    let stated = [
        ("description", &package.description),
        ("license", &package.license),
        ("repository", &package.repository),
        ("readme", &package.readme),
    ];
    stated.into_iter().filter(|(_, value)| value.is_none()).map(|(key, _)| format!("states no `{key}`")).collect()
}

fn wrong_with(files: &[String]) -> Vec<String> {
    let is = |file: &str, entry: &str| if entry.ends_with('/') { file.starts_with(entry) } else { file == entry };
    let strange = files.iter().filter(|file| !ALLOWED.iter().any(|entry| is(file, entry)));
    let missing = NEEDED.iter().filter(|entry| !files.iter().any(|file| is(file, entry)));
    strange
        .map(|file| format!("{file} should not be published"))
        .chain(missing.map(|entry| format!("has no {entry}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_and_missing_files_are_told() {
        let wrong = |files: &[&str]| wrong_with(&files.iter().map(|file| (*file).to_owned()).collect::<Vec<_>>());
        assert!(wrong(&["Cargo.toml", "LICENSE", "README.md", "src/lib.rs"]).is_empty());
        let found = wrong(&["README.md", "src/lib.rs", "tests/fixtures/model.onnx"]);
        assert_eq!(found, ["tests/fixtures/model.onnx should not be published", "has no LICENSE"]);
    }
}
