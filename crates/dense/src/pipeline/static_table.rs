//! A static model's tables: a vector for each token.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use embedkit_core::{Error, FileBytes, Result};
use embedkit_vector::number::{Number, NumberTask, NumberType};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

/// Rows of token vectors, kept as the file has them, and what maps tokens to rows and weights.
#[derive(Debug)]
pub(super) struct Table {
    bytes: FileBytes,
    rows: Range<usize>,
    number_type: NumberType,
    row_count: usize,
    /// Bytes of a row.
    row_size: usize,
    dim: usize,
    /// Row of each token id; absent: the id itself.
    mapping: Option<Vec<u32>>,
    /// Weight of each token id; absent: 1.
    weights: Option<Vec<f32>>,
    /// The bits of the length of each token's row, where lengths are kept.
    lengths: Vec<AtomicU32>,
}

impl Table {
    /// Reads `embeddings`, and `mapping` and `weights` where the file has them.
    pub(super) fn load(bytes: FileBytes, path: &Path) -> Result<Self> {
        let wrong = |message: String| Error::file(path, message);
        let tensors =
            SafeTensors::deserialize(&bytes).map_err(|e| Error::file_because(path, "is not a safetensors file", e))?;
        // The first is model2vec's name, the second sentence-transformers'.
        let embeddings = tensors.tensor("embeddings").or_else(|_| tensors.tensor("embedding.weight"));
        let embeddings =
            embeddings.map_err(|_| wrong(format!("has no tensor `embeddings` (it has: {})", names(&tensors))))?;
        let [row_count, dim] = *embeddings.shape() else {
            return Err(wrong(format!("`embeddings` has shape {:?}, and should be [tokens, dim]", embeddings.shape())));
        };
        if dim == 0 {
            return Err(wrong("`embeddings` has no columns".to_owned()));
        }
        let Some(number_type) = number_type(&embeddings) else {
            return Err(wrong(format!("`embeddings` holds {}, which is not supported", embeddings.dtype())));
        };
        let mapping = tensors.tensor("mapping").ok().map(|tensor| numbers(&tensor));
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
            let weights = numbers(&tensor).ok_or_else(|| wrong("`weights` holds no numbers".to_owned()))?;
            if weights.iter().all(|weight| weight.is_finite()) {
                Ok(weights.into_iter().map(|weight| weight as f32).collect())
            } else {
                Err(wrong("`weights` holds values that are not finite numbers".to_owned()))
            }
        });
        let weights = weights.transpose()?;
        let start = embeddings.data().as_ptr() as usize - bytes.as_ptr() as usize;
        let rows = start..start + embeddings.data().len();
        let row_size = dim * number_type.size();
        let lengths = Vec::new();
        Ok(Self { rows, number_type, row_count, row_size, dim, mapping, weights, lengths, bytes })
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
        self.number_type.dispatch(AddRows { rows: &rows, sum: &mut sum });
        Ok(sum)
    }

    /// Tokens' vectors, one after the other, each brought to the length that is wanted of a token's own; a row of zeros
    /// stays one.
    ///
    /// # Errors
    /// The first token that the table has no row for.
    pub(super) fn rows(&self, tokens: &[u32], wanted: impl Fn(f32) -> f32) -> Result<Vec<f32>, u32> {
        let mut values = vec![0.0; tokens.len() * self.dim];
        for (token, target) in tokens.iter().zip(values.chunks_exact_mut(self.dim)) {
            let (row, weight) = self.row(*token).ok_or(*token)?;
            let unweighted = self.length(*token, row);
            let scale = if unweighted > 0.0 { wanted(unweighted * weight.abs()) / unweighted } else { 0.0 };
            let rows = [(row, scale.copysign(scale * weight))];
            self.number_type.dispatch(AddRows { rows: &rows, sum: target });
        }
        Ok(values)
    }

    /// The length of a token's row, without its weight; computed when it is first asked for.
    fn length(&self, token: u32, row: &[u8]) -> f32 {
        const UNKNOWN: u32 = u32::MAX;
        let computed = || {
            let mut squares = 0.0;
            self.number_type.dispatch(SumSquares { row, sum: &mut squares });
            squares.sqrt()
        };
        let Some(cell) = self.lengths.get(token as usize) else { return computed() };
        match cell.load(Ordering::Relaxed) {
            UNKNOWN => {
                let length = computed();
                cell.store(length.to_bits(), Ordering::Relaxed);
                length
            }
            bits => f32::from_bits(bits),
        }
    }

    /// Keeps the lengths of rows from now on.
    pub(super) fn keep_lengths(&mut self) {
        let tokens = self.mapping.as_ref().map_or(self.row_count, Vec::len);
        self.lengths = (0..tokens).map(|_| AtomicU32::new(u32::MAX)).collect();
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

/// The first of a file's tensors.
fn names(tensors: &SafeTensors<'_>) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<&str> = tensors.names();
    names.sort_unstable();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}

fn row_index(row: f64, rows: usize) -> Option<u32> {
    (row >= 0.0 && row < rows as f64).then_some(row as u32)
}

/// What a tensor's numbers are; none when such numbers cannot be read.
fn number_type(tensor: &TensorView<'_>) -> Option<NumberType> {
    NumberType::from_name(&tensor.dtype().to_string())
}

/// A tensor's values; none when they are of a type that cannot be read.
fn numbers(tensor: &TensorView<'_>) -> Option<Vec<f64>> {
    Some(number_type(tensor)?.to_f64s(tensor.data()))
}

/// Adds rows, each times its weight. Every column is summed in the rows' order.
struct AddRows<'a> {
    rows: &'a [(&'a [u8], f32)],
    sum: &'a mut [f32],
}

