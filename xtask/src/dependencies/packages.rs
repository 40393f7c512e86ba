//! Every package of the lock file: its licence, where it comes from, and how often it is there.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

use super::Rules;
use crate::{Failure, workspace};

/// What `cargo metadata` says of a package.
#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// None for packages of the workspace.
    source: Option<String>,
}

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What is wrong with packages.
pub(super) fn check(rules: &Rules) -> Result<Vec<String>, Failure> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let mut cargo = Command::new(workspace::cargo());
    cargo.current_dir(workspace::root()).args(["metadata", "--format-version", "1", "--locked", "--all-features"]);
    let metadata: Metadata =
        serde_json::from_str(&workspace::output(&mut cargo)?).map_err(|e| Failure::Failed(e.to_string()))?;
    eprintln!("{} packages in the lock file", metadata.packages.len());
    Ok(broken_by(rules, &metadata.packages))
}

fn broken_by(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let foreign = packages.iter().filter(|package| package.source.is_some());
    let mut broken: Vec<String> = foreign.clone().filter_map(|package| wrong_with(package, rules)).collect();
    let mut versions: BTreeMap<&str, usize> = rules.duplicates.keys().map(|name| (name.as_str(), 0)).collect();
    foreign.for_each(|package| *versions.entry(&package.name).or_default() += 1);
    for (name, count) in versions {
        let expected = rules.duplicates.get(name).copied().unwrap_or(1);
        if count != expected {
            broken.push(format!("{name} is there in {count} versions, and `duplicates` says {expected}"));
        }
    }
    broken
}

fn wrong_with(Package { name, version, license, source }: &Package, rules: &Rules) -> Option<String> {
    if source.as_deref() != Some(CRATES_IO) {
        return Some(format!("{name} {version} does not come from crates.io, but from {source:?}"));
    }
    let license = license.as_deref().unwrap_or_default();
    let is_allowed = |id: &spdx::LicenseReq| rules.licenses.contains(&id.license.to_string());
    match spdx::Expression::parse_mode(license, spdx::ParseMode::LAX) {
        Ok(expression) if expression.evaluate(is_allowed) => None,
        _ => Some(format!("{name} {version} is under {license:?}, which `licenses` does not allow")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_sources_and_duplicates_are_told() {
        let rules: Rules =
            toml::from_str("licenses = [\"MIT\", \"ISC\"]\ntree = []\n[duplicates]\ntwice = 2\n[unsafe]\n").unwrap();
        let package = |name: &str, license: &str, source: Option<&str>| Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: Some(license.to_owned()),
            source: source.map(str::to_owned),
        };
        let ours = |name| package(name, "", None);
        let theirs = |name, license| package(name, license, Some(CRATES_IO));
        let twice = || [theirs("twice", "MIT"), theirs("twice", "ISC")];
        for (more, expected) in [
            (vec![ours("a"), theirs("b", "GPL-3.0 OR MIT"), theirs("c", "GPL-3.0/MIT")], None),
            (vec![theirs("b", "GPL-3.0 AND MIT")], Some("is under \"GPL-3.0 AND MIT\"")),
            (vec![theirs("b", "")], Some("is under \"\"")),
            (vec![package("b", "MIT", Some("git+https://example.org"))], Some("does not come from crates.io")),
            (vec![theirs("b", "MIT"), theirs("b", "MIT")], Some("b is there in 2 versions")),
            (vec![theirs("twice", "MIT")], Some("twice is there in 3 versions")),
        ] {
            let packages: Vec<Package> = twice().into_iter().chain(more).collect();
            let broken = broken_by(&rules, &packages);
            assert_eq!(broken.len(), usize::from(expected.is_some()), "{broken:?}");
            assert!(broken.iter().all(|broken| broken.contains(expected.unwrap_or_default())), "{broken:?}");
        }
        assert!(broken_by(&rules, &[])[0].contains("twice is there in 0 versions"));
    }
}
