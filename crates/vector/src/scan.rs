//! A query against very many vectors in a row, as they lie in a file.

use crate::dispatch::{Kernel, dispatch};
use crate::number::Number;

/// Sums that run side by side: as many as registers hold.
const LANES: usize = 32;

/// The dot product of a query with each of the rows that follow one another in `bytes`, one score a row. Rows are as wide as
/// the query, their values of type `N`; what is there beyond the scores or the rows is left out.
///
/// ```
/// use embedkit_vector::dots;
///
/// let rows: [i8; 4] = [1, 2, -3, 4];
/// let mut scores = [0.0; 2];
/// dots::<i8>(&[10.0, 1.0], &rows.map(|value| value as u8), &mut scores);
/// assert_eq!(scores, [12.0, -26.0]);
/// ```
pub fn dots<N: Number>(query: &[f32], bytes: &[u8], scores: &mut [f32]) {
    if !query.is_empty() {
        dispatch(Dots::<N> { query, rows: N::cells(bytes), scores });
    }
}

struct Dots<'a, N: Number> {
    query: &'a [f32],
    rows: &'a [N::Bytes],
    scores: &'a mut [f32],
}

impl<N: Number> Kernel for Dots<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool, const TILE: usize>(self) {
        let (query_blocks, query_rest) = self.query.as_chunks::<LANES>();
        for (row, score) in self.rows.chunks_exact(self.query.len()).zip(self.scores) {
            let (row_blocks, row_rest) = row.as_chunks::<LANES>();
            let mut sums = [0.0f32; LANES];
            for (a, b) in query_blocks.iter().zip(row_blocks) {
                for lane in 0..LANES {
                    let value = N::from_cell(b[lane]).to_f32();
                    sums[lane] = if FMA { a[lane].mul_add(value, sums[lane]) } else { sums[lane] + a[lane] * value };
                }
            }
            let rest: f32 = query_rest.iter().zip(row_rest).map(|(a, b)| a * N::from_cell(*b).to_f32()).sum();
            *score = sums.iter().sum::<f32>() + rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn scores_are_dot_products(
            (query, rows) in (1usize..100).prop_flat_map(|dim| {
                let row = move || prop::collection::vec(-128i32..128, dim);
                (row(), prop::collection::vec(row(), 0..9))
            }),
        ) {
            let query: Vec<f32> = query.iter().map(|value| *value as f32 / 64.0).collect();
            let exact = |row: &Vec<i32>| query.iter().zip(row).map(|(a, b)| a * *b as f32).sum::<f32>();
            let expected: Vec<f32> = rows.iter().map(exact).collect();
            let (mut of_bytes, mut of_floats) = (vec![0.0; rows.len()], vec![0.0; rows.len()]);
            let bytes: Vec<u8> = rows.iter().flatten().map(|value| *value as i8 as u8).collect();
            dots::<i8>(&query, &bytes, &mut of_bytes);
            let floats: Vec<u8> = rows.iter().flatten().flat_map(|value| (*value as f32).to_le_bytes()).collect();
            dots::<f32>(&query, &floats, &mut of_floats);
            for (found, expected) in of_bytes.iter().chain(&of_floats).zip(expected.iter().chain(&expected)) {
                prop_assert!((found - expected).abs() <= 1e-3 * expected.abs().max(1.0), "{} {}", found, expected);
            }
        }
    }
}
