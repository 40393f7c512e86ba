//! What is read: the documents that a few arrays make.

use std::io::Read;

use crate::file_error::FileError;
use crate::multivector::{Element, MultiVector};
use crate::number::NumberType;

pub(super) const EMBEDDINGS: &str = "embeddings";
pub(super) const OFFSETS: &str = "offsets";
pub(super) const SCALES: &str = "scales";
pub(super) const DIM: &str = "dim";

/// How many bytes are turned into units at a time: files are never in memory beside their documents.
const BYTES: usize = 1 << 16;

/// Whether a unit holds several dimensions, so that units do not tell how many there are.
pub(super) fn is_packed<E: Element>() -> bool {
    E::units_per_row(1) == E::units_per_row(2)
}

/// A file's arrays.
pub(super) trait Arrays {
    /// The shape of an array that must hold such numbers, and the bytes of these.
    fn open(&mut self, name: &'static str, expected: NumberType) -> Result<(Vec<usize>, impl Read), FileError>;
}

/// The documents of a file.
pub(super) fn read<E: Element>(mut arrays: impl Arrays) -> Result<Vec<MultiVector<E>>, FileError> {
    // First, so that rows of another type are told as such.
    arrays.open(EMBEDDINGS, E::NUMBER_TYPE)?;
    let offsets = whole_numbers(&mut arrays, OFFSETS)?;
    let scales = if E::SCALED { floats(&mut arrays, SCALES)? } else { Vec::new() };
    let stated = if is_packed::<E>() { Some(dim(&mut arrays)?) } else { None };
    let (shape, mut embeddings) = arrays.open(EMBEDDINGS, E::NUMBER_TYPE)?;
    let &[rows, per_row] = shape.as_slice() else { return Err(axes(EMBEDDINGS, &shape, 2)) };
    let dim = stated.unwrap_or(per_row);
    let numbers = E::units_per_row(dim) * size_of::<E::Unit>() / E::NUMBER_TYPE.size();
    if per_row != numbers {
        return Err(FileError::Columns { found: per_row, expected: numbers, dim });
    }
    if E::SCALED && scales.len() != rows {
        return Err(FileError::Scales { found: scales.len(), rows });
    }
    let documents = bounds(&offsets, rows)?
        .windows(2)
        .enumerate()
        .map(|(at, pair)| {
            let units = units::<E>(&mut embeddings, (pair[1] - pair[0]).saturating_mul(E::units_per_row(dim)))?;
            let scales = if E::SCALED { scales[pair[0]..pair[1]].to_vec() } else { Vec::new() };
            MultiVector::from_parts(dim, units, scales)
                .map_err(|error| FileError::Vectors(error.at("document", at).into()))
        })
        .collect::<Result<_, _>>()?;
    // An archive's checksum is compared at the end.
    std::io::copy(&mut embeddings, &mut std::io::sink()).map_err(|error| damaged(EMBEDDINGS, error))?;
    Ok(documents)
}

/// Where each document starts, and the last one ends.
fn bounds(offsets: &[i64], rows: usize) -> Result<Vec<usize>, FileError> {
    let wrong = || FileError::Offsets { rows };
    let bounds: Vec<usize> =
        offsets.iter().map(|&offset| usize::try_from(offset)).collect::<Result<_, _>>().map_err(|_| wrong())?;
    let whole = bounds.first() == Some(&0) && bounds.last() == Some(&rows);
    if whole && bounds.is_sorted() { Ok(bounds) } else { Err(wrong()) }
}

/// The next units.
fn units<E: Element>(embeddings: &mut impl Read, count: usize) -> Result<Vec<E::Unit>, FileError> {
    let mut units = Vec::new();
    units.try_reserve_exact(count).map_err(|error| FileError::Io(error.into()))?;
    let mut bytes = vec![0; BYTES];
    let mut left = count.saturating_mul(size_of::<E::Unit>());
    while left > 0 {
        let bytes = &mut bytes[..left.min(BYTES)];
        embeddings.read_exact(bytes).map_err(|error| damaged(EMBEDDINGS, error))?;
        E::from_bytes(bytes, &mut units);
        left -= bytes.len();
    }
    Ok(units)
}

fn dim(arrays: &mut impl Arrays) -> Result<usize, FileError> {
    match whole_numbers(arrays, DIM)?.as_slice() {
        &[dim] if dim >= 0 => Ok(dim as usize),
        _ => Err(FileError::Array { name: DIM, source: "it must be one number, and not a negative one".into() }),
    }
}

fn whole_numbers(arrays: &mut impl Arrays, name: &'static str) -> Result<Vec<i64>, FileError> {
    let bytes = one_axis(arrays, name, NumberType::I64)?;
    Ok(bytes.as_chunks().0.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect())
}

fn floats(arrays: &mut impl Arrays, name: &'static str) -> Result<Vec<f32>, FileError> {
    Ok(NumberType::F32.to_f32s(&one_axis(arrays, name, NumberType::F32)?))
}

/// The bytes of an array of one axis.
fn one_axis(arrays: &mut impl Arrays, name: &'static str, expected: NumberType) -> Result<Vec<u8>, FileError> {
    let (shape, mut array) = arrays.open(name, expected)?;
    if shape.len() != 1 {
        return Err(axes(name, &shape, 1));
    }
    let mut bytes = Vec::new();
    array.read_to_end(&mut bytes).map_err(|error| damaged(name, error))?;
    Ok(bytes)
}

fn axes(name: &'static str, shape: &[usize], expected: usize) -> FileError {
    FileError::Axes { name, found: shape.len(), expected }
}

fn damaged(name: &'static str, error: std::io::Error) -> FileError {
    FileError::Array { name, source: error.into() }
}
