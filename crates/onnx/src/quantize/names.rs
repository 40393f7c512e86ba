//! Names that no value of a graph has.

use std::collections::HashSet;

use super::graph::Graph;

/// The names of what stands for a value in 8 bits.
#[derive(Clone)]
pub(super) struct Quantized {
    pub(super) values: String,
    /// What a step is worth: of weights, one for each column.
    pub(super) scale: String,
    /// The step that stands for zero.
    pub(super) zero: String,
}

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

    /// Names for a value's parts in 8 bits.
    pub(super) fn quantized(&mut self, value: &str) -> Quantized {
        let [values, scale, zero] = ["quantized", "scale", "zero_point"].map(|suffix| self.derive(value, suffix));
        Quantized { values, scale, zero }
    }
}
