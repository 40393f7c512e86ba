//! Nodes, read and written.

use super::names::Names;
use crate::wire::{Message, NotUnderstood, Range, Value, fields};

/// A `NodeProto`.
#[derive(Debug, Default)]
pub(super) struct Node<'m> {
    pub(super) inputs: Vec<&'m str>,
    pub(super) outputs: Vec<&'m str>,
    pub(super) name: &'m str,
    pub(super) operator: &'m str,
    pub(super) domain: &'m str,
    pub(super) attributes: Vec<Attribute<'m>>,
    range: Range,
}

/// An `AttributeProto`, as far as it says a number or has a graph.
#[derive(Debug, Default)]
pub(super) struct Attribute<'m> {
    pub(super) name: &'m str,
    float: Option<f32>,
    integer: Option<i64>,
    pub(super) graphs: Vec<Range>,
}

/// Whether a domain is that of ONNX's own operators.
pub(super) fn is_onnx(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

impl<'m> Node<'m> {
    pub(super) fn read(model: &'m [u8], range: Range) -> Result<Self, NotUnderstood> {
        let mut node = Self { range, ..Self::default() };
        for field in fields(model, range) {
            let field = field?;
            let Value::Bytes(value) = field.value else { continue };
            match field.number {
                1 => node.inputs.push(value.text(model)?),
                2 => node.outputs.push(value.text(model)?),
                // One that is no text is none that is made here either.
                3 => node.name = value.text(model).unwrap_or_default(),
                4 => node.operator = value.text(model)?,
                5 => node.attributes.push(Attribute::read(model, value)?),
                7 => node.domain = value.text(model)?,
                _ => {}
            }
        }
        Ok(node)
    }

    /// Whether it is one of ONNX's own operators.
    pub(super) fn is(&self, operator: &str) -> bool {
        self.operator == operator && is_onnx(self.domain)
    }

    /// An attribute's integer; `absent` where the node lacks it.
    pub(super) fn integer(&self, name: &str, absent: i64) -> i64 {
        self.attribute(name).and_then(|attribute| attribute.integer).unwrap_or(absent)
    }

    /// An attribute's number; `absent` where the node lacks it.
    pub(super) fn float(&self, name: &str, absent: f32) -> f32 {
        self.attribute(name).and_then(|attribute| attribute.float).unwrap_or(absent)
    }

    fn attribute(&self, name: &str) -> Option<&Attribute<'m>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// Writes it into a graph as it is.
    pub(super) fn write(&self, model: &[u8], graph: &mut Message) -> Result<(), NotUnderstood> {
        graph.field(super::GRAPH_NODE, self.range.of(model))
    }

    /// Writes it into a graph with other inputs and outputs.
    pub(super) fn write_with(
        &self,
        model: &[u8],
        inputs: &[&str],
        outputs: &[&str],
        graph: &mut Message,
    ) -> Result<(), NotUnderstood> {
        let mut node = with_ends(inputs, outputs)?;
        for field in fields(model, self.range) {
            let field = field?;
            if !matches!(field.number, 1 | 2) {
                node.copy(&field, model)?;
            }
        }
        graph.field(super::GRAPH_NODE, &node.bytes())
    }
}

impl<'m> Attribute<'m> {
    fn read(model: &'m [u8], range: Range) -> Result<Self, NotUnderstood> {
        let mut attribute = Self::default();
        for field in fields(model, range) {
            let field = field?;
            match (field.number, field.value) {
                (1, Value::Bytes(name)) => attribute.name = name.text(model)?,
                (2, Value::Fixed(float)) => {
                    attribute.float = float.of(model).try_into().ok().map(f32::from_le_bytes);
                }
                (3, Value::Number(integer)) => attribute.integer = Some(integer as i64),
                (6 | 11, Value::Bytes(graph)) => attribute.graphs.push(graph),
                _ => {}
            }
        }
        Ok(attribute)
    }
}

/// Writes a node of one of ONNX's operators into a graph. `to` is the type that a `Cast` gives.
pub(super) fn write(
    operator: &str,
    inputs: &[&str],
    outputs: &[&str],
    to: Option<u64>,
    names: &mut Names,
    graph: &mut Message,
) -> Result<(), NotUnderstood> {
    let mut node = with_ends(inputs, outputs)?;
    let name = outputs.first().map(|output| names.node_of(output));
    node.field(3, name.unwrap_or_default().as_bytes())?;
    node.field(4, operator.as_bytes())?;
    if let Some(to) = to {
        const INTEGER: u64 = 2;
        let mut attribute = Message::default();
        attribute.field(1, b"to")?;
        attribute.number(3, to)?;
        attribute.number(20, INTEGER)?;
        node.field(5, &attribute.bytes())?;
    }
    graph.field(super::GRAPH_NODE, &node.bytes())
}

/// A node that has its inputs and outputs.
fn with_ends(inputs: &[&str], outputs: &[&str]) -> Result<Message, NotUnderstood> {
    let mut node = Message::default();
    inputs.iter().try_for_each(|input| node.field(1, input.as_bytes()))?;
    outputs.iter().try_for_each(|output| node.field(2, output.as_bytes()))?;
    Ok(node)
}
