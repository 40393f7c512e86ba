//! How inputs are put into batches.

use crate::{Error, Result};

/// Bounds of a batch. All hold at once; a row that alone is over a bound runs alone.
///
/// The defaults are for CPUs, where larger batches are slower because activations fall out of the
/// caches, and starting a run costs little; accelerators want more tokens and a larger overhead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batching {
    /// Most rows. Default: no bound.
    pub rows: Option<usize>,
    /// Most tokens, padding included: rows times the longest row. Default: 1024.
    pub tokens: usize,
    /// Most cells of the attention matrices: rows times the longest row's square. Default: 262,144.
    pub attention: usize,
    /// What a run costs beside the tokens it computes, in tokens: rows of other lengths share a batch
    /// only where their padding costs less than runs of their own. Default: 16.
    pub overhead: usize,
    /// Runs each row alone, so that its result cannot depend on others: for graphs that scale
    /// activations by the batch at hand (dynamic quantisation). Default: no.
    pub invariant: bool,
}

impl Default for Batching {
    fn default() -> Self {
        Self { rows: None, tokens: 1024, attention: 1 << 18, overhead: 16, invariant: false }
    }
}

impl Batching {
    /// Refuses bounds that no batch fits.
    pub(super) fn check(&self) -> Result<()> {
        for (option, bound) in
            [("batch_size", self.rows.unwrap_or(1)), ("batch_tokens", self.tokens), ("batch_attention", self.attention)]
        {
            if bound == 0 {
                return Err(Error::option(option, "must be at least 1"));
            }
        }
        Ok(())
    }

    /// Cuts rows, given by their lengths from the longest down, into batches: the number of rows in
    /// each. Of all ways to cut them within the bounds, the one that costs least.
    pub(super) fn cut(&self, lengths: &[usize]) -> Vec<usize> {
        // The least that the rows from each one on cost, and how many of them are in its batch.
        let mut best = vec![(0, 0); lengths.len() + 1];
        for (row, length) in lengths.iter().enumerate().rev() {
            let most = self.rows_of(*length).min(lengths.len() - row);
            let cost = |rows: usize| {
                let run = length.saturating_mul(rows).saturating_add(self.overhead);
                (run.saturating_add(best[row + rows].0), rows)
            };
            // Of ways that cost the same, the one with the most rows: it has the fewest runs.
            let least = (1..=most).rev().map(cost).min_by_key(|(cost, _)| *cost);
            best[row] = least.unwrap_or((0, 1));
        }
        let mut batches = Vec::new();
        let mut row = 0;
        while row < lengths.len() {
            batches.push(best[row].1);
            row += best[row].1;
        }
        batches
    }

    /// How many rows of a length make a batch.
    fn rows_of(&self, length: usize) -> usize {
        if self.invariant {
            return 1;
        }
        let length = length.max(1);
        let by_tokens = self.tokens / length;
        let by_attention = self.attention / length.saturating_mul(length);
        by_tokens.min(by_attention).min(self.rows.unwrap_or(usize::MAX)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_every_bound() {
        let bounds = |rows, tokens, attention, invariant| {
            let overhead = 1000;
            Batching { rows, tokens, attention, overhead, invariant }
        };
        for (batching, lengths, expected) in [
            (bounds(None, 100, 1 << 20, false), vec![50, 50, 50], vec![2, 1]),
            (bounds(None, 100, 1 << 20, false), vec![500, 50, 10], vec![1, 2]),
            (bounds(None, 100, 2500, false), vec![50, 50], vec![1, 1]),
            (bounds(Some(2), 1000, 1 << 20, false), vec![3, 2, 1, 1, 1], vec![2, 2, 1]),
            (bounds(None, 1000, 1 << 20, true), vec![3, 3], vec![1, 1]),
            (bounds(None, 1000, 1 << 20, false), vec![0, 0], vec![2]),
            (bounds(None, 1000, 1 << 20, false), vec![], vec![]),
            (bounds(None, 1000, 1 << 20, false), vec![usize::MAX], vec![1]),
        ] {
            assert_eq!(batching.cut(&lengths), expected, "{batching:?} {lengths:?}");
        }
    }

    #[test]
    fn rows_share_a_batch_where_that_costs_less() {
        for (overhead, lengths, expected) in [
            (0, vec![9, 9, 5], vec![2, 1]),
            (3, vec![9, 9, 5], vec![2, 1]),
            (4, vec![9, 9, 5], vec![3]),
            (10, vec![100, 10, 9, 8], vec![1, 3]),
            (200, vec![100, 10, 9, 8], vec![1, 3]),
            (300, vec![100, 10, 9, 8], vec![4]),
        ] {
            let batching = Batching { overhead, ..Batching::default() };
            assert_eq!(batching.cut(&lengths), expected, "{overhead} {lengths:?}");
        }
    }

    #[test]
    fn bounds_of_zero_are_refused() {
        for batching in [
            Batching { rows: Some(0), ..Batching::default() },
            Batching { tokens: 0, ..Batching::default() },
            Batching { attention: 0, ..Batching::default() },
        ] {
            assert!(matches!(batching.check(), Err(Error::InvalidOption { .. })), "{batching:?}");
        }
    }
}
