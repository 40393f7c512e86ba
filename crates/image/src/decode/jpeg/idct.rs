//! From a block's coefficients to its samples.
//!
//! The inverse discrete cosine transform is that of Loeffler, Ligtenberg and Moschytz ("Practical fast 1-D DCT algorithms
//! with 11 multiplications", ICASSP 1989) in integers: factors have 13 fraction bits, and what is passed from columns to
//! rows has 2. With these, and rounding halves up, levels are those of libjpeg's accurate integer method.

use super::frame::SIDE;

/// A block of coefficients, or of what becomes of them, row by row.
pub(super) type Block = [i16; SIDE * SIDE];

/// Fraction bits of the factors.
const FACTOR_BITS: u32 = 13;
/// Fraction bits between the two passes.
const PASS_BITS: u32 = 2;

/// A factor in fixed point.
const fn factor(value: f64) -> i32 {
    (value * (1 << FACTOR_BITS) as f64 + 0.5) as i32
}

/// A row, or a column, of every lane.
type Lanes = [i16; SIDE];

/// Writes the samples of a block's dequantised coefficients to a plane, from the block's corner on.
///
/// Loops, here and below, become vector code where `map` and `from_fn` of arrays do not.
#[inline(always)]
pub(super) fn inverse(block: &Block, plane: &mut [u8], stride: usize) {
    let mut rows = [[0; SIDE]; SIDE];
    rows.as_flattened_mut().copy_from_slice(block);
    let columns = transposed(&pass::<{ FACTOR_BITS - PASS_BITS }>(&rows));
    let samples = transposed(&pass::<{ FACTOR_BITS + PASS_BITS + 3 }>(&columns));
    for (row, line) in samples.iter().zip(plane.chunks_mut(stride)) {
        if let Some(line) = line.first_chunk_mut::<SIDE>() {
            for (level, sample) in line.iter_mut().zip(row) {
                *level = to_level(*sample);
            }
        }
    }
}

/// As [`inverse`], of a block that has only its first coefficient.
#[inline(always)]
pub(super) fn inverse_flat(coefficient: i16, plane: &mut [u8], stride: usize) {
    let level = to_level(((i32::from(coefficient) + 4) >> 3) as i16);
    for line in plane.chunks_mut(stride).take(SIDE) {
        if let Some(line) = line.first_chunk_mut::<SIDE>() {
            *line = [level; SIDE];
        }
    }
}

/// Samples are around zero.
#[inline(always)]
fn to_level(sample: i16) -> u8 {
    (sample.clamp(-128, 127) + 128) as u8
}

#[inline(always)]
fn transposed(rows: &[Lanes; SIDE]) -> [Lanes; SIDE] {
    let mut columns = [[0; SIDE]; SIDE];
    for (at, row) in rows.iter().enumerate() {
        for (column, value) in columns.iter_mut().zip(row) {
            column[at] = *value;
        }
    }
    columns
}

/// The one-dimensional transform of eight columns, rounded to `SHIFT` bits less.
#[inline(always)]
fn pass<const SHIFT: u32>(rows: &[Lanes; SIDE]) -> [Lanes; SIDE] {
    let mut samples = [[0; SIDE]; SIDE];
    for lane in 0..SIDE {
        let row = |row: usize| rows[row][lane];
        // Sums of coefficients stay within 16 bits in any image that was made of 8-bit levels.
        let sum = |a: i16, b: i16| a.wrapping_add(b);
        let scaled = |value: i16, factor: i32| i32::from(value) * factor;

        // Even rows.
        let z1 = scaled(sum(row(2), row(6)), factor(0.541_196_100));
        let low = z1 - scaled(row(6), factor(1.847_759_065));
        let high = z1 + scaled(row(2), factor(0.765_366_865));
        let both = i32::from(sum(row(0), row(4))) << FACTOR_BITS;
        let apart = i32::from(row(0).wrapping_sub(row(4))) << FACTOR_BITS;
        let even = [both + high, apart + low, apart - low, both - high];

        // Odd rows.
        let (z3, z4) = (sum(row(7), row(3)), sum(row(5), row(1)));
        let z5 = scaled(sum(z3, z4), factor(1.175_875_602));
        let z1 = scaled(sum(row(7), row(1)), -factor(0.899_976_223));
        let z2 = scaled(sum(row(5), row(3)), -factor(2.562_915_447));
        let z3 = scaled(z3, -factor(1.961_570_560)) + z5;
        let z4 = scaled(z4, -factor(0.390_180_644)) + z5;
        // Three of the largest do not fit, which only damaged files have.
        let all = |a: i32, b: i32, c: i32| a.wrapping_add(b).wrapping_add(c);
        let odd = [
            all(scaled(row(1), factor(1.501_321_110)), z1, z4),
            all(scaled(row(3), factor(3.072_711_026)), z2, z3),
            all(scaled(row(5), factor(2.053_119_869)), z2, z4),
            all(scaled(row(7), factor(0.298_631_336)), z1, z3),
        ];

        for at in 0..SIDE / 2 {
            samples[at][lane] = rounded::<SHIFT>(even[at].wrapping_add(odd[at]));
            samples[SIDE - 1 - at][lane] = rounded::<SHIFT>(even[at].wrapping_sub(odd[at]));
        }
    }
    samples
}

#[inline(always)]
fn rounded<const SHIFT: u32>(value: i32) -> i16 {
    (value.wrapping_add(1 << (SHIFT - 1)) >> SHIFT).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Found by fuzzing: sums of coefficients that no encoder writes.
        #[test]
        fn no_coefficients_are_too_large(signs in prop::array::uniform32(-1_i16..=1)) {
            let mut block: Block = [0; SIDE * SIDE];
            for (at, value) in block.iter_mut().enumerate() {
                *value = match signs[at % signs.len()] {
                    -1 => i16::MIN,
                    0 => 0,
                    _ => i16::MAX,
                };
            }
            let mut plane = [0; SIDE * SIDE];
            inverse(&block, &mut plane, SIDE);
            inverse_flat(block[0], &mut plane, SIDE);
        }
    }
}
