//! What is written: the rows of many documents as a few arrays.

use super::arrays::{DIM, EMBEDDINGS, OFFSETS, SCALES, is_packed};
use crate::multivector::{Element, MultiVector};
use crate::number::NumberType;
use crate::{Error, Result};

/// How many units are turned into bytes at a time: files are never in memory beside their documents.
const UNITS: usize = 1 << 14;

/// Rows of many documents, one after the other.
#[derive(Debug)]
pub(super) struct Stack<'a, E: Element> {
    pub(super) rows: usize,
    pub(super) dim: usize,
    /// Whose units, one after the other, are the rows.
    pub(super) units: Vec<&'a [E::Unit]>,
    pub(super) scales: Vec<&'a [f32]>,
    pub(super) offsets: Vec<i64>,
}

/// An array of a file.
pub(super) struct Array<'a> {
    pub(super) name: &'static str,
    pub(super) number_type: NumberType,
    pub(super) shape: Vec<usize>,
    /// Its numbers, some at a time.
    pub(super) bytes: Box<dyn Iterator<Item = Vec<u8>> + 'a>,
}

impl Array<'_> {
    /// How many bytes its numbers take.
    pub(super) fn size(&self) -> usize {
        self.shape.iter().product::<usize>() * self.number_type.size()
    }
}

impl<'a, E: Element> Stack<'a, E> {
    /// Documents one after the other.
    ///
    /// # Errors
    /// [`Error::Width`] when they differ in width.
    pub(super) fn new(documents: &'a [MultiVector<E>]) -> Result<Self> {
        let dim = documents.first().map_or(0, MultiVector::dim);
        let mut stack = Self { rows: 0, dim, units: Vec::new(), scales: Vec::new(), offsets: vec![0] };
        for (at, document) in documents.iter().enumerate() {
            if document.dim() != dim {
                let found = document.dim();
                let width = Error::Width { what: "it", found, other: "document 0, in the same file,", expected: dim };
                return Err(width.at("document", at));
            }
            stack.rows += document.len();
            stack.units.push(document.units());
            stack.scales.push(document.scales());
            stack.offsets.push(stack.rows as i64);
        }
        Ok(stack)
    }

    /// The arrays, those of wider numbers first, so that each is aligned.
    pub(super) fn arrays(&self) -> Vec<Array<'_>> {
        let mut arrays = vec![whole_numbers(OFFSETS, self.offsets.clone())];
        if is_packed::<E>() {
            arrays.push(whole_numbers(DIM, vec![self.dim as i64]));
        }
        if E::SCALED {
            arrays.push(Array {
                name: SCALES,
                number_type: NumberType::F32,
                shape: vec![self.rows],
                bytes: chunks::<f32>(&self.scales),
            });
        }
        let per_row = E::units_per_row(self.dim) * size_of::<E::Unit>() / E::NUMBER_TYPE.size();
        arrays.push(Array {
            name: EMBEDDINGS,
            number_type: E::NUMBER_TYPE,
            shape: vec![self.rows, per_row],
            bytes: chunks::<E>(&self.units),
        });
        arrays
    }
}

fn whole_numbers(name: &'static str, numbers: Vec<i64>) -> Array<'static> {
    let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let shape = vec![numbers.len()];
    Array { name, number_type: NumberType::I64, shape, bytes: Box::new(std::iter::once(bytes)) }
}

fn chunks<'a, E: Element>(units: &'a [&'a [E::Unit]]) -> Box<dyn Iterator<Item = Vec<u8>> + 'a> {
    Box::new(units.iter().flat_map(|units| units.chunks(UNITS)).map(|units| {
        let mut bytes = Vec::with_capacity(size_of_val(units));
        E::to_bytes(units, &mut bytes);
        bytes
    }))
}
