//! Graphs with all values in them. A graph that is not read from a file has no folder, and what it says of files beside
//! it would be looked for wherever the process happens to be.

use std::borrow::Cow;

use crate::Result;
use crate::error::FileError;
use crate::external_data::names_files;
use crate::header::{DATA_LOCATION, EXTERNAL_DATA, Header, RAW_DATA};
use crate::visit::Kind;
use crate::wire::{Field, Message, Range, Value, fields};

/// The file with the values in it that lie in others, of constants, of functions and of graphs within too. `file` gives
/// the others, by the names that the graph has for them. A file that names no other is given back as it is.
///
/// # Errors
/// What is not understood in the file; a file of values that is absent or too short; a result over 2 GiB.
pub fn inline_external_data<'m, 'f>(
    model: &'m [u8],
    file: impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>,
) -> Result<Cow<'m, [u8]>> {
    let whole = Range { start: 0, end: model.len() };
    match names_files(model, whole, Kind::Model)? {
        true => Ok(Cow::Owned(message(model, whole, Kind::Model, &file)?)),
        false => Ok(Cow::Borrowed(model)),
    }
}

/// Copies a field of a message of this kind, with the values in it.
pub(crate) fn copy<'f>(
    field: &Field,
    model: &[u8],
    kind: Kind,
    file: &impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>,
    written: &mut Message,
) -> Result<()> {
    match (kind.within(field.number), &field.value) {
        (Some(inner), Value::Bytes(range)) if names_files(model, *range, inner)? => {
            Ok(written.field(field.number, &message(model, *range, inner, file)?)?)
        }
        _ => Ok(written.copy(field, model)?),
    }
}

fn message<'f>(
    model: &[u8],
    range: Range,
    kind: Kind,
    file: &impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>,
) -> Result<Vec<u8>> {
    if kind == Kind::Tensor {
        return tensor(model, range, file);
    }
    let mut written = Message::default();
    for field in fields(model, range) {
        copy(&field?, model, kind, file, &mut written)?;
    }
    Ok(written.bytes())
}

fn tensor<'f>(model: &[u8], range: Range, file: &impl Fn(&str) -> Result<Cow<'f, [u8]>, FileError>) -> Result<Vec<u8>> {
    let header = Header::read(model, range)?;
    let place = header.place()?;
    let mut tensor = Message::default();
    for field in fields(model, range) {
        let field = field?;
        match field.number {
            EXTERNAL_DATA | DATA_LOCATION => {}
            RAW_DATA if place.is_some() => {}
            _ => tensor.copy(&field, model)?,
        }
    }
    if let Some(place) = place {
        tensor.field(RAW_DATA, &place.values(header.name, file)?)?;
    }
    Ok(tensor.bytes())
}
