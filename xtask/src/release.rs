//! `cargo xtask release`: the crates to their registry, each after those that it depends on.
//!
//! `--dry-run` packages all of them and publishes none; it asks no registry, for what any build has fetched. Before anything
//! is packaged it is checked that versions agree, that no published crate needs one that is not, and that the changelog tells
//! of the version.

use std::collections::BTreeSet;
use std::process::Command;

use clap::Args;

use crate::failure::{Failure, Outcome, failed};
use crate::metadata::{self, Package};
use crate::workspace;

/// Options of the verb.
#[derive(Args)]
pub(crate) struct Release {
    /// Packages everything and publishes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Builds each package from its archive alone, which takes long.
    #[arg(long)]
    verify: bool,
}

/// Checks, packages, and publishes unless it is a try.
pub(crate) fn run(options: &Release) -> Outcome {
    let packages = metadata::of_workspace()?;
    let published: Vec<&Package> = packages.iter().filter(|package| package.is_published()).collect();
    let version = env!("CARGO_PKG_VERSION");
    let changelog = std::fs::read_to_string(workspace::root().join("CHANGELOG.md"))
        .map_err(|error| failed(format!("CHANGELOG.md: {error}")))?;
    let mut faults = faults_of(&published, version);
    faults.extend(fault_of_changelog(&changelog, version, options.dry_run));
    if !options.dry_run && !workspace::output(Command::new("git").args(["status", "--porcelain"]))?.is_empty() {
        faults.push("there are changes that are not committed".to_owned());
    }
    if !faults.is_empty() {
        return Err(failed(faults.join("\n")));
    }
    let mut order = in_order(&published)?;
    if !options.dry_run {
        order.retain(|name| !is_in_the_registry(name, version));
    }
    if order.is_empty() {
        eprintln!("{version} is published already");
        return Ok(());
    }
    eprintln!("{version}: {}", order.join(", "));
    package(&order, options)?;
    if options.dry_run {
        eprintln!("{} packages; nothing was published", order.len());
        return Ok(());
    }
    for name in order {
        let mut cargo = workspace::cargo();
        cargo.current_dir(workspace::root()).args(["publish", "--locked", "--no-verify", "--package", &name]);
        workspace::succeed(&mut cargo)?;
    }
    Ok(())
}

/// Whether the registry has this version: of some crates, where a release ended half-way, and cargo would refuse them. Where
/// there is no answer, publishing tells why.
fn is_in_the_registry(name: &str, version: &str) -> bool {
    let mut cargo = workspace::cargo();
    cargo.args(["info", "--quiet", "--registry", "crates-io", &format!("{name}@{version}")]);
    workspace::output(&mut cargo).is_ok()
}

/// Has cargo package all crates together, so that each finds the others though no registry has them.
fn package(order: &[String], options: &Release) -> Outcome {
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root()).args(["package", "--locked"]);
    cargo.args(order.iter().flat_map(|name| ["--package", name]));
    cargo.args((!options.verify).then_some("--no-verify"));
    if options.dry_run {
        cargo.args(["--allow-dirty", "--offline"]);
    }
    workspace::succeed(&mut cargo)
}

/// What is wrong with versions.
fn faults_of(published: &[&Package], version: &str) -> Vec<String> {
    let names: BTreeSet<&str> = published.iter().map(|package| package.name.as_str()).collect();
    let mut faults = Vec::new();
    for package in published {
        if package.version != version {
            faults.push(format!("{} is of version {}, and the others of {version}", package.name, package.version));
        }
        for needed in package.own_dependencies() {
            if !names.contains(needed.name.as_str()) {
                faults.push(format!("{} needs {}, which is not published", package.name, needed.name));
            } else if needed.req.trim_start_matches(['^', '=']) != version {
                let asked = format!("{} {}", needed.name, needed.req);
                faults.push(format!("{} asks for {asked}, and it is of version {version}", package.name));
            }
        }
    }
    faults
}

