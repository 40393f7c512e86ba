//! Names that no value and no node of a graph has.

use std::collections::HashSet;

/// The names of what stands for a value in 8 bits.
#[derive(Clone)]
pub(super) struct Quantized {
    pub(super) values: String,
    /// What a step is worth: of weights, one for each column.
    pub(super) scale: String,
    /// The step that stands for zero.
    pub(super) zero: String,
}

/// The names that are taken. Nodes have theirs apart from values.
pub(super) struct Names {
    values: HashSet<String>,
    nodes: HashSet<String>,
}

impl Names {
    pub(super) fn taken<'m>(values: impl Iterator<Item = &'m str>, nodes: impl Iterator<Item = &'m str>) -> Self {
        Self { values: values.map(str::to_owned).collect(), nodes: nodes.map(str::to_owned).collect() }
    }

    /// A name for what is made of a value.
    pub(super) fn derive(&mut self, value: &str, suffix: &str) -> String {
        free(&mut self.values, format!("{value}_{suffix}"))
    }

    /// A name for the node that a value comes from: the value's, where no other node has it.
    pub(super) fn node_of(&mut self, value: &str) -> String {
        free(&mut self.nodes, value.to_owned())
    }

    /// Names for a value's parts in 8 bits.
    pub(super) fn quantized(&mut self, value: &str) -> Quantized {
        let [values, scale, zero] = ["quantized", "scale", "zero_point"].map(|suffix| self.derive(value, suffix));
        Quantized { values, scale, zero }
    }
}

/// A name like this one that is not taken; now it is.
fn free(taken: &mut HashSet<String>, mut name: String) -> String {
    while !taken.insert(name.clone()) {
        name.push('_');
    }
    name
}
