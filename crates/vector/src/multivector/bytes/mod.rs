//! The inner loop over rows in 8 bits or in one, for processors that multiply and add four bytes of a lane at once (AVX-512 VNNI).
//!
//! Query rows are packed side by side as in [`kernel`](super::kernel), four dimensions a lane. Sums are whole numbers, and
//! exact; what they mean is that number times the scales of both rows. Rows of other queries are read as whole numbers of
//! two digits, each of 8 bits: twice the work, and still half of what floats take.

#[cfg(target_arch = "x86_64")]
mod vnni;

use std::ops::Range;

use super::kernel::{NARROW, Packed};
use super::quantize::largest;
use super::value::MultiVector;

/// Dimensions in a lane.
const LANE: usize = 4;

/// So many dimensions are summed in 32 bits without overflow: 255 · 128 · 2^16 is below 2^31.
const MOST_DIMENSIONS: usize = 1 << 16;

/// Scales whose products with each other and with any sum are far from the ends of what `f32` holds.
const ORDINARY: Range<f32> = 1e-12..1e12;

/// What the higher of two digits counts, and the largest number whose digits both are within ±127.
const BASE: i32 = 256;
const LARGEST: i32 = 127 * BASE + 127;

/// Rows of a query in whole numbers, packed.
#[derive(Clone, Debug)]
pub(super) struct PackedBytes {
    digits: Digits,
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "nothing is packed there"))]
    words: Packed<i32>,
    /// Of each lane, what its sum starts with. The instruction takes one of its factors without a sign, so document bytes
    /// are raised by 128, and the sum starts at -128 times that of the query's bytes.
    starts: Vec<i32>,
    scales: Vec<f32>,
}

/// Rows of a document that can be summed in whole numbers.
#[derive(Clone, Copy)]
pub(super) enum Rows<'a> {
    /// A byte a dimension, and a scale a row.
    Bytes {
        #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "nothing is summed there"))]
        units: &'a [i8],
        scales: &'a [f32],
    },
    /// A bit a dimension: +1 if it is set, else -1.
    Bits {
        #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "nothing is summed there"))]
        words: &'a [u64],
    },
}

/// How a query's numbers stand in lanes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Digits {
    /// A row a lane.
    One = 1,
    /// Panels of half as many rows: first their higher digits, then their lower ones.
    Two = 2,
}

impl PackedBytes {
    /// Packs the rows of a query in 8 bits, if this processor has the instructions and there is nothing that they could
    /// not sum.
    pub(super) fn new(dim: usize, units: &[i8], scales: &[f32]) -> Option<Self> {
        can_be_summed(dim, scales).then(|| Self::pack(Digits::One, dim, units, scales.to_vec()))
    }

    /// As [`new`](Self::new) for any other query: a value is rounded to a multiple of its row's largest / 32639.
    pub(super) fn rounded(query: &MultiVector) -> Option<Self> {
        let scales: Vec<f32> = query.rows().map(|row| largest(row) / LARGEST as f32).collect();
        let dim = query.dim();
        can_be_summed(dim, &scales).then(|| Self::pack(Digits::Two, dim, &two_digits(query, &scales), scales))
    }

    fn pack(digits: Digits, dim: usize, units: &[i8], scales: Vec<f32>) -> Self {
        let words: Vec<i32> = units.chunks_exact(dim).flat_map(|row| row.chunks(LANE).map(word)).collect();
        let words = Packed::new(&words, dim.div_ceil(LANE));
        let mut starts = words.lanes(0);
        for (start, row) in starts.iter_mut().zip(units.chunks_exact(dim)) {
            *start = -128 * row.iter().map(|&unit| i32::from(unit)).sum::<i32>();
        }
        Self { digits, words, starts, scales }
    }

    /// For each query row, its largest dot product with these document rows, of the query's width; `None` if their scales
    /// are such that the products could leave what `f32` holds.
    pub(super) fn max_dots(&self, dim: usize, rows: Rows<'_>) -> Option<Vec<f32>> {
        if let Rows::Bytes { scales, .. } = rows
            && !ordinary(scales)
        {
            return None;
        }
        let mut best = vec![f32::NEG_INFINITY; self.starts.len() / self.digits as usize];
        vnni::max_dots(self, dim, rows, &mut best);
        Some(best.iter().zip(&self.scales).map(|(best, scale)| best * scale).collect())
    }
}

