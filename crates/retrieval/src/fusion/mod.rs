//! Several rankings to one.
//!
//! Stages score on scales of their own: a cosine ends at 1, BM25 has no end. [`Fusion`] brings them to one scale, by their
//! scores or by their ranks, weighs and adds them, and says what each added.
//!
//! ```
//! use embedkit_retrieval::fusion::{Fusion, Ranking};
//!
//! let dense = Ranking::new("dense", [(7, 0.82), (3, 0.80), (5, 0.31)]);
//! let words = Ranking::new("words", [(3, 11.0), (9, 2.5)]);
//! let fused = Fusion::min_max().fuse(&[dense, words]);
//! assert_eq!(fused[0].record, 3);
//! assert_eq!(fused[0].score, fused[0].contributions.iter().map(|part| part.value).sum::<f64>());
//! ```

mod scale;

use std::collections::{BTreeMap, HashMap};

use embedkit_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// How rankings become one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[non_exhaustive]
pub struct Fusion {
    /// How scores are brought to one scale. Default: [`Method::ZScore`].
    pub method: Method,
    /// What a ranking counts, by its stage. Default: 1 for each.
    pub weights: BTreeMap<String, f64>,
    /// The constant of [`Method::Rrf`], and of no other: the higher, the less the first ranks stand out. Default: 60.
    pub k: f64,
}

/// How scores are brought to one scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Method {
    /// To a mean of 0 and a standard deviation of 1, over what was scored.
    #[default]
    ZScore,
    /// To between 0, for the lowest score, and 1, for the highest.
    MinMax,
    /// By ranks alone: 1 / (k + rank), from 1 (Cormack, Clarke and Büttcher 2009).
    Rrf,
}

impl Default for Fusion {
    fn default() -> Self {
        Self { method: Method::ZScore, weights: BTreeMap::new(), k: 60.0 }
    }
}

/// What a stage scored, in any order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Ranking {
    /// The stage's name.
    pub stage: String,
    /// Records and their scores.
    pub scores: Vec<(usize, f32)>,
}

impl Ranking {
    /// What a stage scored; no record twice.
    pub fn new(stage: impl Into<String>, scores: impl IntoIterator<Item = (usize, f32)>) -> Self {
        Self { stage: stage.into(), scores: scores.into_iter().collect() }
    }
}

/// A record with its fused score.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fused {
    /// The record.
    pub record: usize,
    /// The sum of the contributions.
    pub score: f64,
    /// What each stage added, in the order of the rankings.
    pub contributions: Vec<Contribution>,
}

/// What a stage added to a record's score.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Contribution {
    /// The stage.
    pub stage: String,
    /// Its own score; none if it did not score the record.
    pub score: Option<f32>,
    /// The record's rank in the stage, from 1; none if it did not score it.
    pub rank: Option<usize>,
    /// What it added: the score on the common scale, times the weight.
    pub value: f64,
}

impl Fusion {
    /// By z-scores.
    pub fn z_score() -> Self {
        Self::default()
    }

    /// By min-max scores.
    pub fn min_max() -> Self {
        Self { method: Method::MinMax, ..Self::default() }
    }

    /// By reciprocal ranks.
    pub fn rrf() -> Self {
        Self { method: Method::Rrf, ..Self::default() }
    }

    /// Sets what a stage counts.
    #[must_use]
    pub fn weight(mut self, stage: impl Into<String>, weight: f64) -> Self {
        self.weights.insert(stage.into(), weight);
        self
    }

