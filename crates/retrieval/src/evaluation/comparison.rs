//! Whether two systems differ.

use serde::{Deserialize, Serialize};

use super::interval::mean;
use super::random::SplitMix;

/// Random assignments that the test looks at, where there are more than it can look at in full.
const SAMPLES: u64 = 10_000;
const SEED: u64 = 42;
/// From this probability on a difference is no more than chance.
const LEVEL: f64 = 0.05;

/// Two systems on the same queries, with the paired randomisation test (Fisher; Smucker, Allan and Carterette 2007): how
/// often a difference as large as theirs comes about when a coin decides, query by query, which value is whose.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The mean of the candidate less that of the baseline.
    pub difference: f64,
    /// The two-sided probability of such a difference by chance.
    pub p: f64,
    /// Queries on which the candidate is better.
    pub wins: usize,
    /// Queries on which it is worse.
    pub losses: usize,
    /// Queries on which they are equal.
    pub ties: usize,
}

impl Comparison {
    /// Compares the values of two systems, query by query in one order. All assignments are looked at where there are
    /// no more than 10,000, and else as many at random, always the same.
    pub fn paired(baseline: &[f64], candidate: &[f64]) -> Self {
        let differences: Vec<f64> = candidate.iter().zip(baseline).map(|(candidate, base)| candidate - base).collect();
        let count = |is: fn(&f64) -> bool| differences.iter().filter(|difference| is(difference)).count();
        let (wins, losses) = (count(|difference| *difference > 0.0), count(|difference| *difference < 0.0));
        Self {
            difference: mean(&differences),
            p: probability(&differences),
            wins,
            losses,
            ties: differences.len() - wins - losses,
        }
    }

    /// Whether the difference is more than chance, at the 5% level.
    pub fn is_significant(&self) -> bool {
        self.p < LEVEL
    }

    /// Whether the candidate is worse, and by more than chance.
    pub fn is_worse(&self) -> bool {
        self.difference < 0.0 && self.is_significant()
    }
}

fn probability(differences: &[f64]) -> f64 {
    // Queries on which the two are equal are so whoever they belong to.
    let moving: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    let observed = moving.iter().sum::<f64>().abs();
    // Sums of the same values in another order differ in their last digits.
    let least = observed - 1e-9 * observed;
    let reaches = |signs: &mut dyn FnMut(usize) -> bool| {
        let sum: f64 = moving.iter().enumerate().map(|(at, value)| if signs(at) { *value } else { -value }).sum();
        sum.abs() >= least
    };
    let assignments = u32::try_from(moving.len()).ok().and_then(|moving| 1_u64.checked_shl(moving));
    if let Some(all) = assignments.filter(|all| *all <= SAMPLES) {
        let reaching = (0..all).filter(|bits| reaches(&mut |at| bits >> at & 1 == 1)).count();
        return reaching as f64 / all as f64;
    }
    let mut random = SplitMix::new(SEED);
    let mut sample = || {
        let mut bits = 0;
        reaches(&mut |at| {
            bits = if at % 64 == 0 { random.next() } else { bits >> 1 };
            bits & 1 == 1
        })
    };
    let reaching = (0..SAMPLES).filter(|_| sample()).count();
    // The assignment that was observed is one of them.
    (reaching + 1) as f64 / (SAMPLES + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_queries_are_looked_at_in_full() {
        // All four differences go one way: of the 16 assignments, two are as far from 0.
        let comparison = Comparison::paired(&[0.1, 0.2, 0.3, 0.4, 0.5], &[0.2, 0.4, 0.6, 0.8, 0.5]);
        assert_eq!(comparison.p, 2.0 / 16.0);
        assert_eq!((comparison.wins, comparison.losses, comparison.ties), (4, 0, 1));
        assert!((comparison.difference - 0.2).abs() < 1e-12);
        assert!(!comparison.is_worse() && !comparison.is_significant());
    }

    #[test]
    fn equal_systems_do_not_differ() {
        let values: Vec<f64> = (0..50).map(|at| f64::from(at) / 50.0).collect();
        assert_eq!(Comparison::paired(&values, &values).p, 1.0);
        // A difference that goes both ways alike.
        let other: Vec<f64> = values.iter().enumerate().map(|(at, v)| v + [0.1, -0.1][at % 2]).collect();
        assert!(Comparison::paired(&values, &other).p > 0.5);
    }

    #[test]
    fn a_system_that_is_worse_throughout_is_found_out() {
        let values: Vec<f64> = (0..60).map(|at| f64::from(at % 7) / 7.0).collect();
        let worse: Vec<f64> = values.iter().map(|value| value - 0.05).collect();
        let comparison = Comparison::paired(&values, &worse);
        assert!(comparison.is_worse() && comparison.p < 0.001, "{comparison:?}");
        assert!(!Comparison::paired(&worse, &values).is_worse());
    }
}
