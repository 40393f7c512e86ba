//! The files that a graph says hold its values, wherever in the graph they are named: the runtime follows such names
//! in nested graphs, constants and functions too.

use crate::header::{EXTERNAL_DATA, entry};
use crate::visit::{Kind, visit};
use crate::wire::{NotUnderstood, Range};

/// Calls `found` with the name of every file that a tensor says its values are in.
///
/// # Errors
/// What is not understood in the file.
pub fn external_files<'f>(file: &'f [u8], found: impl FnMut(&'f str)) -> Result<(), NotUnderstood> {
    files_of(file, Range { start: 0, end: file.len() }, Kind::Model, found)
}

/// Whether a message names a file.
///
/// # Errors
/// As [`external_files`].
pub(crate) fn names_files(file: &[u8], message: Range, kind: Kind) -> Result<bool, NotUnderstood> {
    let mut names = false;
    files_of(file, message, kind, |_| names = true)?;
    Ok(names)
}

fn files_of<'f>(
    file: &'f [u8],
    message: Range,
    kind: Kind,
    mut found: impl FnMut(&'f str),
) -> Result<(), NotUnderstood> {
    visit(file, message, kind, &mut |kind, number, range| {
        if (kind, number) == (Kind::Tensor, EXTERNAL_DATA)
            && let ("location", name) = entry(file, range)?
        {
            found(name);
        }
        Ok(())
    })
}
