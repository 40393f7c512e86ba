//! `cargo xtask public-api [--check]`: writes what each published library shows to the world into a file beside its
//! `Cargo.toml`, one line an item; with `--check`, compares.
//!
//! The list is made of rustdoc's JSON, which stable Rust writes only when told to (see `xtask/rustdoc-json`), in a
//! format of its own for each version of Rust: the crate `public-api` must be of the version that reads it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use public_api::Builder;

use crate::failure::{Failure, Outcome};
use crate::metadata::{self, Package};
use crate::{files, workspace};

/// The file's name.
const FILE: &str = "public-api.txt";

/// Runs the verb.
pub(crate) fn run(only_compare: bool) -> Outcome {
    let libraries: Vec<Package> = metadata::of_workspace()?
        .into_iter()
        .filter(|package| package.is_published() && package.library().is_some())
        .collect();
    document(&libraries)?;
    let (mut total, mut differing) = (0, Vec::new());
    for package in &libraries {
        let items = items(package)?;
        total += items.len();
        eprintln!("{}: {} public items", package.name, items.len());
        let path = package.folder().join(FILE);
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        let written: Vec<&str> = written.lines().collect();
        if written == items {
            continue;
        }
        if only_compare {
            differing.push(difference(&package.name, &written, &items));
        } else {
            let text: String = items.iter().map(|item| format!("{item}\n")).collect();
            files::write(&path, text)?;
        }
    }
    eprintln!("{total} public items in {} libraries", libraries.len());
    if differing.is_empty() {
        return Ok(());
    }
    let differing = differing.concat();
    Err(Failure(format!(
        "the public API changed; if it is meant to, run `cargo xtask public-api` and commit what it writes\n{differing}"
    )))
}

/// Has rustdoc describe the libraries, with the features that their pages have.
fn document(libraries: &[Package]) -> Outcome {
    let features: Vec<String> = libraries.iter().flat_map(Package::documented_features).collect();
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root()).args(["doc", "--quiet", "--no-deps", "--lib"]);
    cargo.arg("--features").arg(features.join(","));
    for package in libraries {
        cargo.args(["--package", &package.name]);
    }
    cargo.env("RUSTDOC", workspace::root().join("xtask/rustdoc-json"));
    // Cargo tells by the flags that this is not the documentation for people.
    cargo.env("RUSTDOCFLAGS", "-Z unstable-options --output-format json --cap-lints allow");
    workspace::succeed(&mut cargo)
}

/// A library's public items, a line each.
fn items(package: &Package) -> Result<Vec<String>, Failure> {
    let library = package.library().map_or(package.name.as_str(), |library| &library.name).replace('-', "_");
    let path = workspace::target().join("doc").join(format!("{library}.json"));
    let api = Builder::from_rustdoc_json(&path)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    Ok(api.items().map(ToString::to_string).collect())
}

/// What went and what came, a line each.
fn difference(package: &str, before: &[&str], now: &[String]) -> String {
    let (before, now): (BTreeSet<&str>, BTreeSet<&str>) =
        (before.iter().copied().collect(), now.iter().map(String::as_str).collect());
    let mut text = format!("{package}:\n");
    for gone in before.difference(&now) {
        let _ = writeln!(text, "  - {gone}");
    }
    for new in now.difference(&before) {
        let _ = writeln!(text, "  + {new}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_and_what_came_is_told() {
        let now = ["pub fn a()".to_owned(), "pub fn c()".to_owned()];
        assert_eq!(difference("p", &["pub fn a()", "pub fn b()"], &now), "p:\n  - pub fn b()\n  + pub fn c()\n");
    }
}
