//! A number for each query.

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

use embedkit_core::{Error, Result};

use super::{Judgements, Run};

/// What is measured of a query's ranking, by the definitions of `trec_eval`: a document judged above 0 is relevant, and
/// what is judged below 0 or not at all gains nothing. Without a cut-off, all that was found counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// `ndcg@k`: the discounted gain, `Σ grade / log2(rank + 1)`, as a share of the best order's.
    Ndcg(Option<usize>),
    /// `recall@k`: the share of relevant documents that were found.
    Recall(Option<usize>),
    /// `mrr@k`: one over the rank of the first relevant document.
    Mrr(Option<usize>),
    /// `map@k`: the mean, over the relevant documents, of the precision at each one's rank.
    Map(Option<usize>),
    /// `hit@k`: 1 if any relevant document was found.
    Hit(Option<usize>),
}

impl Metric {
    /// Those that are shown where nothing else is asked for.
    pub const DEFAULT: [Self; 5] =
        [Self::Ndcg(Some(10)), Self::Recall(Some(100)), Self::Mrr(Some(10)), Self::Map(Some(100)), Self::Hit(Some(10))];

    /// The value of each judged query, in the judgements' order; 0 for a query that the run lacks.
    pub fn of_run(self, judgements: &Judgements, run: &Run) -> Vec<f64> {
        let value = |(query, grades)| self.of_ranking(grades, run.ranking(query).map(|(document, _)| document));
        judgements.queries().map(value).collect()
    }

    /// The value of one ranking, best first, by the grades of its query. What comes a second time gains nothing.
    pub fn of_ranking<'d>(self, grades: &BTreeMap<String, i64>, ranking: impl IntoIterator<Item = &'d str>) -> f64 {
        let cut = self.cut().unwrap_or(usize::MAX);
        let mut seen = HashSet::new();
        let gain = |document: &'d str| match grades.get(document) {
            Some(grade) if seen.insert(document) => (*grade).max(0),
            _ => 0,
        };
        let relevant = grades.values().filter(|grade| **grade > 0).count();
        if relevant == 0 {
            return 0.0;
        }
        let gains: Vec<i64> = ranking.into_iter().take(cut).map(gain).collect();
        let hits = gains.iter().enumerate().filter(|(_, gain)| **gain > 0).map(|(at, _)| at + 1);
        match self {
            Self::Ndcg(_) => {
                let mut best: Vec<i64> = grades.values().copied().filter(|grade| *grade > 0).collect();
                best.sort_unstable_by(|a, b| b.cmp(a));
                discounted(gains) / discounted(best.into_iter().take(cut))
            }
            Self::Recall(_) => hits.count() as f64 / relevant as f64,
            Self::Mrr(_) => hits.min().map_or(0.0, |rank| 1.0 / rank as f64),
            Self::Map(_) => {
                sum(hits.enumerate().map(|(before, rank)| (before + 1) as f64 / rank as f64)) / relevant as f64
            }
            Self::Hit(_) => f64::from(u8::from(hits.count() > 0)),
        }
    }

    /// Ranks that count; none: all.
    pub fn cut(self) -> Option<usize> {
        let (Self::Ndcg(cut) | Self::Recall(cut) | Self::Mrr(cut) | Self::Map(cut) | Self::Hit(cut)) = self;
        cut
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ndcg(_) => "ndcg",
            Self::Recall(_) => "recall",
            Self::Mrr(_) => "mrr",
            Self::Map(_) => "map",
            Self::Hit(_) => "hit",
        }
    }
}

fn discounted(gains: impl IntoIterator<Item = i64>) -> f64 {
    sum(gains.into_iter().enumerate().map(|(at, gain)| gain as f64 / ((at + 2) as f64).log2()))
}

/// Of no values 0, where the standard library's sum is -0.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, value| sum + value)
}

impl std::fmt::Display for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.cut() {
            Some(cut) => write!(f, "{}@{cut}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

impl FromStr for Metric {
    type Err = Error;

    /// A name, with `@` and a cut-off from 1 or without.
    fn from_str(text: &str) -> Result<Self> {
        let unknown = || {
            let message =
                format!("there is no metric {text:?}; there are ndcg, recall, mrr, map and hit, as in ndcg@10");
            Error::option("metric", message)
        };
        let (name, cut) = match text.split_once('@') {
            Some((name, cut)) => (name, Some(cut.parse().ok().filter(|cut| *cut > 0).ok_or_else(unknown)?)),
            None => (text, None),
        };
        match name {
            "ndcg" => Ok(Self::Ndcg(cut)),
            "recall" => Ok(Self::Recall(cut)),
            "mrr" => Ok(Self::Mrr(cut)),
            "map" => Ok(Self::Map(cut)),
            "hit" => Ok(Self::Hit(cut)),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for name in ["ndcg@10", "recall@1", "mrr", "map@100", "hit@3"] {
            assert_eq!(name.parse::<Metric>().unwrap().to_string(), name);
        }
        for wrong in ["", "ndcg@0", "ndcg@x", "precision@3", "@3"] {
            assert!(wrong.parse::<Metric>().unwrap_err().to_string().contains("ndcg@10"), "{wrong}");
        }
    }

    #[test]
    fn a_query_without_answers_has_nothing_to_find() {
        let grades = BTreeMap::from([("a".to_owned(), 0), ("b".to_owned(), -1)]);
        assert!(Metric::DEFAULT.iter().all(|metric| metric.of_ranking(&grades, ["b", "a"]) == 0.0));
    }

    #[test]
    fn what_comes_twice_gains_once_and_nothing_is_below_nothing() {
        let grades = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
        for metric in Metric::DEFAULT {
            let (twice, once) = (["a", "a", "b", "b"], ["a", "x", "b"]);
            assert_eq!(metric.of_ranking(&grades, twice), metric.of_ranking(&grades, once), "{metric}");
            let nothing = metric.of_ranking(&grades, []);
            assert!(nothing == 0.0 && nothing.is_sign_positive(), "{metric}");
        }
    }
}
