//! The inner loops: for every query row, the best of many document rows.
//!
//! Query rows are packed side by side, so that one document value is multiplied with a whole lane
//! of them and the maximum needs no reduction across lanes. Each dot product is summed from the first
//! dimension to the last whatever the blocking, so a row's result does not depend on its place.
//! Plain loops over fixed-size arrays, which the compiler keeps in vector registers.

use std::ops::Range;

use super::element::Element;
use super::view::MultiVectorView;
use crate::dispatch::{Kernel, dispatch};

/// Query rows side by side in a full panel, and in the half panel that a short rest takes.
pub(super) const WIDE: usize = 32;
pub(super) const NARROW: usize = 16;

/// Document rows that are multiplied with all panels in turn: a block stays in the first-level cache, beside a panel.
pub(super) const BLOCK: usize = 24;

/// Rows packed into panels: `panel[k][lane]` is entry `k` of the row in that lane.
#[derive(Clone, Debug)]
pub(super) struct Packed<T> {
    rows: usize,
    pub(super) entries: usize,
    pub(super) wide: Vec<[T; WIDE]>,
    pub(super) narrow: Vec<[T; NARROW]>,
}

impl<T: Copy + Default> Packed<T> {
    /// Packs rows of `entries` entries each. Unused lanes are zero.
    pub(super) fn new(values: &[T], entries: usize) -> Self {
        let rows = values.len() / entries;
        let rest = rows % WIDE;
        let in_wide = if rest <= NARROW { rows - rest } else { rows };
        let (wide, narrow) = values.split_at(in_wide * entries);
        Self { rows, entries, wide: panels(wide, entries), narrow: panels(narrow, entries) }
    }

    /// One value a lane, all `value`.
    pub(super) fn lanes<V: Copy>(&self, value: V) -> Vec<V> {
        vec![value; (self.wide.len() * WIDE + self.narrow.len() * NARROW) / self.entries]
    }
}

fn panels<T: Copy + Default, const L: usize>(values: &[T], entries: usize) -> Vec<[T; L]> {
    let mut packed = vec![[T::default(); L]; values.len().div_ceil(L * entries) * entries];
    for (panel, rows) in packed.chunks_exact_mut(entries).zip(values.chunks(L * entries)) {
        for (lane, row) in rows.chunks_exact(entries).enumerate() {
            for (entry, &value) in panel.iter_mut().zip(row) {
                entry[lane] = value;
            }
        }
    }
    packed
}

/// For each query row, its largest dot product with these document rows; NaN if one of them is beyond `f32`.
pub(super) fn max_dots<E: Element>(
    query: &Packed<f32>,
    document: MultiVectorView<'_, E>,
    rows: Range<usize>,
) -> Vec<f32> {
    let mut best = query.lanes(f32::NEG_INFINITY);
    dispatch(MaxDots { query, document, rows, best: &mut best });
    best.truncate(query.rows);
    best
}

struct MaxDots<'a, E: Element> {
    query: &'a Packed<f32>,
    document: MultiVectorView<'a, E>,
    rows: Range<usize>,
    best: &'a mut [f32],
}

impl<E: Element> Kernel for MaxDots<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool, const TILE: usize>(self) {
        let Packed { entries: dim, wide, narrow, .. } = self.query;
        let (best_wide, best_narrow) = self.best.split_at_mut(wide.len() / dim * WIDE);
        let mut buffer = Vec::new();
        let Range { start, end } = self.rows;
        for from in (start..end).step_by(BLOCK) {
            // A last block of less than a tile takes rows of the one before it along: twice is no more than once.
            let from = from.min(end.saturating_sub(TILE)).max(start);
            let rows = self.document.decode(from, end.min(from + BLOCK), &mut buffer);
            for (panel, best) in wide.chunks_exact(*dim).zip(best_wide.as_chunks_mut().0) {
                panel_dots::<FMA, TILE, WIDE>(panel, rows, &mut Largest(best));
            }
            for (panel, best) in narrow.chunks_exact(*dim).zip(best_narrow.as_chunks_mut().0) {
                panel_dots::<FMA, TILE, NARROW>(panel, rows, &mut Largest(best));
            }
        }
    }
}

