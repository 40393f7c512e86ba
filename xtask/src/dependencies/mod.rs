//! `cargo xtask dependencies`: checks what is taken in against `xtask/dependencies.toml`.

mod imports;
mod members;
mod packages;
mod tree;
mod unsafe_code;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::failure::{Failure, Outcome};

/// `xtask/dependencies.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    /// SPDX ids of the licences that a dependency may have.
    licenses: BTreeSet<String>,
    /// Crates that may have another licence, which one, and why.
    #[serde(default)]
    exceptions: BTreeMap<String, packages::Exception>,
    /// Crates of which there are several versions, and how many.
    duplicates: BTreeMap<String, usize>,
    /// Crates of which the workspace must have the version that another crate has, and that crate.
    #[serde(default, rename = "same-as")]
    same_as: BTreeMap<String, String>,
    /// Files that hold unsafe code, and what for.
    #[serde(rename = "unsafe")]
    unsafe_code: BTreeMap<String, String>,
    /// Crates, modules or files that form a cycle of imports and are not untangled yet.
    #[serde(default)]
    cycles: Vec<BTreeSet<String>>,
    tree: Vec<tree::Rule>,
}

/// Checks every rule.
pub(crate) fn run() -> Outcome {
    let rules = rules()?;
    let mut broken = packages::check(&rules)?;
    broken.extend(imports::check(&rules.cycles)?);
    broken.extend(members::check()?);
    broken.extend(unsafe_code::check(&rules.unsafe_code)?);
    for rule in &rules.tree {
        broken.extend(rule.check()?);
    }
    if broken.is_empty() { Ok(()) } else { Err(Failure(broken.join("\n"))) }
}

fn rules() -> Result<Rules, Failure> {
    toml::from_str(include_str!("../../dependencies.toml")).map_err(|e| Failure(e.to_string()))
}
