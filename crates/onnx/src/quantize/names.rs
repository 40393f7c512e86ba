//! Names that no value of a graph has.

use std::collections::HashSet;

use super::graph::Graph;

/// The names that are taken.
pub(super) struct Names(HashSet<String>);

impl Names {
    pub(super) fn of(graph: &Graph<'_>) -> Self {
        Self(graph.names.iter().map(|name| (*name).to_owned()).collect())
    }

    /// A name for what is made of a value.
    pub(super) fn derive(&mut self, value: &str, suffix: &str) -> String {
        let mut name = format!("{value}_{suffix}");
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}