/// The dot products of every row with every packed one, `[rows, packed rows]`.
pub(super) fn all_dots(packed: &Packed<f32>, rows: &[f32]) -> Vec<f32> {
    let lanes = packed.lanes(()).len();
    let mut dots = vec![0.0; rows.len() / packed.entries * lanes];
    dispatch(AllDots { packed, rows, lanes, dots: &mut dots });
    if lanes == packed.rows {
        return dots;
    }
    dots.chunks_exact(lanes).flat_map(|dots| &dots[..packed.rows]).copied().collect()
}

struct AllDots<'a> {
    packed: &'a Packed<f32>,
    rows: &'a [f32],
    lanes: usize,
    dots: &'a mut [f32],
}

impl Kernel for AllDots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool, const TILE: usize>(self) {
        let Self { packed: Packed { entries: dim, wide, narrow, .. }, rows, lanes, dots } = self;
        for (at, panel) in wide.chunks_exact(*dim).enumerate() {
            panel_dots::<FMA, TILE, WIDE>(panel, rows, &mut Kept { dots, lanes, lane: at * WIDE });
        }
        let before = wide.len() / dim * WIDE;
        for (at, panel) in narrow.chunks_exact(*dim).enumerate() {
            panel_dots::<FMA, TILE, NARROW>(panel, rows, &mut Kept { dots, lanes, lane: before + at * NARROW });
        }
    }
}

/// What becomes of the dot products of a panel with some rows. The same ones may come twice.
trait Products<const L: usize> {
    /// Takes those with the rows from `first` on.
    fn take<const TILE: usize>(&mut self, first: usize, sums: &[[f32; L]; TILE]);
}

/// The largest of a lane; NaN once one is beyond `f32`.
struct Largest<'a, const L: usize>(&'a mut [f32; L]);

impl<const L: usize> Products<L> for Largest<'_, L> {
    // A copy and indexed loops, for the registers, as in `tile_dots`.
    #[allow(clippy::needless_range_loop)]
    #[inline(always)]
    fn take<const TILE: usize>(&mut self, _first: usize, sums: &[[f32; L]; TILE]) {
        // 0 times a sum is 0, but NaN for one that is beyond f32: that must not pass for a small one.
        let mut beyond = [0.0_f32; L];
        let mut best = *self.0;
        for row in 0..TILE {
            for lane in 0..L {
                beyond[lane] += sums[row][lane] * 0.0;
                best[lane] = if sums[row][lane] > best[lane] { sums[row][lane] } else { best[lane] };
            }
        }
        for lane in 0..L {
            self.0[lane] = best[lane] + beyond[lane];
        }
    }
}

/// All of them, from `lane` on in rows of so many `lanes`.
struct Kept<'a> {
    dots: &'a mut [f32],
    lanes: usize,
    lane: usize,
}

impl<const L: usize> Products<L> for Kept<'_> {
    #[inline(always)]
    fn take<const TILE: usize>(&mut self, first: usize, sums: &[[f32; L]; TILE]) {
        for (row, sums) in sums.iter().enumerate() {
            self.dots[(first + row) * self.lanes + self.lane..][..L].copy_from_slice(sums);
        }
    }
}

/// The dot products of a panel with rows. Few rows go through smaller tiles: a tile takes as long as its sums are
/// waited for, however many there are.
#[inline(always)]
fn panel_dots<const FMA: bool, const TILE: usize, const L: usize>(
    panel: &[[f32; L]],
    rows: &[f32],
    products: &mut impl Products<L>,
) {
    match rows.len() / panel.len() {
        count if count >= TILE => tiles::<FMA, TILE, L>(panel, rows, products),
        count if TILE > 6 && count >= 6 => tiles::<FMA, 6, L>(panel, rows, products),
        count if TILE > 3 && count >= 3 => tiles::<FMA, 3, L>(panel, rows, products),
        _ => tiles::<FMA, 1, L>(panel, rows, products),
    }
}

/// Takes at least a tile of rows tile by tile. The last tile laps over the one before it, and what is taken twice has the
/// same products.
#[inline(always)]
fn tiles<const FMA: bool, const TILE: usize, const L: usize>(
    panel: &[[f32; L]],
    rows: &[f32],
    products: &mut impl Products<L>,
) {
    let size = panel.len() * TILE;
    let mut tiles = rows.chunks_exact(size);
    let mut first = 0;
    for tile in &mut tiles {
        tile_dots::<FMA, TILE, L>(panel, tile, first, products);
        first += TILE;
    }
    if !tiles.remainder().is_empty() {
        let last = rows.len() - size;
        tile_dots::<FMA, TILE, L>(panel, &rows[last..], last / panel.len(), products);
    }
}

