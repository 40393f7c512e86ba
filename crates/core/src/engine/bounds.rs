//! The bounds of a batch.

/// Bounds of a batch. All hold at once; a row that alone is over a bound runs alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchBounds {
    /// Most rows; none where there is no bound.
    pub rows: Option<usize>,
    /// Most tokens, padding included: rows times the longest row.
    pub tokens: usize,
    /// Most cells of the attention matrices: rows times the longest row's square.
    pub attention: usize,
    /// What a run costs beside the tokens it computes, in tokens.
    pub overhead: usize,
    /// Whether each row runs alone.
    pub invariant: bool,
}

impl BatchBounds {
    /// Cuts rows, given by their lengths from the longest down, into batches: the number of rows in
    /// each. Of all ways to cut them within the bounds, the one that costs least. How many workers there are does not
    /// count: the same inputs give the same bits with any number of threads.
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
    use crate::engine::Batching;

    #[test]
    fn batches_keep_every_bound() {
        let bounds_of = |rows, tokens, attention, invariant| {
            let overhead = 1000;
            BatchBounds { rows, tokens, attention, overhead, invariant }
        };
        for (bounds, lengths, expected) in [
            (bounds_of(None, 100, 1 << 20, false), vec![50, 50, 50], vec![2, 1]),
            (bounds_of(None, 100, 1 << 20, false), vec![500, 50, 10], vec![1, 2]),
            (bounds_of(None, 100, 2500, false), vec![50, 50], vec![1, 1]),
            (bounds_of(Some(2), 1000, 1 << 20, false), vec![3, 2, 1, 1, 1], vec![2, 2, 1]),
            (bounds_of(None, 1000, 1 << 20, true), vec![3, 3], vec![1, 1]),
            (bounds_of(None, 1000, 1 << 20, false), vec![0, 0], vec![2]),
            (bounds_of(None, 1000, 1 << 20, false), vec![], vec![]),
            (bounds_of(None, 1000, 1 << 20, false), vec![usize::MAX], vec![1]),
        ] {
            assert_eq!(bounds.cut(&lengths), expected, "{bounds:?} {lengths:?}");
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
            let bounds = BatchBounds { overhead, ..Batching::default().on(false) };
            assert_eq!(bounds.cut(&lengths), expected, "{overhead} {lengths:?}");
        }
    }
}
