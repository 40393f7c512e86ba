//! The best of many scores.

use std::cmp::Ordering;

/// Keeps the highest scores of many, most of which one comparison turns away.
pub(super) struct Best {
    wanted: usize,
    /// At most twice as many as are wanted.
    kept: Vec<(usize, f32)>,
    /// What a record that comes later must be above.
    least: Option<f32>,
}

impl Best {
    pub(super) fn new(wanted: usize) -> Self {
        Self { wanted, kept: Vec::with_capacity(wanted.saturating_mul(2).min(1 << 12)), least: None }
    }

    /// Adds a record, whose number is above those of all before.
    pub(super) fn add(&mut self, record: usize, score: f32) {
        if self.wanted == 0 || self.least.is_some_and(|least| score.total_cmp(&least) != Ordering::Greater) {
            return;
        }
        self.kept.push((record, score));
        if self.kept.len() >= self.wanted.saturating_mul(2) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.kept.len() > self.wanted {
            self.kept.select_nth_unstable_by(self.wanted - 1, order);
            self.kept.truncate(self.wanted);
        }
        if self.kept.len() == self.wanted {
            self.least = self.kept.iter().map(|(_, score)| *score).min_by(f32::total_cmp);
        }
    }

    /// The highest scores, best first; of equal ones the lower record first.
    pub(super) fn finish(mut self) -> Vec<(usize, f32)> {
        self.kept.sort_unstable_by(order);
        self.kept.truncate(self.wanted);
        self.kept
    }
}

/// The highest of scores, in any order of records.
pub(super) fn best_of(mut scores: Vec<(usize, f32)>, wanted: usize) -> Vec<(usize, f32)> {
    if (1..scores.len()).contains(&wanted) {
        scores.select_nth_unstable_by(wanted - 1, order);
    }
    scores.truncate(wanted);
    scores.sort_unstable_by(order);
    scores
}

fn order(a: &(usize, f32), b: &(usize, f32)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use embedkit_vector::top_k;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_those_of_a_full_sort(scores in prop::collection::vec((-3i8..3).prop_map(f32::from), 0..60), wanted in 0usize..12) {
            let expected: Vec<_> = top_k(scores.clone(), wanted).iter().map(|scored| (scored.index, scored.score)).collect();
            let mut best = Best::new(wanted);
            scores.iter().enumerate().for_each(|(record, score)| best.add(record, *score));
            prop_assert_eq!(best.finish(), expected.clone());
            let mut pairs: Vec<_> = scores.into_iter().enumerate().collect();
            pairs.reverse();
            prop_assert_eq!(best_of(pairs, wanted), expected);
        }
    }
}
