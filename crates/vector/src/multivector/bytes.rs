//! The inner loop over rows in 8 bits, for processors that multiply and add four bytes of a lane at once (AVX-512 VNNI).
//!
//! Query rows are packed side by side as in [`kernel`](super::kernel), four dimensions a lane. Sums are whole numbers, and
//! exact; what they mean is that number times the scales of both rows.

use std::ops::Range;

use super::kernel::Packed;

/// Dimensions in a lane.
const LANE: usize = 4;

/// So many dimensions are summed in 32 bits without overflow: 255 · 128 · 2^16 is below 2^31.
const MOST_DIMENSIONS: usize = 1 << 16;

/// Scales whose products with each other and with any sum are far from the ends of what `f32` holds.
const ORDINARY: Range<f32> = 1e-12..1e12;

/// Rows of a query in 8 bits, packed.
#[derive(Clone, Debug)]
pub(super) struct PackedBytes {
    words: Packed<i32>,
    /// Of each lane, what its sum starts with. The instruction takes one of its factors without a sign, so document bytes
    /// are raised by 128, and the sum starts at -128 times that of the query's bytes.
    starts: Vec<i32>,
    scales: Vec<f32>,
}

impl PackedBytes {
    /// Packs the rows of a query, if this processor has the instructions and there is nothing that they could not sum.
    pub(super) fn new(dim: usize, units: &[i8], scales: &[f32]) -> Option<Self> {
        if !vnni::is_here() || dim > MOST_DIMENSIONS || !ordinary(scales) {
            return None;
        }
        let words: Vec<i32> = units.chunks_exact(dim).flat_map(|row| row.chunks(LANE).map(word)).collect();
        let words = Packed::new(&words, dim.div_ceil(LANE));
        let mut starts = words.lanes(0);
        for (start, row) in starts.iter_mut().zip(units.chunks_exact(dim)) {
            *start = -128 * row.iter().map(|&unit| i32::from(unit)).sum::<i32>();
        }
        Some(Self { words, starts, scales: scales.to_vec() })
    }

    /// For each query row, its largest dot product with these document rows, of the query's width; `None` if their scales
    /// are such that the products could leave what `f32` holds.
    pub(super) fn max_dots(&self, units: &[i8], scales: &[f32]) -> Option<Vec<f32>> {
        if !ordinary(scales) {
            return None;
        }
        let mut best = self.words.lanes(f32::NEG_INFINITY);
        vnni::max_dots(&self.words, &self.starts, units, scales, &mut best);
        Some(best.iter().zip(&self.scales).map(|(best, scale)| best * scale).collect())
    }
}

/// Whether all scales are ordinary; those of rows that are zero are.
fn ordinary(scales: &[f32]) -> bool {
    scales.iter().all(|scale| ORDINARY.contains(scale) || *scale == 0.0)
}

/// Up to four bytes in one lane, the first in the lowest bits.
fn word(bytes: &[i8]) -> i32 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | i32::from(byte as u8))
}

#[cfg(target_arch = "x86_64")]
mod vnni {
    use std::arch::x86_64::*;

    use super::{LANE, word};
    use crate::multivector::kernel::{BLOCK, NARROW, Packed, WIDE};

    /// Lanes of a register.
    const LANES: usize = 16;

    /// Rows whose sums the registers hold.
    const TILE: usize = 12;

    pub(super) fn is_here() -> bool {
        is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")
    }