/// What is wrong with the changelog: it has a section for the version, or in a try, one for what is not published yet.
fn fault_of_changelog(text: &str, version: &str, is_try: bool) -> Option<String> {
    let section = |title: &str| {
        let (_, rest) = text.split_once(&format!("\n## [{title}]"))?;
        let content = rest.split("\n## ").next().unwrap_or_default().split_once('\n')?.1;
        Some(content.split("\n[").next().unwrap_or_default().trim().to_owned())
    };
    match (section(version), section("Unreleased")) {
        (Some(told), _) if told.is_empty() => Some(format!("CHANGELOG.md says nothing of {version}")),
        (Some(_), Some(left)) if !left.is_empty() => {
            Some(format!("CHANGELOG.md has changes under Unreleased, beside the section of {version}"))
        }
        (Some(_), _) => None,
        (None, Some(left)) if is_try && !left.is_empty() => {
            eprintln!("CHANGELOG.md: Unreleased becomes {version}");
            None
        }
        (None, _) => Some(format!("CHANGELOG.md has no section `## [{version}]`")),
    }
}

/// The names, each behind those that it needs.
fn in_order(published: &[&Package]) -> Result<Vec<String>, Failure> {
    let mut order: Vec<String> = Vec::new();
    while order.len() < published.len() {
        let before = order.len();
        for package in published {
            let is_there = |name: &String| order.contains(name);
            let is_free = package.own_dependencies().all(|needed| is_there(&needed.name));
            if is_free && !is_there(&package.name) {
                order.push(package.name.clone());
            }
        }
        if order.len() == before {
            return Err(failed("crates need each other in a circle"));
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, version: &str, needs: &[(&str, &str)]) -> Package {
        let dependency = |(name, req): &(&str, &str)| Dependency {
            name: (*name).to_owned(),
            req: (*req).to_owned(),
            path: Some("x".into()),
            kind: None,
        };
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            dependencies: needs.iter().map(dependency).collect(),
            ..Package::default()
        }
    }

    #[test]
    fn crates_come_after_what_they_need() {
        let packages = [
            package("c", "1.0.0", &[("a", "^1.0.0"), ("b", "^1.0.0")]),
            package("b", "1.0.0", &[("a", "^1.0.0")]),
            package("a", "1.0.0", &[]),
        ];
        let all: Vec<&Package> = packages.iter().collect();
        assert_eq!(in_order(&all).unwrap(), ["a", "b", "c"]);
        assert!(faults_of(&all, "1.0.0").is_empty());
        let circle = [package("a", "1.0.0", &[("b", "^1.0.0")]), package("b", "1.0.0", &[("a", "^1.0.0")])];
        assert!(in_order(&circle.iter().collect::<Vec<_>>()).is_err());
    }

    #[test]
    fn versions_that_disagree_are_told() {
        let packages = [package("a", "1.0.0", &[]), package("b", "1.1.0", &[("a", "^0.9.0"), ("private", "^1.1.0")])];
        let faults = faults_of(&packages.iter().collect::<Vec<_>>(), "1.1.0").join("\n");
        for told in ["a is of version 1.0.0", "b asks for a ^0.9.0", "b needs private, which is not published"] {
            assert!(faults.contains(told), "{faults}");
        }
    }

    #[test]
    fn the_changelog_tells_of_the_version() {
        let text = "# Changelog\n\n## [Unreleased]\n\nNew things.\n\n[Unreleased]: x\n";
        assert_eq!(fault_of_changelog(text, "1.0.0", true), None);
        assert!(fault_of_changelog(text, "1.0.0", false).is_some());
        let released = "# Changelog\n\n## [Unreleased]\n\n## [1.0.0] - 2030-01-01\n\nNew things.\n\n[Unreleased]: x\n";
        assert_eq!(fault_of_changelog(released, "1.0.0", false), None);
        let both = released.replace("## [Unreleased]\n", "## [Unreleased]\n\nMore.\n");
        assert!(fault_of_changelog(&both, "1.0.0", false).is_some_and(|fault| fault.contains("beside")));
        let empty = "\n## [1.0.0]\n\n## [0.9.0]\n\nOld things.\n";
        assert!(fault_of_changelog(empty, "1.0.0", true).is_some_and(|fault| fault.contains("says nothing")));
    }
}
