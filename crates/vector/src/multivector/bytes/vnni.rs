//! Sums of products of bytes, sixteen lanes at once.

use std::arch::x86_64::*;

use super::{BASE, Digits, LANE, PackedBytes, Rows, word};
use crate::multivector::kernel::{BLOCK, NARROW, WIDE};

/// Dimensions in a word of bits.
const BITS: usize = u64::BITS as usize;

/// Lanes of a register.
const LANES: usize = 16;

/// Rows whose sums the registers hold.
const TILE: usize = 12;

pub(super) fn is_here() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")
}

/// Raises the best of each query row to the largest sum with a document row, times that row's scale.
pub(super) fn max_dots(query: &PackedBytes, dim: usize, rows: Rows<'_>, best: &mut [f32]) {
    assert!(is_here(), "a query is packed only where it can be scored");
    // SAFETY: this machine has every feature that the function is compiled for.
    #[allow(unsafe_code)]
    unsafe {
        blocks(query, dim, rows, best);
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn blocks(query: &PackedBytes, dim: usize, rows: Rows<'_>, best: &mut [f32]) {
    let PackedBytes { digits, words: packed, starts, .. } = query;
    let (words, bits) = (packed.entries, dim.div_ceil(BITS));
    let count = match rows {
        Rows::Bytes { scales, .. } => scales.len(),
        Rows::Bits { words } => words.len() / bits,
    };
    let in_wide = packed.wide.len() / words * WIDE;
    let (starts_wide, starts_narrow) = starts.split_at(in_wide);
    let mut raised = Vec::new();
    for from in (0..count).step_by(BLOCK) {
        // A last block of less than a tile takes rows of the one before it along: twice is no more than once.
        let from = from.min(count.saturating_sub(TILE));
        let to = count.min(from + BLOCK);
        raised.resize((to - from) * words, 0);
        let scales = match rows {
            Rows::Bytes { units, scales } => {
                raise(&units[from * dim..to * dim], dim, &mut raised);
                &scales[from..to]
            }
            Rows::Bits { words } => {
                spread(&words[from * bits..to * bits], dim, &mut raised);
                &[1.0; BLOCK][..to - from]
            }
        };
        let rows = Raised { words: &raised, scales };
        let wide = packed.wide.chunks_exact(words).zip(starts_wide.chunks_exact(WIDE));
        if *digits == Digits::Two {
            for ((panel, starts), best) in wide.zip(best.chunks_exact_mut(NARROW)) {
                panel_dots::<2, 2, WIDE>(panel, starts, rows, best);
            }
            continue;
        }
        let (best_wide, best_narrow) = best.split_at_mut(in_wide);
        for ((panel, starts), best) in wide.zip(best_wide.chunks_exact_mut(WIDE)) {
            panel_dots::<1, 2, WIDE>(panel, starts, rows, best);
        }
        let narrow = packed.narrow.chunks_exact(words).zip(starts_narrow.chunks_exact(NARROW));
        for ((panel, starts), best) in narrow.zip(best_narrow.chunks_exact_mut(NARROW)) {
            panel_dots::<1, 1, NARROW>(panel, starts, rows, best);
        }
    }
}

/// Rows of a document as words of four bytes, each raised by 128, and what they are multiplied with.
#[derive(Clone, Copy)]
struct Raised<'a> {
    words: &'a [i32],
    scales: &'a [f32],
}

/// Fills the words of [`Raised`]; a rest of a row is filled up.
// Plain loops: closures are not compiled for the instructions of the function that they stand in.
#[target_feature(enable = "avx512f,avx512vnni")]
fn raise(units: &[i8], dim: usize, raised: &mut [i32]) {
    const SIGNS: i32 = i32::from_ne_bytes([0x80; LANE]);
    let words = dim.div_ceil(LANE);
    for (row, raised) in units.chunks_exact(dim).zip(raised.chunks_exact_mut(words)) {
        let (whole, rest) = row.as_chunks::<LANE>();
        for (raised, &[a, b, c, d]) in raised.iter_mut().zip(whole) {
            *raised = i32::from_le_bytes([a as u8, b as u8, c as u8, d as u8]) ^ SIGNS;
        }
        if !rest.is_empty() {
            raised[words - 1] = word(rest) ^ SIGNS;
        }
    }
}

/// Four bits as the word of [`Raised`] that they stand for: 129 where one is set, else 127, the first in the lowest byte.
const SPREAD: [i32; LANES] = {
    let (mut spread, mut bits) = ([0; LANES], 0);
    while bits < LANES {
        let mut lane = 0;
        while lane < LANE {
            spread[bits] |= (127 + 2 * (bits as i32 >> lane & 1)) << (8 * lane);
            lane += 1;
        }
        bits += 1;
    }
    spread
};

/// As [`raise`] for bits: sixteen words of every 64, looked up at once.
#[target_feature(enable = "avx512f,avx512vnni")]
fn spread(bits: &[u64], dim: usize, raised: &mut [i32]) {
    let (spread, shifts) = (load(&SPREAD), load(&[0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28]));
    let (words, per_row) = (dim.div_ceil(LANE), dim.div_ceil(BITS));
    for (row, raised) in bits.chunks_exact(per_row).zip(raised.chunks_exact_mut(words)) {
        for (&bits, raised) in row.iter().zip(raised.chunks_mut(LANES)) {
            let (low, high) = (_mm512_set1_epi32(bits as i32), _mm512_set1_epi32((bits >> 32) as i32));
            let fours = _mm512_srlv_epi32(_mm512_mask_blend_epi32(0xff00, low, high), shifts);
            // A look-up reads the lowest four bits of a lane.
            let looked_up = _mm512_permutexvar_epi32(fours, spread);
            match raised.as_chunks_mut().0 {
                [whole] => store(looked_up, whole),
                _ => {
                    let mut all = [0; LANES];
                    store(looked_up, &mut all);
                    raised.copy_from_slice(&all[..raised.len()]);
                }
            }
        }
    }
}

/// Takes a block's rows tile by tile; the last tile laps over the one before it.
#[target_feature(enable = "avx512f,avx512vnni")]
fn panel_dots<const DIGITS: usize, const REGISTERS: usize, const L: usize>(
    panel: &[[i32; L]],
    starts: &[i32],
    rows: Raised<'_>,
    best: &mut [f32],
) {
    match rows.scales.len() {
        count if count >= TILE => tiles::<TILE, DIGITS, REGISTERS, L>(panel, starts, rows, best),
        count if count >= 6 => tiles::<6, DIGITS, REGISTERS, L>(panel, starts, rows, best),
        count if count >= 3 => tiles::<3, DIGITS, REGISTERS, L>(panel, starts, rows, best),
        _ => tiles::<1, DIGITS, REGISTERS, L>(panel, starts, rows, best),
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn tiles<const ROWS: usize, const DIGITS: usize, const REGISTERS: usize, const L: usize>(
    panel: &[[i32; L]],
    starts: &[i32],
    rows: Raised<'_>,
    best: &mut [f32],
) {
    let (words, count) = (panel.len(), rows.scales.len());
    let mut from = 0;
    while from < count {
        let first = from.min(count - ROWS);
        let tile_rows =
            Raised { words: &rows.words[first * words..][..ROWS * words], scales: &rows.scales[first..][..ROWS] };
        tile::<ROWS, DIGITS, REGISTERS, L>(panel, starts, tile_rows, best);
        from += ROWS;
    }
}

// Indexed loops of constant length: the compiler unrolls them and keeps the sums in registers.
#[allow(clippy::needless_range_loop)]
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn tile<const ROWS: usize, const DIGITS: usize, const REGISTERS: usize, const L: usize>(
    panel: &[[i32; L]],
    starts: &[i32],
    rows: Raised<'_>,
    best: &mut [f32],
) {
    let words = panel.len();
    let values: [&[i32]; ROWS] = std::array::from_fn(|row| &rows.words[row * words..][..words]);
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
            let value = _mm512_set1_epi32(values[row][k]);
            for register in 0..REGISTERS {
                sums[row][register] = _mm512_dpbusd_epi32(sums[row][register], value, query[register]);
            }
        }
    }
    let best = best.as_chunks_mut::<LANES>().0;
    for register in 0..REGISTERS / DIGITS {
        let mut largest = load_floats(&best[register]);
        for row in 0..ROWS {
            let mut sum = _mm512_cvtepi32_ps(sums[row][register]);
            if DIGITS == 2 {
                let low = _mm512_cvtepi32_ps(sums[row][1]);
                sum = _mm512_fmadd_ps(sum, _mm512_set1_ps(BASE as f32), low);
            }
            largest = _mm512_max_ps(largest, _mm512_mul_ps(sum, _mm512_set1_ps(rows.scales[row])));
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
fn store(values: __m512i, lanes: &mut [i32; LANES]) {
    // SAFETY: so many lanes are written as there are, to wherever they are.
    unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), values) }
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