/// The rows as whole numbers of their scales, sixteen by sixteen: their higher digits, then their lower ones. The last
/// sixteen are filled up.
fn two_digits(query: &MultiVector, scales: &[f32]) -> Vec<i8> {
    let dim = query.dim();
    let mut digits = vec![0; query.len().next_multiple_of(NARROW) * 2 * dim];
    let groups = query.as_slice().chunks(NARROW * dim).zip(scales.chunks(NARROW));
    for ((rows, scales), digits) in groups.zip(digits.chunks_exact_mut(2 * NARROW * dim)) {
        let (high, low) = digits.split_at_mut(NARROW * dim);
        let rows = rows.chunks_exact(dim).zip(scales);
        for ((row, &scale), (high, low)) in rows.zip(high.chunks_exact_mut(dim).zip(low.chunks_exact_mut(dim))) {
            // A row of zeros has a scale of 0, and stays.
            let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
            for ((&value, high), low) in row.iter().zip(high).zip(low) {
                let number = ((value * inverse).round_ties_even() as i32).clamp(-LARGEST, LARGEST);
                *low = number as u8 as i8;
                *high = ((number - i32::from(*low)) / BASE) as i8;
            }
        }
    }
    digits
}

/// Whether this processor has the instructions, and they can sum rows of such a query.
fn can_be_summed(dim: usize, scales: &[f32]) -> bool {
    vnni::is_here() && dim <= MOST_DIMENSIONS && ordinary(scales)
}

/// Whether all scales are ordinary; those of rows that are zero are.
fn ordinary(scales: &[f32]) -> bool {
    scales.iter().all(|scale| ORDINARY.contains(scale) || *scale == 0.0)
}

/// Up to four bytes in one lane, the first in the lowest bits.
fn word(bytes: &[i8]) -> i32 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | i32::from(byte as u8))
}

#[cfg(not(target_arch = "x86_64"))]
mod vnni {
    use super::{PackedBytes, Rows};

    pub(super) fn is_here() -> bool {
        false
    }

    pub(super) fn max_dots(_: &PackedBytes, _: usize, _: Rows<'_>, _: &mut [f32]) {
        unreachable!("a query is packed only where it can be scored")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whole numbers, so nothing but the last multiplications may differ; where there are no such instructions, there
        /// is nothing to compare.
        #[test]
        fn sums_are_those_of_whole_numbers(
            (dim, query, document) in (1_usize..70).prop_flat_map(|dim| {
                let rows = |most: usize| prop::collection::vec(prop::collection::vec(any::<i8>(), dim), 1..most);
                (Just(dim), rows(70), rows(40))
            }),
            scales in prop::collection::vec(prop_oneof![Just(0.0_f32), 1e-6_f32..1e3], 40),
        ) {
            let query_scales: Vec<f32> = (0..query.len()).map(|row| 1.0 + row as f32).collect();
            let Some(packed) = PackedBytes::new(dim, &query.concat(), &query_scales) else {
                return Ok(());
            };
            let best = packed.max_dots(dim, Rows::Bytes { units: &document.concat(), scales: &scales[..document.len()] }).unwrap();
            prop_assert_eq!(best.len(), query.len());
            for ((best, row), query_scale) in best.iter().zip(&query).zip(query_scales) {
                let dot = |other: &Vec<i8>| row.iter().zip(other).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>();
                let dots = document.iter().zip(&scales).map(|(row, scale)| dot(row) as f32 * scale);
                prop_assert_eq!(*best, dots.fold(f32::NEG_INFINITY, f32::max) * query_scale);
            }
        }
    }

