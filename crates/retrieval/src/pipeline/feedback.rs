//! A stage's query, moved towards what is best so far.

use embedkit_core::{Error, Result};
use embedkit_vector::normalize;
use serde::{Deserialize, Serialize};

/// Has a stage's query moved towards the best of what all stages found, by their mean, before its scores count
/// (pseudo-relevance feedback, as Rocchio 1971): what answers a question says more of it than the question does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct Feedback {
    /// How many are the best. Default: 2.
    pub records: usize,
    /// What their mean counts, beside the query's 1. Default: 0.3.
    pub weight: f32,
}

impl Default for Feedback {
    fn default() -> Self {
        Self { records: 2, weight: 0.3 }
    }
}

impl Feedback {
    /// A query, moved. Of vectors of length 1 one of length 1.
    pub(crate) fn moved(&self, query: &[f32], best: &[Vec<f32>]) -> Vec<f32> {
        let mut moved = query.to_vec();
        for vector in best {
            let share = self.weight / best.len() as f32;
            moved.iter_mut().zip(vector).for_each(|(moved, value)| *moved += share * value);
        }
        normalize(&mut moved);
        moved
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.records == 0 {
            return Err(Error::option("stage.feedback.records", "must be at least 1"));
        }
        match self.weight.is_finite() && self.weight > 0.0 {
            true => Ok(()),
            false => {
                Err(Error::option("stage.feedback.weight", format!("must be a number above 0, not {}", self.weight)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_move_by_the_mean_of_the_best() {
        let feedback = Feedback { records: 2, weight: 1.0 };
        let moved = feedback.moved(&[1.0, 0.0], &[vec![0.0, 1.0], vec![1.0, 0.0]]);
        let length = (1.5f32 * 1.5 + 0.25).sqrt();
        assert!((moved[0] - 1.5 / length).abs() < 1e-6 && (moved[1] - 0.5 / length).abs() < 1e-6, "{moved:?}");
        assert_eq!(feedback.moved(&[0.0, 1.0], &[]), [0.0, 1.0]);
    }
}