// Indexed loops of constant length: the compiler unrolls them and keeps the sums in registers,
// which it does not do for chained iterators, nor for sums that are returned.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn tile_dots<const FMA: bool, const TILE: usize, const L: usize>(
    panel: &[[f32; L]],
    tile: &[f32],
    first: usize,
    products: &mut impl Products<L>,
) {
    let dim = panel.len();
    let rows: [&[f32]; TILE] = std::array::from_fn(|row| &tile[row * dim..][..dim]);
    let mut sums = [[0.0_f32; L]; TILE];
    for k in 0..dim {
        let query = panel[k];
        for row in 0..TILE {
            let value = rows[row][k];
            for lane in 0..L {
                let sum = sums[row][lane];
                sums[row][lane] = if FMA { query[lane].mul_add(value, sum) } else { query[lane] * value + sum };
            }
        }
    }
    products.take(first, &sums);
}

/// For each query row, its smallest Hamming distance to the document rows of `query.entries` words.
pub(super) fn min_distances(query: &Packed<u64>, document: &[u64]) -> Vec<u64> {
    let mut best = query.lanes(u64::MAX);
    dispatch(MinDistances { query, document, best: &mut best });
    best.truncate(query.rows);
    best
}

struct MinDistances<'a> {
    query: &'a Packed<u64>,
    document: &'a [u64],
    best: &'a mut [u64],
}

impl Kernel for MinDistances<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FMA: bool, const TILE: usize>(self) {
        let Packed { entries: words, wide, narrow, .. } = self.query;
        let (best_wide, best_narrow) = self.best.split_at_mut(wide.len() / words * WIDE);
        for (panel, best) in wide.chunks_exact(*words).zip(best_wide.as_chunks_mut().0) {
            panel_min::<WIDE>(panel, self.document, best);
        }
        for (panel, best) in narrow.chunks_exact(*words).zip(best_narrow.as_chunks_mut().0) {
            panel_min::<NARROW>(panel, self.document, best);
        }
    }
}

#[inline(always)]
fn panel_min<const L: usize>(panel: &[[u64; L]], document: &[u64], best: &mut [u64; L]) {
    for row in document.chunks_exact(panel.len()) {
        let mut distances = [0_u64; L];
        for (query, &word) in panel.iter().zip(row) {
            for (distance, query) in distances.iter_mut().zip(query) {
                *distance += u64::from((query ^ word).count_ones());
            }
        }
        for (best, &distance) in best.iter_mut().zip(&distances) {
            *best = distance.min(*best);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::multivector::MultiVector;

    /// The levels this machine does not choose compute the same.
    #[test]
    fn every_level_agrees() {
        let value = |at: u32| (at.wrapping_mul(2_654_435_761) >> 16) as f32 / 65536.0 - 0.5;
        // Past a tile and a panel; Miri takes its time.
        let (dim, terms, tokens) = if cfg!(miri) { (3, 33, 13) } else { (37, 45, 101) };
        let rows = |from: u32, rows: u32| (from..from + rows * dim).map(value).collect::<Vec<f32>>();
        let query = Packed::new(&rows(0, terms), dim as usize);
        let document = MultiVector::new(dim as usize, rows(9999, tokens)).unwrap();
        let chosen = max_dots(&query, document.view(), 0..document.len());
        assert_eq!(chosen.len(), terms as usize);

        let of = |run: fn(MaxDots<'_, f32>)| {
            let mut best = query.lanes(f32::NEG_INFINITY);
            run(MaxDots { query: &query, document: document.view(), rows: 0..document.len(), best: &mut best });
            best.truncate(terms as usize);
            best
        };
        let levels = [
            of(|kernel| kernel.run::<false, 1>()),
            of(|kernel| kernel.run::<true, 2>()),
            of(|kernel| kernel.run::<true, 12>()),
        ];
        for level in &levels {
            for (a, b) in level.iter().zip(&chosen) {
                assert!((a - b).abs() < 1e-5, "{a} is not {b}");
            }
        }
        assert_eq!(levels[1], levels[2], "the tile does not change a sum");
    }
}