    /// Checks the numbers, and that weights are of these stages.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] naming what is wrong.
    pub fn check<'s>(&self, stages: impl IntoIterator<Item = &'s str>) -> Result<()> {
        if !(self.k.is_finite() && self.k >= 0.0) {
            return Err(Error::option("fusion.k", format!("must be a number from 0, not {}", self.k)));
        }
        let stages: Vec<&str> = stages.into_iter().collect();
        for (stage, weight) in &self.weights {
            if !(weight.is_finite() && *weight >= 0.0) {
                return Err(Error::option(
                    "fusion.weights",
                    format!("{stage} must weigh a number from 0, not {weight}"),
                ));
            }
            if !stages.contains(&stage.as_str()) {
                let message = format!("there is no stage {stage:?}; there are {}", stages.join(", "));
                return Err(Error::option("fusion.weights", message));
            }
        }
        Ok(())
    }

    /// Checks that all that is set is used. Collections that were made before have what is not.
    pub(crate) fn check_uses(&self) -> Result<()> {
        if self.method != Method::Rrf && self.k != Self::default().k {
            return Err(Error::option("fusion.k", "is of the method `rrf`, and another is named: leave it out"));
        }
        Ok(())
    }

    /// All records that any ranking has, best first; of equal ones the lower record first. A record that a ranking
    /// lacks has its lowest score there, and with [`Method::Rrf`] no share. The order of a ranking's scores does not
    /// matter, and that of the rankings only orders the contributions.
    pub fn fuse(&self, rankings: &[Ranking]) -> Vec<Fused> {
        let sorted: Vec<Vec<(usize, f32)>> = rankings.iter().map(|ranking| best_first(&ranking.scores)).collect();
        let mut records: Vec<usize> = sorted.iter().flatten().map(|(record, _)| *record).collect();
        records.sort_unstable();
        records.dedup();
        let parts: Vec<Vec<Contribution>> = rankings
            .iter()
            .zip(&sorted)
            .map(|(ranking, sorted)| self.contributions(&ranking.stage, sorted, &records))
            .collect();
        let mut fused: Vec<Fused> = records
            .iter()
            .enumerate()
            .map(|(at, record)| {
                let contributions: Vec<Contribution> = parts.iter().map(|parts| parts[at].clone()).collect();
                Fused { record: *record, score: total(&contributions), contributions }
            })
            .collect();
        fused.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.record.cmp(&b.record)));
        fused
    }

    fn contributions(&self, stage: &str, sorted: &[(usize, f32)], records: &[usize]) -> Vec<Contribution> {
        let weight = self.weights.get(stage).copied().unwrap_or(1.0);
        let places: HashMap<usize, usize> = sorted.iter().enumerate().map(|(at, (record, _))| (*record, at)).collect();
        let scale = scale::Scale::of(self.method, self.k, sorted);
        let part = |record: &usize| {
            let place = places.get(record).copied();
            let score = place.map(|at| sorted[at].1);
            let rank = place.map(|at| at + 1);
            Contribution { stage: stage.to_owned(), score, rank, value: weight * scale.value(score, rank) }
        };
        records.iter().map(part).collect()
    }
}

/// Scores by rank; of equal ones the lower record first.
fn best_first(scores: &[(usize, f32)]) -> Vec<(usize, f32)> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    sorted
}

