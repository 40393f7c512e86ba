//! The list of crates that cargo-auditable puts into a program.

use std::collections::BTreeSet;
use std::path::Path;

use auditable_info::Limits;
use serde::Deserialize;

use super::PACKAGE;
use crate::failure::{Failure, Outcome, failed, with_causes};
use crate::workspace;

/// Names and versions of crates.
pub(super) type Crates = BTreeSet<(String, String)>;

/// The list in a program.
#[derive(Deserialize)]
struct List {
    packages: Vec<Listed>,
}

/// A crate of the list.
#[derive(Deserialize)]
struct Listed {
    name: String,
    version: String,
    /// `build` where the crate only takes part in the build; nothing else is said of the others.
    kind: Option<String>,
}

/// Names and versions of the crates that a program says it is made of.
pub(super) fn listed_in(program: &Path) -> Result<Crates, Failure> {
    let none = |error: &dyn std::error::Error| {
        failed(format!("{} has no list of crates: {}", program.display(), with_causes(error)))
    };
    let list = auditable_info::json_from_file(program, Limits::default()).map_err(|error| none(&error))?;
    let list: List = serde_json::from_str(&list).map_err(|error| none(&error))?;
    let of_program = list.packages.into_iter().filter(|package| package.kind.as_deref() != Some("build"));
    Ok(of_program.map(|package| (package.name, package.version)).collect())
}

/// Names and versions of the crates that the program is made of, as cargo resolves them.
pub(super) fn needed(arguments: &[String]) -> Result<Crates, Failure> {
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root()).args(["tree", "--edges", "normal,no-proc-macro", "--prefix", "none"]);
    cargo.args(["--format", "{p}", "--package", PACKAGE]).args(arguments);
    Ok(packages_in(&workspace::output(&mut cargo)?))
}

/// Reads `NAME vVERSION …`, a line each.
fn packages_in(listing: &str) -> Crates {
    let package = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    listing.lines().filter_map(package).collect()
}

/// Fails if a crate of the program is not on the list.
pub(super) fn check(listed: &Crates, needed: &Crates) -> Outcome {
    let missing: Vec<String> = needed.difference(listed).map(|(name, version)| format!("{name} {version}")).collect();
    if missing.is_empty() && !needed.is_empty() {
        return Ok(());
    }
    Err(failed(format!("the program's list of crates lacks {}", missing.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_lacks_a_crate_is_told() {
        let tree = packages_in("embedkit-cli v0.1.0 (/w/crates/cli)\nserde v1.0.2\n\nserde v1.0.2 (*)\nsyn v2.0.1\n");
        assert_eq!(tree.len(), 3);
        check(&tree, &tree).unwrap();
        let mut short = tree.clone();
        short.remove(&("serde".to_owned(), "1.0.2".to_owned()));
        assert!(check(&short, &tree).is_err_and(|failure| failure.0.contains("serde 1.0.2")));
        check(&tree, &short).unwrap();
        check(&tree, &BTreeSet::new()).unwrap_err();
    }

    #[test]
    fn a_program_without_a_list_is_told() {
        let this = std::env::current_exe().unwrap();
        assert!(listed_in(&this).is_err_and(|failure| failure.0.contains("has no list of crates")));
    }
}
