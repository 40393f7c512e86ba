//! A static model's tables: a vector for each token.

use std::ops::Range;
use std::path::Path;

use embedkit_core::{Error, FileBytes, Result};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

/// Rows of token vectors, kept as the file has them, and what maps tokens to rows and weights.
#[derive(Debug)]
pub(super) struct Table {
    bytes: FileBytes,
    rows: Range<usize>,
    dtype: Dtype,
    row_count: usize,
    dim: usize,
    /// Row of each token id; absent: the id itself.
    mapping: Option<Vec<u32>>,
    /// Weight of each token id; absent: 1.
    weights: Option<Vec<f32>>,
}

impl Table {
    /// Reads `embeddings`, and `mapping` and `weights` where the file has them.
    pub(super) fn load(bytes: FileBytes, path: &Path) -> Result<Self> {
        let wrong = |message: String| Error::file(path, message);
        let tensors =
            SafeTensors::deserialize(&bytes).map_err(|e| Error::file_because(path, "is not a safetensors file", e))?;
        let embeddings = tensors.tensor("embeddings").map_err(|_| {
            let names: Vec<&str> = tensors.iter().map(|(name, _)| name).collect();
            wrong(format!("has no tensor `embeddings` (it has: {})", names.join(", ")))
        })?;
        let [row_count, dim] = *embeddings.shape() else {
            return Err(wrong(format!("`embeddings` has shape {:?}, and should be [tokens, dim]", embeddings.shape())));
        };
        if dim == 0 {
            return Err(wrong("`embeddings` has no columns".to_owned()));
        }
        let dtype = embeddings.dtype();
        if value_size(dtype).is_none() {
            return Err(wrong(format!("`embeddings` holds {dtype:?}, which is not supported")));
        }
        let mapping = tensors.tensor("mapping").ok().map(|tensor| numbers(tensor.dtype(), tensor.data()));
        let mapping = mapping.map(|rows| {
            let rows = rows.ok_or_else(|| wrong("`mapping` holds no numbers".to_owned()))?;
            rows.into_iter()
                .map(|row| {
                    row_index(row, row_count).ok_or_else(|| wrong(format!("`mapping` names row {row} of {row_count}")))
                })
                .collect()
        });
        let mapping = mapping.transpose()?;
        let weights = tensors.tensor("weights").ok().map(|tensor| {
            let weights = numbers(tensor.dtype(), tensor.data());
            let weights = weights.ok_or_else(|| wrong("`weights` holds no numbers".to_owned()))?;
            if weights.iter().all(|weight| weight.is_finite()) {
                Ok(weights.into_iter().map(|weight| weight as f32).collect())
            } else {
                Err(wrong("`weights` holds values that are not finite numbers".to_owned()))
            }
        });
        let weights = weights.transpose()?;
        let start = embeddings.data().as_ptr() as usize - bytes.as_ptr() as usize;
        let rows = start..start + embeddings.data().len();
        Ok(Self { rows, dtype, row_count, dim, mapping, weights, bytes })
    }

    /// Width of a vector.
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// Adds a token's weighted vector; `false` when the table has none for the token.
    pub(super) fn add(&self, token: u32, sum: &mut [f32]) -> bool {
        let id = token as usize;
        let row = match &self.mapping {
            Some(mapping) => mapping.get(id).map(|row| *row as usize),
            None => (id < self.row_count).then_some(id),
        };
        let weight = self.weights.as_ref().map_or(Some(1.0), |weights| weights.get(id).copied());
        let (Some(row), Some(weight)) = (row, weight) else { return false };
        let size = self.rows.len() / self.row_count;
        add_row(self.dtype, &self.bytes[self.rows.clone()][row * size..][..size], weight, sum);
        true
    }
}

fn row_index(row: f64, rows: usize) -> Option<u32> {
    (row >= 0.0 && row < rows as f64).then_some(row as u32)
}

/// Calls a macro arm for each supported type: its name, its size, and how bytes become a number.
macro_rules! for_each_type {
    ($dtype:expr, $use:ident, $otherwise:expr) => {
        match $dtype {
            Dtype::F64 => $use!(8, |bytes| f64::from_le_bytes(bytes)),
            Dtype::F32 => $use!(4, |bytes| f32::from_le_bytes(bytes)),
            Dtype::F16 => $use!(2, |bytes| f16::from_le_bytes(bytes).to_f32()),
            Dtype::BF16 => $use!(2, |bytes| bf16::from_le_bytes(bytes).to_f32()),
            Dtype::I64 => $use!(8, |bytes| i64::from_le_bytes(bytes)),
            Dtype::I32 => $use!(4, |bytes| i32::from_le_bytes(bytes)),
            Dtype::I16 => $use!(2, |bytes| i16::from_le_bytes(bytes)),
            Dtype::I8 => $use!(1, |bytes| i8::from_le_bytes(bytes)),
            Dtype::U8 => $use!(1, |bytes| u8::from_le_bytes(bytes)),
            _ => $otherwise,
        }
    };
}

fn value_size(dtype: Dtype) -> Option<usize> {
    macro_rules! size {
        ($size:literal, $number:expr) => {
            Some($size)
        };
    }
    for_each_type!(dtype, size, None)
}

/// A tensor's values; none when they are of an unsupported type.
fn numbers(dtype: Dtype, data: &[u8]) -> Option<Vec<f64>> {
    macro_rules! collect {
        ($size:literal, $number:expr) => {
            Some(data.as_chunks::<$size>().0.iter().map(|bytes| (($number)(*bytes)) as f64).collect())
        };
    }
    for_each_type!(dtype, collect, None)
}

/// Adds a row's values times its weight.
fn add_row(dtype: Dtype, row: &[u8], weight: f32, sum: &mut [f32]) {
    macro_rules! add {
        ($size:literal, $number:expr) => {
            for (sum, bytes) in sum.iter_mut().zip(row.as_chunks::<$size>().0) {
                *sum += weight * ($number)(*bytes) as f32;
            }
        };
    }
    for_each_type!(dtype, add, ());
}
