//! Why a document has its score.

use serde::Serialize;

use super::element::Element;
use super::label::RowLabel;
use super::score::MaxSim;
use super::value::MultiVector;
use crate::Result;

/// Which document row each query row matched, and what that adds to the score.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The score: the sum of the matches' weights.
    pub score: f32,
    /// One match a query row, in their order.
    pub matches: Vec<Match>,
    /// The document's labels: one a row, or none.
    pub document: Vec<RowLabel>,
    /// What each document row adds to the score: the sum of the weights of its matches.
    pub document_weights: Vec<f32>,
}

/// A query row and the document row that it matched.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Match {
    /// The query row's position.
    pub query_row: usize,
    /// What the query row stands for, if the query has labels.
    pub query_label: Option<RowLabel>,
    /// The position of the document row that is most similar to it, the first if several are.
    pub document_row: usize,
    /// What the document row stands for, if the document has labels.
    pub document_label: Option<RowLabel>,
    /// What the match adds to the score.
    pub weight: f32,
    /// The weight's share of the score. Shares sum to 1, but are all 0 for a score of 0.
    pub share: f32,
}

impl MaxSim {
    /// Explains the score of one document.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn explain<E: Element>(&self, document: &MultiVector<E>) -> Result<Explanation> {
        let score = self.score(document)?;
        let mut best = vec![(0, f32::NEG_INFINITY); self.query().len()];
        for row in 0..document.len() {
            for (best, weight) in best.iter_mut().zip(self.weights_of_row(document.view(), row)) {
                if weight > best.1 {
                    *best = (row, weight);
                }
            }
        }
        let mut document_weights = vec![0.0; document.len()];
        for &(row, weight) in &best {
            document_weights[row] += weight;
        }
        let matches = best.iter().enumerate().map(|(query_row, &(document_row, weight))| Match {
            query_row,
            query_label: self.query().labels().get(query_row).cloned(),
            document_row,
            document_label: document.labels().get(document_row).cloned(),
            weight,
            share: if score == 0.0 { 0.0 } else { weight / score },
        });
        Ok(Explanation { score, matches: matches.collect(), document: document.labels().to_vec(), document_weights })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::multivector::maxsim;
    use crate::multivector::tests::rows;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn weights_sum_to_the_score((query, document) in (1_usize..80).prop_flat_map(|dim| (rows(dim, 40), rows(dim, 60)))) {
            for maxsim in [MaxSim::new(&query).unwrap(), MaxSim::new(&query).unwrap().mean()] {
                let explanation = maxsim.explain(&document).unwrap();
                prop_assert_eq!(explanation.score, maxsim.score(&document).unwrap());
                prop_assert_eq!(explanation.matches.iter().map(|found| found.weight).sum::<f32>(), explanation.score);
                let by_row: f32 = explanation.document_weights.iter().sum();
                prop_assert!((by_row - explanation.score).abs() < 1e-4);
            }
            let (query, document) = (query.to_binary(), document.to_binary());
            let explanation = MaxSim::new(&query).unwrap().explain(&document).unwrap();
            prop_assert_eq!(explanation.score, maxsim(&query, &document).unwrap());
            prop_assert_eq!(explanation.matches.iter().map(|found| found.weight).sum::<f32>(), explanation.score);
        }
    }

    #[test]
    fn the_best_row_is_named() {
        let label = |text: &str| RowLabel::Token(text.into());
        let query = MultiVector::from_rows([[1.0, 0.0], [0.0, 1.0]]).unwrap();
        let query = query.with_labels(vec![label("river"), label("bank")]).unwrap();
        let document = MultiVector::from_rows([[0.6, 0.8], [1.0, 0.0], [0.6, 0.8]]).unwrap();
        let document = document.with_labels(vec![label("shore"), label("stream"), label("shore")]).unwrap();
        let explanation = MaxSim::new(&query).unwrap().explain(&document).unwrap();
        let found: Vec<_> = explanation.matches.iter().map(|found| (found.document_row, found.weight)).collect();
        assert_eq!(found, [(1, 1.0), (0, 0.8)]);
        assert_eq!(explanation.matches[1].query_label, Some(label("bank")));
        assert_eq!(explanation.matches[1].document_label, Some(label("shore")));
        assert_eq!(explanation.document_weights, [0.8, 1.0, 0.0]);
        assert!((explanation.matches[0].share - 1.0 / 1.8).abs() < 1e-6);
    }
}
