//! How sure a mean is.

use serde::{Deserialize, Serialize};

use super::random::SplitMix;

/// Samples that an interval is read from.
const SAMPLES: usize = 10_000;
const SEED: u64 = 42;

/// A mean over queries, with the 95% interval of the percentile bootstrap (Efron 1979): where the mean falls when the
/// queries are drawn anew, with replacement, from those there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// The 2.5th percentile of the means drawn.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

impl Interval {
    /// The mean of these values and its interval; 0 for no values. The same values give the same interval.
    pub fn of_mean(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let mean = mean(values);
        let mut random = SplitMix::new(SEED);
        let mut draw = || (0..values.len()).map(|_| values[random.below(values.len())]).sum::<f64>();
        let mut means: Vec<f64> = (0..SAMPLES).map(|_| draw() / values.len() as f64).collect();
        means.sort_by(f64::total_cmp);
        let percentile = |share: f64| means[((SAMPLES - 1) as f64 * share).round() as usize];
        Self { mean, low: percentile(0.025), high: percentile(0.975) }
    }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_normal_law() {
        // The mean of 400 values of 0 or 1, as many of each, has a standard error of 0.025.
        let values: Vec<f64> = (0..400).map(|at| f64::from(at % 2)).collect();
        let interval = Interval::of_mean(&values);
        assert_eq!(interval.mean, 0.5);
        assert!((interval.low - 0.451).abs() < 0.004 && (interval.high - 0.549).abs() < 0.004, "{interval:?}");
        assert_eq!(interval, Interval::of_mean(&values));
        assert_eq!(Interval::of_mean(&[0.3; 5]).high, 0.3);
        assert_eq!(Interval::of_mean(&[]), Interval::default());
    }
}