    /// Raises the best of each lane to the largest sum with a document row, times that row's scale.
    pub(super) fn max_dots(query: &Packed<i32>, starts: &[i32], units: &[i8], scales: &[f32], best: &mut [f32]) {
        assert!(is_here(), "a query is packed only where it can be scored");
        // SAFETY: this machine has every feature that the function is compiled for.
        #[allow(unsafe_code)]
        unsafe {
            blocks(query, starts, units, scales, best);
        }
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    fn blocks(query: &Packed<i32>, starts: &[i32], units: &[i8], scales: &[f32], best: &mut [f32]) {
        let dim = units.len() / scales.len().max(1);
        let words = query.entries;
        let in_wide = query.wide.len() / words * WIDE;
        let (best_wide, best_narrow) = best.split_at_mut(in_wide);
        let (starts_wide, starts_narrow) = starts.split_at(in_wide);
        let mut raised = Vec::with_capacity(BLOCK * words);
        for from in (0..scales.len()).step_by(BLOCK) {
            // A last block of less than a tile takes rows of the one before it along: twice is no more than once.
            let from = from.min(scales.len().saturating_sub(TILE));
            let to = scales.len().min(from + BLOCK);
            raise(&units[from * dim..to * dim], dim, &mut raised);
            let scales = &scales[from..to];
            for (at, panel) in query.wide.chunks_exact(words).enumerate() {
                let lanes = at * WIDE..(at + 1) * WIDE;
                panel_dots::<2, WIDE>(panel, &starts_wide[lanes.clone()], &raised, scales, &mut best_wide[lanes]);
            }
            for (at, panel) in query.narrow.chunks_exact(words).enumerate() {
                let lanes = at * NARROW..(at + 1) * NARROW;
                panel_dots::<1, NARROW>(panel, &starts_narrow[lanes.clone()], &raised, scales, &mut best_narrow[lanes]);
            }
        }
    }

    /// Rows as words of four bytes, each raised by 128; a rest of a row is filled up.
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn raise(units: &[i8], dim: usize, raised: &mut Vec<i32>) {
        const SIGNS: i32 = i32::from_ne_bytes([0x80; 4]);
        raised.clear();
        for row in units.chunks_exact(dim) {
            let (words, rest) = row.as_chunks::<LANE>();
            raised.extend(words.iter().map(|bytes| i32::from_le_bytes(bytes.map(|byte| byte as u8)) ^ SIGNS));
            if !rest.is_empty() {
                raised.push(word(rest) ^ SIGNS);
            }
        }
    }

    /// Takes a block's rows tile by tile; the last tile laps over the one before it.
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn panel_dots<const REGISTERS: usize, const L: usize>(
        panel: &[[i32; L]],
        starts: &[i32],
        rows: &[i32],
        scales: &[f32],
        best: &mut [f32],
    ) {
        match scales.len() {
            count if count >= TILE => tiles::<TILE, REGISTERS, L>(panel, starts, rows, scales, best),
            count if count >= 6 => tiles::<6, REGISTERS, L>(panel, starts, rows, scales, best),
            count if count >= 3 => tiles::<3, REGISTERS, L>(panel, starts, rows, scales, best),
            _ => tiles::<1, REGISTERS, L>(panel, starts, rows, scales, best),
        }
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    fn tiles<const ROWS: usize, const REGISTERS: usize, const L: usize>(
        panel: &[[i32; L]],
        starts: &[i32],
        rows: &[i32],
        scales: &[f32],
        best: &mut [f32],
    ) {
        let words = panel.len();
        let mut from = 0;
        while from < scales.len() {
            let first = from.min(scales.len() - ROWS);
            let (rows, scales) = (&rows[first * words..][..ROWS * words], &scales[first..][..ROWS]);
            tile::<ROWS, REGISTERS, L>(panel, starts, rows, scales, best);
            from += ROWS;
        }
    }

    // Indexed loops of constant length: the compiler unrolls them and keeps the sums in registers.
    #[allow(clippy::needless_range_loop)]
    #[inline]
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn tile<const ROWS: usize, const REGISTERS: usize, const L: usize>(
        panel: &[[i32; L]],
        starts: &[i32],
        rows: &[i32],
        scales: &[f32],
        best: &mut [f32],
    ) {
        let words = panel.len();
        let rows: [&[i32]; ROWS] = std::array::from_fn(|row| &rows[row * words..][..words]);
        let mut sums = [[_mm512_setzero_si512(); REGISTERS]; ROWS];
        for register in 0..REGISTERS {
            let start = load(&starts.as_chunks::<LANES>().0[register]);
            for row in 0..ROWS {
                sums[row][register] = start;
            }
        }
        for k in 0..words {
            let mut query = [_mm512_setzero_si512(); REGISTERS];
            for register in 0..REGISTERS {
                query[register] = load(&panel[k].as_chunks::<LANES>().0[register]);
            }
            for row in 0..ROWS {
                let value = _mm512_set1_epi32(rows[row][k]);
                for register in 0..REGISTERS {
                    sums[row][register] = _mm512_dpbusd_epi32(sums[row][register], value, query[register]);
                }
            }
        }
        let best = best.as_chunks_mut::<LANES>().0;
        for register in 0..REGISTERS {
            let mut largest = load_floats(&best[register]);
            for row in 0..ROWS {
                let product = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[row][register]), _mm512_set1_ps(scales[row]));
                largest = _mm512_max_ps(largest, product);
            }
            store_floats(largest, &mut best[register]);
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    #[allow(unsafe_code)]
    fn load(lanes: &[i32; LANES]) -> __m512i {
        // SAFETY: so many lanes are read as there are, from wherever they are.
        unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    #[allow(unsafe_code)]
    fn load_floats(lanes: &[f32; LANES]) -> __m512 {
        // SAFETY: so many lanes are read as there are, from wherever they are.
        unsafe { _mm512_loadu_ps(lanes.as_ptr()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    #[allow(unsafe_code)]
    fn store_floats(values: __m512, lanes: &mut [f32; LANES]) {
        // SAFETY: so many lanes are written as there are, to wherever they are.
        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), values) }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod vnni {
    use crate::multivector::kernel::Packed;

    pub(super) fn is_here() -> bool {
        false
    }

    pub(super) fn max_dots(_: &Packed<i32>, _: &[i32], _: &[i8], _: &[f32], _: &mut [f32]) {
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
            let best = packed.max_dots(&document.concat(), &scales[..document.len()]).unwrap();
            prop_assert_eq!(best.len(), query.len());
            for ((best, row), query_scale) in best.iter().zip(&query).zip(query_scales) {
                let dot = |other: &Vec<i8>| row.iter().zip(other).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>();
                let dots = document.iter().zip(&scales).map(|(row, scale)| dot(row) as f32 * scale);
                prop_assert_eq!(*best, dots.fold(f32::NEG_INFINITY, f32::max) * query_scale);
            }
        }
    }

    #[test]
    fn scales_near_the_ends_of_f32_are_left_to_floats() {
        let row = [127, -128];
        let Some(packed) = PackedBytes::new(2, &row, &[0.5]) else { return };
        for scale in [1e30, 1e-30, -1.0] {
            assert!(
                PackedBytes::new(2, &row, &[scale]).is_none() && packed.max_dots(&row, &[scale]).is_none(),
                "{scale}"
            );
        }
        assert_eq!(packed.max_dots(&row, &[2.0]), Some(vec![32513.0]));
    }
}
