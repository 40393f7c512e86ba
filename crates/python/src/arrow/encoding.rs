//! Dense vectors in fewer bytes.

use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeBinaryArray, Float16Array, Float32Array, Int8Array};
use arrow_buffer::Buffer;
use arrow_schema::ArrowError;
use embedkit::Error;
use embedkit::vector::{self, pack_binary, to_f16, unit_to_int8};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::lists::{nulls, vectors, width};

/// The numbers that dense vectors are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Float32,
    Float16,
    /// A byte a value of a normalised vector.
    Int8,
    /// A bit a value: whether it is above zero.
    Binary,
}

const NAMES: [(&str, Encoding); 4] = [
    ("float32", Encoding::Float32),
    ("float16", Encoding::Float16),
    ("int8", Encoding::Int8),
    ("binary", Encoding::Binary),
];

/// Vectors that an encoding does not hold, by their inputs' positions.
pub(super) type Misfits = Vec<(usize, Error)>;

impl Encoding {
    pub(crate) fn named(name: &str) -> PyResult<Self> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, encoding)| *encoding).ok_or_else(|| {
            let known = NAMES.map(|(name, _)| name).join(", ");
            PyValueError::new_err(format!("no encoding is called {name:?}; there are {known}"))
        })
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, encoding)| *encoding == self).map_or("", |(name, _)| name)
    }

    /// A column of vectors of `dim` values. `rows` says which of them is an input's; what has none, or one that this encoding
    /// does not hold, is a null.
    pub(super) fn column(
        self,
        dim: usize,
        values: &[f32],
        rows: Vec<Option<usize>>,
    ) -> Result<(ArrayRef, Misfits), ArrowError> {
        let mut from = Encoded { encoding: self, dim, values, rows, misfits: Vec::new() };
        let numbers: ArrayRef = match self {
            Self::Float32 => Arc::new(Float32Array::from(from.numbers(dim, |vector| Ok(vector.to_vec())))),
            Self::Float16 => Arc::new(Float16Array::from(from.numbers(dim, to_f16))),
            Self::Int8 => Arc::new(Int8Array::from(from.numbers(dim, unit_to_int8))),
            Self::Binary => {
                let bytes = dim.div_ceil(8);
                let packed = Buffer::from_vec(from.numbers(bytes, |vector| Ok(pack_binary(vector))));
                let column = FixedSizeBinaryArray::try_new(width(bytes)?, packed, nulls(&from.rows))?;
                return Ok((Arc::new(column), from.misfits));
            }
        };
        Ok((Arc::new(vectors(dim, numbers, nulls(&from.rows))?), from.misfits))
    }
}

/// Vectors on their way into numbers of another type.
struct Encoded<'v> {
    encoding: Encoding,
    dim: usize,
    values: &'v [f32],
    rows: Vec<Option<usize>>,
    misfits: Misfits,
}

impl Encoded<'_> {
    /// The numbers of all rows, `width` of each; those of a null mean nothing.
    fn numbers<T: Clone + Default>(
        &mut self,
        width: usize,
        encode: impl Fn(&[f32]) -> vector::Result<Vec<T>>,
    ) -> Vec<T> {
        let mut numbers = Vec::with_capacity(self.rows.len() * width);
        for (position, row) in self.rows.iter_mut().enumerate() {
            let encoded = row.map(|row| encode(&self.values[row * self.dim..(row + 1) * self.dim]));
            match encoded.transpose() {
                Ok(encoded) => numbers.extend(encoded.into_iter().flatten()),
                Err(error) => {
                    *row = None;
                    self.misfits.push((position, misfit(self.encoding, error)));
                }
            }
            numbers.resize((position + 1) * width, T::default());
        }
        numbers
    }
}

fn misfit(encoding: Encoding, error: vector::Error) -> Error {
    let encoding = encoding.name();
    let message = format!("its vector does not fit {encoding}: take another encoding, or have vectors normalised");
    Error::InvalidInput { message, source: Some(error.into()) }
}
