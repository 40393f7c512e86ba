//! The files that a graph says hold its values, wherever in the graph they are named: the runtime follows such names
//! in nested graphs, constants and functions too, which are of no interest otherwise.

use crate::weight::{EXTERNAL_DATA, entry};
use crate::wire::{NotUnderstood, Range, Value, fields};

/// Messages are nested no deeper, as in the runtime's own reader.
const DEEPEST: usize = 100;

/// A kind of message that can lead to a tensor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
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

/// Calls `found` with the name of every file that a tensor says its values are in.
///
/// # Errors
/// What is not understood in the file.
pub fn external_files<'f>(file: &'f [u8], mut found: impl FnMut(&'f str)) -> Result<(), NotUnderstood> {
    visit(file, Range { start: 0, end: file.len() }, Kind::Model, DEEPEST, &mut found)
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
        let nested = NESTED.iter().find(|(outer, number, _)| (*outer, *number) == (kind, field.number));
        if let Some((.., inner)) = nested {
            visit(file, range, *inner, depth, found)?;
        }
    }
    Ok(())
}