    proptest! {
        /// A value of the query is off by half its scale at most, and nothing else is rounded but sums.
        #[test]
        fn rounded_queries_are_off_by_half_a_scale(
            (dim, query, document) in (1_usize..70).prop_flat_map(|dim| {
                let document = prop::collection::vec(prop::collection::vec(any::<i8>(), dim), 1..40);
                (Just(dim), prop::collection::vec(prop::collection::vec(-1_f32..=1.0, dim), 1..70), document)
            }),
            magnitude in prop::sample::select(vec![0.0_f32, 1e-6, 1.0, 1e6]),
            scales in prop::collection::vec(prop_oneof![Just(0.0_f32), 1e-6_f32..1e3], 40),
        ) {
            let query = query.iter().map(|row| row.iter().map(|value| value * magnitude).collect::<Vec<f32>>());
            let query = MultiVector::from_rows(query).unwrap();
            let Some(packed) = PackedBytes::rounded(&query) else {
                let tiny = query.rows().map(largest).any(|largest| largest > 0.0 && largest < 1e-7);
                prop_assert!(tiny || !vnni::is_here());
                return Ok(());
            };
            let best = packed.max_dots(dim, Rows::Bytes { units: &document.concat(), scales: &scales[..document.len()] }).unwrap();
            prop_assert_eq!(best.len(), query.len());
            for (best, row) in best.iter().zip(query.rows()) {
                let largest = f64::from(largest(row));
                let (mut expected, mut bound) = (f64::NEG_INFINITY, 0.0_f64);
                for (units, &scale) in document.iter().zip(&scales) {
                    let dot: f64 = row.iter().zip(units).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                    let sum: f64 = units.iter().map(|unit| f64::from(*unit).abs()).sum();
                    expected = expected.max(dot * f64::from(scale));
                    bound = bound.max(sum * f64::from(scale) * largest * 0.51 / f64::from(LARGEST));
                }
                prop_assert!((f64::from(*best) - expected).abs() <= bound, "{best} is not {expected} by {bound}");
            }
        }
    }

    proptest! {
        /// Bits are bytes of 1 and -1.
        #[test]
        fn bits_are_summed_as_bytes(
            (dim, query, document) in (1_usize..200).prop_flat_map(|dim| {
                let rows = |most: usize| prop::collection::vec(prop::collection::vec(-1_f32..=1.0, dim), 1..most);
                (Just(dim), rows(40), rows(40))
            }),
        ) {
            let query = MultiVector::from_rows(query).unwrap();
            let document = MultiVector::from_rows(document).unwrap().to_binary();
            let Some(packed) = PackedBytes::rounded(&query) else { return Ok(()) };
            let units: Vec<i8> = document.to_f32().as_slice().iter().map(|value| *value as i8).collect();
            let bytes = Rows::Bytes { units: &units, scales: &vec![1.0; document.len()] };
            prop_assert_eq!(packed.max_dots(dim, Rows::Bits { words: document.units() }), packed.max_dots(dim, bytes));
        }
    }

    /// The last and the first number of two digits, and those around a carry.
    #[test]
    fn digits_are_those_of_the_number() {
        let numbers = [LARGEST, -LARGEST, 0, 1, -1, 127, 128, 129, -127, -128, -129, 255, 256, 383, 384, -384, -385];
        let values = numbers.map(|number| number as f32).to_vec();
        let query = MultiVector::new(numbers.len(), values).unwrap();
        let digits = two_digits(&query, &[1.0]);
        let (high, low) = digits.split_at(NARROW * numbers.len());
        for ((number, high), low) in numbers.iter().zip(high).zip(low) {
            assert_eq!(i32::from(*high) * BASE + i32::from(*low), *number);
        }
    }

    #[test]
    fn scales_near_the_ends_of_f32_are_left_to_floats() {
        let row = [127, -128];
        let Some(packed) = PackedBytes::new(2, &row, &[0.5]) else { return };
        for scale in [1e30, 1e-30, -1.0] {
            let max_dots = packed.max_dots(2, Rows::Bytes { units: &row, scales: &[scale] });
            assert!(PackedBytes::new(2, &row, &[scale]).is_none() && max_dots.is_none(), "{scale}");
        }
        assert_eq!(packed.max_dots(2, Rows::Bytes { units: &row, scales: &[2.0] }), Some(vec![32513.0]));
    }
}