impl NumberTask for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<N: Number>(mut self) {
        // As many sums as registers hold, on most processors, and what fits of that in the columns that are left.
        let start = self.add_columns::<N, 64>(0);
        let start = self.add_columns::<N, 32>(start);
        for (row, weight) in self.rows {
            for (sum, cell) in self.sum[start..].iter_mut().zip(&N::cells(row)[start..]) {
                *sum += weight * N::from_cell(*cell).to_f32();
            }
        }
    }
}

impl AddRows<'_> {
    /// Sums so many columns at a time over all rows, from one on; where it stopped.
    #[inline(always)]
    fn add_columns<N: Number, const COLUMNS: usize>(&mut self, mut start: usize) -> usize {
        let (blocks, _) = self.sum[start..].as_chunks_mut::<COLUMNS>();
        for block in blocks {
            let mut sums = *block;
            for (row, weight) in self.rows {
                let Some(values) = N::cells(row)[start..].first_chunk::<COLUMNS>() else { return start };
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += weight * N::from_cell(*value).to_f32();
                }
            }
            *block = sums;
            start += COLUMNS;
        }
        start
    }
}

/// Sums the squares of a row.
struct SumSquares<'a> {
    row: &'a [u8],
    sum: &'a mut f32,
}

impl NumberTask for SumSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<N: Number>(self) {
        *self.sum = N::cells(self.row).iter().map(|cell| N::from_cell(*cell).to_f32()).map(|value| value * value).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_width_are_summed() {
        for dim in [1, 31, 32, 33, 64, 95, 100, 256, 300] {
            let row = |start: usize| (start..start + dim).map(|value| value as u8).collect::<Vec<u8>>();
            let (first, second) = (row(5), row(90));
            let mut sum = vec![1.0; dim];
            let rows = [(&first[..], 2.0), (&second[..], -0.5)];
            NumberType::I8.dispatch(AddRows { rows: &rows, sum: &mut sum });
            let value = |byte: u8| f32::from(byte as i8);
            let expected = first.iter().zip(&second).map(|(a, b)| 1.0 + 2.0 * value(*a) - 0.5 * value(*b));
            assert_eq!(sum, expected.collect::<Vec<_>>(), "{dim}");
        }
    }
}
