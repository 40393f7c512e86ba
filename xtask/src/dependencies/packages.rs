//! Every package of the lock file: its licence, where it comes from, and how often it is there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Rules;
use crate::failure::Failure;
use crate::metadata::{self, Metadata, Package};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A licence that one crate may have though others may not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exception {
    /// An SPDX id.
    license: String,
    /// Why the crate is taken in all the same.
    #[serde(rename = "because")]
    _because: String,
}

/// What is wrong with packages.
pub(super) fn check(rules: &Rules) -> Result<Vec<String>, Failure> {
    let metadata = metadata::of_everything()?;
    eprintln!("{} packages in the lock file", metadata.packages.len());
    let mut broken = broken_by(rules, &metadata.packages);
    broken.extend(rules.same_as.iter().filter_map(|(name, model)| differing(&metadata, name, model)));
    Ok(broken)
}

/// Says so if the workspace's packages have another version of a crate than the model package has.
fn differing(Metadata { packages, resolve }: &Metadata, name: &str, model: &str) -> Option<String> {
    let versions = |is_user: &dyn Fn(&Package) -> bool| -> BTreeSet<&str> {
        let users: BTreeSet<&str> = packages.iter().filter(|p| is_user(p)).map(|p| p.id.as_str()).collect();
        let nodes = resolve.iter().flat_map(|resolve| &resolve.nodes).filter(|node| users.contains(node.id.as_str()));
        let used: BTreeSet<&String> = nodes.flat_map(|node| &node.dependencies).collect();
        packages.iter().filter(|p| p.name == name && used.contains(&p.id)).map(|p| p.version.as_str()).collect()
    };
    let ours = versions(&|package| package.source.is_none());
    let theirs = versions(&|package| package.name == model);
    let is_same = ours == theirs && ours.len() == 1;
    (!is_same).then(|| format!("{name} must be {model}'s own: the workspace has {ours:?}, and {model} has {theirs:?}"))
}

fn broken_by(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let foreign = packages.iter().filter(|package| package.source.is_some());
    let mut broken: Vec<String> = foreign.clone().filter_map(|package| wrong_with(package, rules)).collect();
    let unused = rules.exceptions.keys().filter(|name| !foreign.clone().any(|package| package.name == **name));
    broken.extend(unused.map(|name| format!("{name} is nowhere, and `exceptions` lists it")));
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

fn wrong_with(Package { name, version, license, source, .. }: &Package, rules: &Rules) -> Option<String> {
    if source.as_deref() != Some(CRATES_IO) {
        return Some(format!("{name} {version} does not come from crates.io, but from {source:?}"));
    }
    let license = license.as_deref().unwrap_or_default();
    let exception = rules.exceptions.get(name);
    let is_allowed = |id: &spdx::LicenseReq| {
        let id = id.license.to_string();
        rules.licenses.contains(&id) || exception.is_some_and(|exception| exception.license == id)
    };
    match spdx::Expression::parse_mode(license, spdx::ParseMode::LAX) {
        Ok(expression) if expression.evaluate(is_allowed) => None,
        _ => Some(format!("{name} {version} is under {license:?}, which `licenses` does not allow")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Node, Resolve};

    const RULES: &str = r#"
        licenses = ["MIT", "ISC"]
        tree = []
        exceptions.other = { license = "MPL-2.0", because = "it is good" }
        duplicates.twice = 2
        [unsafe]
    "#;

    #[test]
    fn licences_sources_and_duplicates_are_told() {
        let rules: Rules = toml::from_str(RULES).unwrap();
        let package = |name: &str, license: &str, source: Option<&str>| Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: Some(license.to_owned()),
            source: source.map(str::to_owned),
            ..Package::default()
        };
        let ours = |name| package(name, "", None);
        let theirs = |name, license| package(name, license, Some(CRATES_IO));
        let twice = || [theirs("twice", "MIT"), theirs("twice", "ISC"), theirs("other", "MPL-2.0")];
        for (more, expected) in [
            (vec![ours("a"), theirs("b", "GPL-3.0 OR MIT"), theirs("c", "GPL-3.0/MIT")], None),
            (vec![theirs("b", "GPL-3.0 AND MIT")], Some("is under \"GPL-3.0 AND MIT\"")),
            (vec![theirs("b", "")], Some("is under \"\"")),
            (vec![theirs("b", "MPL-2.0")], Some("is under \"MPL-2.0\"")),
            (vec![package("b", "MIT", Some("git+https://example.org"))], Some("does not come from crates.io")),
            (vec![theirs("b", "MIT"), theirs("b", "MIT")], Some("b is there in 2 versions")),
            (vec![theirs("twice", "MIT")], Some("twice is there in 3 versions")),
        ] {
            let packages: Vec<Package> = twice().into_iter().chain(more).collect();
            let broken = broken_by(&rules, &packages);
            assert_eq!(broken.len(), usize::from(expected.is_some()), "{broken:?}");
            assert!(broken.iter().all(|broken| broken.contains(expected.unwrap_or_default())), "{broken:?}");
        }
        let broken = broken_by(&rules, &[]);
        assert!(
            broken[0].contains("other is nowhere") && broken[1].contains("twice is there in 0 versions"),
            "{broken:?}"
        );
    }

    #[test]
    fn a_version_that_is_not_the_other_crates_is_told() {
        let package = |id: &str, source: Option<&str>| {
            let (name, version) = id.split_once('@').unwrap();
            let (name, version) = (name.to_owned(), version.to_owned());
            Package { id: id.to_owned(), name, version, source: source.map(str::to_owned), ..Package::default() }
        };
        let differs = |nodes: &[(&str, &str)]| {
            let theirs = ["tables@1", "tables@2", "model@1"].map(|id| package(id, Some(CRATES_IO)));
            let packages = theirs.into_iter().chain([package("ours@1", None)]).collect();
            let node = |(id, to): &(&str, &str)| Node { id: (*id).to_owned(), dependencies: vec![(*to).to_owned()] };
            let resolve = Some(Resolve { nodes: nodes.iter().map(node).collect() });
            differing(&Metadata { packages, resolve }, "tables", "model").is_some()
        };
        assert!(!differs(&[("ours@1", "tables@1"), ("model@1", "tables@1")]));
        assert!(differs(&[("ours@1", "tables@1"), ("model@1", "tables@2")]));
        assert!(differs(&[("ours@1", "tables@1")]) && differs(&[("model@1", "tables@1")]));
        assert!(differs(&[("ours@1", "tables@1"), ("ours@1", "tables@2"), ("model@1", "tables@1")]));
    }
}
