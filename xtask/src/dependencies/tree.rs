//! What each crate depends on.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::failure::Failure;
use crate::workspace;

/// What must hold of one crate's dependency tree under some features.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    package: String,
    /// Features, instead of the default ones.
    features: Vec<String>,
    /// Crates that must not be in the tree.
    #[serde(default)]
    absent: Vec<String>,
    /// Most crates in the tree, the package itself included.
    budget: usize,
}

/// The names of the crates that a build of the rule's package takes in.
fn tree(rule: &Rule) -> Result<BTreeSet<String>, Failure> {
    let mut cargo = workspace::cargo();
    cargo.current_dir(workspace::root()).args([
        "tree",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--no-default-features",
    ]);
    cargo.args(["--format", "{p}", "--package", &rule.package, "--features", &rule.features.join(",")]);
    let listing = workspace::output(&mut cargo)?;
    Ok(listing
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}

impl Rule {
    /// What is wrong with the crate's tree.
    pub(super) fn check(&self) -> Result<Vec<String>, Failure> {
        let crates = tree(self)?;
        eprintln!("{} [{}]: {} crates of {}", self.package, self.features.join(" "), crates.len(), self.budget);
        Ok(self.broken_by(&crates))
    }

    fn broken_by(&self, crates: &BTreeSet<String>) -> Vec<String> {
        let what = format!("{} with the features {:?}", self.package, self.features);
        let intruders = self.absent.iter().filter(|name| crates.contains(*name));
        let mut broken: Vec<String> = intruders.map(|name| format!("{what} must not depend on {name}")).collect();
        if crates.len() > self.budget {
            let count = crates.len();
            broken.push(format!("{what} depends on {count} crates, and its budget is {}", self.budget));
        }
        broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_sees_intruders_and_excess() {
        let rule = Rule { package: "p".into(), features: vec![], absent: vec!["ort".into()], budget: 2 };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(rule.broken_by(&names(&["p", "serde"])).len(), 0);
        assert_eq!(rule.broken_by(&names(&["p", "ort"])).len(), 1);
        assert_eq!(rule.broken_by(&names(&["p", "ort", "ort-sys"])).len(), 2);
    }
}
