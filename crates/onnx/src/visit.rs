//! The messages of a graph that hold nodes and tensors, wherever they are: in nested graphs, constants and functions too.

use crate::wire::{DEEPEST, NotUnderstood, Range, Value, fields};

/// A kind of message that can lead to a tensor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Model,
    TrainingInfo,
    Function,
    Graph,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

/// Which field of which kind of message holds messages of which kind.
const NESTED: &[(Kind, u64, Kind)] = &[
    (Kind::Model, 7, Kind::Graph),
    (Kind::Model, 20, Kind::TrainingInfo),
    (Kind::Model, 25, Kind::Function),
    (Kind::TrainingInfo, 1, Kind::Graph),
    (Kind::TrainingInfo, 2, Kind::Graph),
    (Kind::Function, 7, Kind::Node),
    (Kind::Function, 11, Kind::Attribute),
    (Kind::Graph, 1, Kind::Node),
    (Kind::Graph, 5, Kind::Tensor),
    (Kind::Graph, 15, Kind::SparseTensor),
    (Kind::Node, 5, Kind::Attribute),
    (Kind::Attribute, 5, Kind::Tensor),
    (Kind::Attribute, 6, Kind::Graph),
    (Kind::Attribute, 10, Kind::Tensor),
    (Kind::Attribute, 11, Kind::Graph),
    (Kind::Attribute, 22, Kind::SparseTensor),
    (Kind::Attribute, 23, Kind::SparseTensor),
    (Kind::SparseTensor, 1, Kind::Tensor),
    (Kind::SparseTensor, 2, Kind::Tensor),
];

impl Kind {
    /// The kind of the messages in a field, where they can lead to a tensor.
    pub(crate) fn within(self, field: u64) -> Option<Self> {
        let nested = NESTED.iter().find(|(outer, number, _)| (*outer, *number) == (self, field));
        nested.map(|(.., inner)| *inner)
    }
}

/// Calls `see` with each field of bytes of each message that can lead to a tensor, and the message's kind. Values of tensors
/// are passed over without being touched.
///
/// # Errors
/// What is not understood in the file, and the first of `see`.
pub(crate) fn visit(
    file: &[u8],
    message: Range,
    kind: Kind,
    see: &mut impl FnMut(Kind, u64, Range) -> Result<(), NotUnderstood>,
) -> Result<(), NotUnderstood> {
    visit_within(file, message, kind, DEEPEST, see)
}

fn visit_within(
    file: &[u8],
    message: Range,
    kind: Kind,
    depth: usize,
    see: &mut impl FnMut(Kind, u64, Range) -> Result<(), NotUnderstood>,
) -> Result<(), NotUnderstood> {
    let depth = depth.checked_sub(1).ok_or(NotUnderstood("messages that are nested too deeply"))?;
    for field in fields(file, message) {
        let field = field?;
        let Value::Bytes(range) = field.value else { continue };
        see(kind, field.number, range)?;
        if let Some(inner) = kind.within(field.number) {
            visit_within(file, range, inner, depth, see)?;
        }
    }
    Ok(())
}
