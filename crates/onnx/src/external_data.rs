//! The files that a graph says hold its values, wherever in the graph they are named: the runtime follows such names
//! in nested graphs, constants and functions too, which are of no interest otherwise.

use crate::header::{EXTERNAL_DATA, entry};
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

/// Calls `found` with the name of every file that a tensor says its values are in.
///
/// # Errors
/// What is not understood in the file.
pub fn external_files<'f>(file: &'f [u8], mut found: impl FnMut(&'f str)) -> Result<(), NotUnderstood> {
    visit(file, Range { start: 0, end: file.len() }, Kind::Model, DEEPEST, &mut found)
}

/// Whether a message names a file.
///
/// # Errors
/// As [`external_files`].
pub(crate) fn names_files(file: &[u8], message: Range, kind: Kind) -> Result<bool, NotUnderstood> {
    let mut names = false;
    visit(file, message, kind, DEEPEST, &mut |_| names = true)?;
    Ok(names)
}

fn visit<'f>(
    file: &'f [u8],
    message: Range,
    kind: Kind,
    depth: usize,
    found: &mut impl FnMut(&'f str),
) -> Result<(), NotUnderstood> {
    let depth = depth.checked_sub(1).ok_or(NotUnderstood("messages that are nested too deeply"))?;
    for field in fields(file, message) {
        let field = field?;
        let Value::Bytes(range) = field.value else { continue };
        if kind == Kind::Tensor && field.number == EXTERNAL_DATA {
            let (key, value) = entry(file, range)?;
            if key == "location" {
                found(value);
            }
        }
        if let Some(inner) = kind.within(field.number) {
            visit(file, range, inner, depth, found)?;
        }
    }
    Ok(())
}