/// The sum, which does not depend on the order of the stages: the largest first.
fn total(contributions: &[Contribution]) -> f64 {
    let mut values: Vec<f64> = contributions.iter().map(|part| part.value).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values.iter().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranking(stage: &'static str) -> impl Strategy<Value = Ranking> {
        prop::collection::btree_map(0usize..30, -5.0f32..5.0, 0..20).prop_map(move |scores| Ranking::new(stage, scores))
    }

    fn fusion() -> impl Strategy<Value = Fusion> {
        (prop::sample::select(&[Method::ZScore, Method::MinMax, Method::Rrf][..]), 0.0f64..3.0)
            .prop_map(|(method, weight)| Fusion { method, ..Fusion::default() }.weight("b", weight))
    }

    proptest! {
        #[test]
        fn order_does_not_matter(a in ranking("a"), b in ranking("b"), c in ranking("c"), fusion in fusion(), turn in 0usize..20) {
            let fused = fusion.fuse(&[a.clone(), b.clone(), c.clone()]);
            let mut turned = a;
            turned.scores.reverse();
            let by = turn.min(turned.scores.len());
            turned.scores.rotate_left(by);
            let other = fusion.fuse(&[c, turned, b]);
            let order = |fused: &[Fused]| fused.iter().map(|one| (one.record, one.score.to_bits())).collect::<Vec<_>>();
            prop_assert_eq!(order(&fused), order(&other));
        }

        #[test]
        fn scores_explain_to_their_sum(a in ranking("a"), b in ranking("b"), fusion in fusion()) {
            for fused in fusion.fuse(&[a.clone(), b.clone()]) {
                let sum: f64 = fused.contributions.iter().map(|part| part.value).sum();
                prop_assert!((sum - fused.score).abs() < 1e-9);
                for (part, ranking) in fused.contributions.iter().zip([&a, &b]) {
                    let score = ranking.scores.iter().find(|(record, _)| *record == fused.record).map(|(_, score)| *score);
                    prop_assert_eq!(part.score, score);
                    let above = ranking.scores.iter().filter(|(_, other)| score.is_some_and(|score| *other > score)).count();
                    prop_assert!(part.rank.is_none_or(|rank| rank > above));
                }
            }
        }

        #[test]
        fn one_ranking_keeps_its_order(a in ranking("a"), fusion in fusion()) {
            let fused: Vec<usize> = fusion.fuse(std::slice::from_ref(&a)).iter().map(|one| one.record).collect();
            let own: Vec<usize> = best_first(&a.scores).iter().map(|(record, _)| *record).collect();
            // Scores that differ by less than rounding may fall together on the common scale, and then keep no order.
            let score = |record: usize| a.scores.iter().find(|(one, _)| *one == record).map(|(_, score)| *score).unwrap();
            for (one, other) in fused.iter().zip(&own) {
                prop_assert!((score(*one) - score(*other)).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn values_are_those_of_the_formulas() {
        let a = Ranking::new("a", [(0, 1.0), (1, 3.0), (2, 2.0)]);
        let values = |fusion: Fusion| {
            let mut fused = fusion.fuse(std::slice::from_ref(&a));
            fused.sort_by_key(|one| one.record);
            fused.iter().map(|one| one.score).collect::<Vec<_>>()
        };
        assert_eq!(values(Fusion::min_max()), [0.0, 1.0, 0.5]);
        assert_eq!(values(Fusion::rrf().weight("a", 2.0)), [2.0 / 63.0, 2.0 / 61.0, 2.0 / 62.0]);
        let deviation = (2.0f64 / 3.0).sqrt();
        let z = values(Fusion::z_score());
        assert!(z.iter().zip([-1.0 / deviation, 1.0 / deviation, 0.0]).all(|(a, b)| (a - b).abs() < 1e-12), "{z:?}");
        // Scores that are all the same say nothing.
        let same = Ranking::new("a", [(0, 2.0), (1, 2.0)]);
        for fusion in [Fusion::min_max(), Fusion::z_score()] {
            assert!(fusion.fuse(std::slice::from_ref(&same)).iter().all(|one| one.score == 0.0));
        }
    }

    #[test]
    fn wrong_numbers_are_named() {
        let wrong =
            [Fusion::rrf().weight("x", 1.0), Fusion::rrf().weight("a", -1.0), Fusion { k: f64::NAN, ..Fusion::rrf() }];
        let told = ["no stage \"x\"", "not -1", "fusion.k"];
        for (fusion, expected) in wrong.into_iter().zip(told) {
            assert!(fusion.check(["a"]).unwrap_err().to_string().contains(expected), "{expected}");
        }
        assert!(Fusion::default().weight("a", 0.0).check(["a"]).is_ok());
        assert!(Fusion { k: 3.0, ..Fusion::rrf() }.check_uses().is_ok());
        for unused in [Fusion { k: 3.0, ..Fusion::z_score() }, Fusion { k: 3.0, ..Fusion::min_max() }] {
            assert!(unused.check(["a"]).is_ok(), "collections that were made before are opened");
            assert!(unused.check_uses().unwrap_err().to_string().contains("method `rrf`"));
        }
    }
}
