//! `cargo xtask dist`: the program as it is given to people, with the list of what it is made of inside.
//!
//! The list is cargo-auditable's: names, versions and sources of every crate, compressed to a few kilobytes in a section
//! of its own. It goes wherever the program goes, which a file beside it does not, and `cargo audit bin`, osv-scanner,
//! Trivy, Grype and Syft read it, the last into CycloneDX and SPDX for those who want a bill of materials as a file.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use auditable_info::Limits;
use clap::Args;
use serde::Deserialize;

use crate::failure::{Failure, Outcome, failed, with_causes};
use crate::workspace;

/// The program's package, and its name.
const PACKAGE: &str = "embedkit-cli";
const PROGRAM: &str = "embedkit";

/// How the program is built.
#[derive(Args)]
pub(crate) struct Dist {
    /// The profile; another one is for tries.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Arguments for `cargo build`, as `--features`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

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

/// Builds the program and checks the list that is in it.
pub(crate) fn run(options: &Dist) -> Outcome {
    let mut cargo = Command::new(workspace::cargo());
    if workspace::output(cargo.args(["auditable", "--version"])).is_err() {
        return Err(failed("cargo-auditable is not installed: `cargo install --locked cargo-auditable`"));
    }
    let mut cargo = Command::new(workspace::cargo());
    cargo.current_dir(workspace::root()).args(["auditable", "build", "--locked", "--package", PACKAGE]);
    cargo.args(["--profile", &options.profile]).args(&options.arguments);
    workspace::succeed(&mut cargo)?;
    let folder = if options.profile == "dev" { "debug" } else { &options.profile };
    let program = workspace::target().join(folder).join(PROGRAM).with_extension(std::env::consts::EXE_EXTENSION);
    let listed = listed_in(&program)?;
    check(&listed, &needed(&options.arguments)?)?;
    eprintln!("{} lists {} crates", program.display(), listed.len());
    Ok(())
}

/// Names and versions of the crates that a program says it is made of.
fn listed_in(program: &Path) -> Result<BTreeSet<(String, String)>, Failure> {
    let none = |error: &dyn std::error::Error| {
        failed(format!("{} has no list of crates: {}", program.display(), with_causes(error)))
    };
    let list = auditable_info::json_from_file(program, Limits::default()).map_err(|error| none(&error))?;
    let list: List = serde_json::from_str(&list).map_err(|error| none(&error))?;
    let of_program = list.packages.into_iter().filter(|package| package.kind.as_deref() != Some("build"));
    Ok(of_program.map(|package| (package.name, package.version)).collect())
}

/// Names and versions of the crates that the program is made of, as cargo resolves them.
fn needed(arguments: &[String]) -> Result<BTreeSet<(String, String)>, Failure> {
    let mut cargo = Command::new(workspace::cargo());
    cargo.current_dir(workspace::root()).args(["tree", "--edges", "normal,no-proc-macro", "--prefix", "none"]);
    cargo.args(["--format", "{p}", "--package", PACKAGE]).args(arguments);
    Ok(packages_in(&workspace::output(&mut cargo)?))
}

/// Reads `NAME vVERSION …`, a line each.
fn packages_in(listing: &str) -> BTreeSet<(String, String)> {
    let package = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    listing.lines().filter_map(package).collect()
}

/// Fails if a crate of the program is not on the list.
fn check(listed: &BTreeSet<(String, String)>, needed: &BTreeSet<(String, String)>) -> Outcome {
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
