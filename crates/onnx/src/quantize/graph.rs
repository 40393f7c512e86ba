//! A graph's nodes and constants.

use std::collections::{HashMap, HashSet};

use super::nodes::Node;
use super::tensors::{self, Tensor};
use crate::structure::GRAPH_INITIALIZER;
use crate::wire::{NotUnderstood, Range, Value, fields};

/// Graphs within graphs: more than any model has.
const DEEPEST: usize = 16;
const GRAPH_OUTPUT: u64 = 12;

/// A `GraphProto`.
pub(super) struct Graph<'m> {
    pub(super) model: &'m [u8],
    pub(super) nodes: Vec<Node<'m>>,
    pub(super) constants: HashMap<&'m str, Tensor<'m>>,
    /// Every name of a value there is, in the graphs within too.
    pub(super) names: HashSet<&'m str>,
    /// Names that something needs which is not rewritten: another operator, a graph within, the graph's outputs.
    needed: HashSet<&'m str>,
}

impl<'m> Graph<'m> {
    pub(super) fn read(model: &'m [u8], range: Range) -> Result<Self, NotUnderstood> {
        let mut graph =
            Self { model, nodes: Vec::new(), constants: HashMap::new(), names: HashSet::new(), needed: HashSet::new() };
        for field in fields(model, range) {
            let field = field?;
            let Value::Bytes(value) = field.value else { continue };
            match field.number {
                super::GRAPH_NODE => graph.nodes.push(Node::read(model, value)?),
                GRAPH_INITIALIZER => {
                    let tensor = Tensor::read(model, value)?;
                    graph.names.insert(tensor.name);
                    // Of two of one name, the runtime takes the first.
                    graph.constants.entry(tensor.name).or_insert(tensor);
                }
                super::GRAPH_INPUT => {
                    graph.names.insert(value_name(model, value)?);
                }
                GRAPH_OUTPUT => {
                    graph.needed.insert(value_name(model, value)?);
                }
                _ => {}
            }
        }
        for node in &graph.nodes {
            graph.names.extend(node.inputs.iter().chain(&node.outputs));
            for attribute in &node.attributes {
                for within in &attribute.graphs {
                    names_within(model, *within, DEEPEST, &mut graph.needed)?;
                }
            }
        }
        graph.names.extend(&graph.needed);
        let needed: Vec<&str> = graph.nodes.iter().flat_map(|node| graph.needed_by(node)).collect();
        graph.needed.extend(needed);
        Ok(graph)
    }

    /// What a node needs as it is: of those that are rewritten, all but the weight.
    fn needed_by(&self, node: &Node<'m>) -> Vec<&'m str> {
        let weight = match self.is_rewritable(node) {
            true if node.is("Gather") => Some(0),
            true => Some(1),
            false => None,
        };
        node.inputs.iter().enumerate().filter(|(at, _)| Some(*at) != weight).map(|(_, name)| *name).collect()
    }

    /// A constant matrix of 32-bit floats: its rows and columns.
    pub(super) fn matrix(&self, name: &str) -> Option<(usize, usize)> {
        self.constants.get(name).and_then(Tensor::matrix)
    }

    /// Whether something needs a constant's 32-bit values.
    pub(super) fn needs_floats(&self, name: &str) -> bool {
        self.needed.contains(name)
    }

    /// Whether the node is a product with a constant matrix, or gathers from one.
    pub(super) fn is_rewritable(&self, node: &Node<'_>) -> bool {
        if node.outputs.len() != 1 {
            return false;
        }
        let is_matrix = |at: usize| node.inputs.get(at).is_some_and(|name| self.matrix(name).is_some());
        if node.is("Gather") {
            return node.inputs.len() == 2 && is_matrix(0);
        }
        let is_plain_gemm = || {
            node.integer("transA", 0) == 0
                && node.float("alpha", 1.0) == 1.0
                && (node.inputs.len() < 3 || node.float("beta", 1.0) == 1.0)
        };
        (node.is("MatMul") || (node.is("Gemm") && is_plain_gemm())) && is_matrix(1)
    }
}

/// The name of a `ValueInfoProto`.
pub(super) fn value_name(model: &[u8], range: Range) -> Result<&str, NotUnderstood> {
    for field in fields(model, range) {
        let field = field?;
        if let (1, Value::Bytes(name)) = (field.number, field.value) {
            return name.text(model);
        }
    }
    Ok("")
}

/// The names of values that a graph within another uses or has.
fn names_within<'m>(
    model: &'m [u8],
    range: Range,
    depth: usize,
    names: &mut HashSet<&'m str>,
) -> Result<(), NotUnderstood> {
    let depth = depth.checked_sub(1).ok_or(NotUnderstood("graphs that are nested too deeply"))?;
    for field in fields(model, range) {
        let field = field?;
        let Value::Bytes(value) = field.value else { continue };
        match field.number {
            super::GRAPH_NODE => {
                let node = Node::read(model, value)?;
                names.extend(node.inputs.iter().chain(&node.outputs));
                for within in node.attributes.iter().flat_map(|attribute| &attribute.graphs) {
                    names_within(model, *within, depth, names)?;
                }
            }
            GRAPH_INITIALIZER => {
                names.insert(tensors::name(model, value)?);
            }
            super::GRAPH_INPUT | GRAPH_OUTPUT => {
                names.insert(value_name(model, value)?);
            }
            _ => {}
        }
    }
    Ok(())
}
