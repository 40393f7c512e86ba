//! A static model's tables: a vector for each token.

use std::ops::Range;
use std::path::Path;

use embedkit_core::{Error, FileBytes, Result};
use half::bf16;
use safetensors::{Dtype, SafeTensors};

/// Rows of token vectors, kept as the file has them, and what maps tokens to rows and weights.
#[derive(Debug)]
pub(super) struct Table {
    bytes: FileBytes,
    rows: Range<usize>,
    dtype: Dtype,
    row_count: usize,
    /// Bytes of a row.
    row_size: usize,
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
        let Some(value_size) = value_size(dtype) else {
            return Err(wrong(format!("`embeddings` holds {dtype:?}, which is not supported")));
        };
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
        let row_size = dim * value_size;
        Ok(Self { rows, dtype, row_count, row_size, dim, mapping, weights, bytes })
    }

    /// Width of a vector.
    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    /// The sum of tokens' weighted vectors.
    ///
    /// # Errors
    /// The first token that the table has no row for.
    pub(super) fn sum(&self, tokens: &[u32]) -> Result<Vec<f32>, u32> {
        let rows = tokens.iter().map(|token| self.row(*token).ok_or(*token)).collect::<Result<Vec<_>, _>>()?;
        let mut sum = vec![0.0; self.dim];
        add_rows(self.dtype, &rows, &mut sum);
        Ok(sum)
    }

    /// A token's row and weight.
    fn row(&self, token: u32) -> Option<(&[u8], f32)> {
        let id = token as usize;
        let row = match &self.mapping {
            Some(mapping) => *mapping.get(id)? as usize,
            None => id,
        };
        let weight = match &self.weights {
            Some(weights) => *weights.get(id)?,
            None => 1.0,
        };
        let start = self.rows.start + row.checked_mul(self.row_size)?;
        (row < self.row_count).then(|| (&self.bytes[start..start + self.row_size], weight))
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
            Dtype::F16 => $use!(2, half_to_f32),
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

/// Columns that are summed over all rows at a time: as many sums as registers hold.
const LANES: usize = 32;

/// Adds rows, each times its weight. Every column is summed in the rows' order.
fn add_rows(dtype: Dtype, rows: &[(&[u8], f32)], sum: &mut [f32]) {
    macro_rules! add {
        ($size:literal, $number:expr) => {{
            let (blocks, rest) = sum.as_chunks_mut::<LANES>();
            let mut start = 0;
            for block in blocks {
                let mut sums = *block;
                for (row, weight) in rows {
                    let Some(values) = row.as_chunks::<$size>().0[start..].first_chunk::<LANES>() else { return };
                    for lane in 0..LANES {
                        sums[lane] += weight * ($number)(values[lane]) as f32;
                    }
                }
                *block = sums;
                start += LANES;
            }
            for (row, weight) in rows {
                for (sum, bytes) in rest.iter_mut().zip(&row.as_chunks::<$size>().0[start..]) {
                    *sum += weight * ($number)(*bytes) as f32;
                }
            }
        }};
    }
    for_each_type!(dtype, add, ());
}

/// A 16-bit float's value, without a branch: the library's way keeps loops from being vectorised.
fn half_to_f32(bytes: [u8; 2]) -> f32 {
    let half = u32::from(u16::from_le_bytes(bytes));
    let (sign, rest) = ((half & 0x8000) << 16, (half & 0x7fff) << 13);
    // The exponent's bias differs by 112; multiplying also makes subnormal numbers normal ones.
    let scaled = f32::from_bits(rest) * f32::from_bits((127 + 112) << 23);
    let bits = if half & 0x7c00 == 0x7c00 { rest | 0x7f80_0000 } else { scaled.to_bits() };
    f32::from_bits(sign | bits)
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::*;

    #[test]
    fn halves_are_the_librarys() {
        for bits in 0..=u16::MAX {
            let (ours, expected) = (half_to_f32(bits.to_le_bytes()), f16::from_bits(bits).to_f32());
            assert!(ours.to_bits() == expected.to_bits() || ours.is_nan() && expected.is_nan(), "{bits:#x}");
        }
    }

    #[test]
    fn rows_of_any_width_are_summed() {
        for dim in [1, 31, 32, 33, 64, 100] {
            let row = |start: usize| (start..start + dim).map(|value| value as i8 as u8).collect::<Vec<u8>>();
            let (first, second) = (row(5), row(90));
            let mut sum = vec![1.0; dim];
            add_rows(Dtype::I8, &[(&first, 2.0), (&second, -0.5)], &mut sum);
            let value = |byte: u8| f32::from(byte as i8);
            let expected = first.iter().zip(&second).map(|(a, b)| 1.0 + 2.0 * value(*a) - 0.5 * value(*b));
            assert_eq!(sum, expected.collect::<Vec<_>>(), "{dim}");
        }
    }
}
