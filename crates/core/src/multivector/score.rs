//! MaxSim, the late-interaction score.

use rayon::prelude::*;

use super::element::Element;
use super::kernel::{self, Packed};
use super::value::MultiVector;
use crate::{Error, Result};

/// A query, packed for scoring any number of documents with MaxSim: for each query row the
/// largest dot product with a document row, summed over the query rows (Khattab & Zaharia 2020,
/// arXiv:2004.12832, equation 3). With rows of unit length the dot product is the cosine.
///
/// Query and document may differ in their elements: a score is that of the values they decode
/// to. Two binary multi-vectors are scored by Hamming distance, with the same result.
///
/// ```
/// use embedkit_core::multivector::{MaxSim, MultiVector};
///
/// let query = MultiVector::from_rows([[1.0, 0.0], [0.0, 1.0]])?;
/// let documents = [
///     MultiVector::from_rows([[1.0, 0.0], [0.6, 0.8]])?,
///     MultiVector::from_rows([[0.0, 1.0]])?,
/// ];
/// let maxsim = MaxSim::new(&query)?;
/// assert_eq!(maxsim.score(&documents[0])?, 1.8);
/// assert_eq!(maxsim.top_k(&documents, 1)?[0].index, 0);
/// # Ok::<(), embedkit_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MaxSim {
    query: MultiVector,
    values: Packed<f32>,
    words: Option<Packed<u64>>,
    mean: bool,
}

/// A document that was found: where it stands among those given, and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The document's position.
    pub index: usize,
    /// Its score.
    pub score: f32,
}

impl MaxSim {
    /// Packs a query.
    ///
    /// # Errors
    /// [`Error::Vector`] if it has no rows.
    pub fn new<E: Element>(query: &MultiVector<E>) -> Result<Self> {
        if query.is_empty() {
            return Err(Error::Vector("the query has no rows, so nothing can be scored".into()));
        }
        let dim = query.dim();
        let words = E::words(query.units()).map(|words| Packed::new(words, E::units_per_row(dim)));
        let query = query.to_f32();
        Ok(Self { values: Packed::new(query.as_slice(), dim), query, words, mean: false })
    }

    /// Divides scores by the number of query rows, so that queries of different lengths compare.
    #[must_use]
    pub fn mean(mut self) -> Self {
        self.mean = true;
        self
    }

    /// The score of one document.
    ///
    /// # Errors
    /// [`Error::Vector`] if the document has no rows or another width, or if the values are so
    /// large that the score is not finite.
    pub fn score<E: Element>(&self, document: &MultiVector<E>) -> Result<f32> {
        let weights = self.weights(document)?;
        finite(weights.iter().sum())
    }

    /// The score of each document, in their order, computed in parallel.
    ///
    /// # Errors
    /// As [`score`](Self::score); the message says which document.
    pub fn scores<E: Element>(&self, documents: &[MultiVector<E>]) -> Result<Vec<f32>> {
        let score =
            |(at, document)| self.score(document).map_err(|error| Error::Vector(format!("document {at}: {error}")));
        documents.par_iter().enumerate().with_min_len(8).map(score).collect()
    }

    /// The `k` best documents, best first; equal scores in the documents' order.
    ///
    /// # Errors
    /// As [`scores`](Self::scores).
    pub fn top_k<E: Element>(&self, documents: &[MultiVector<E>], k: usize) -> Result<Vec<Scored>> {
        Ok(best(&self.scores(documents)?, k))
    }

    /// The query, as it is scored.
    pub(super) fn query(&self) -> &MultiVector {
        &self.query
    }

    /// What each query row adds to the score.
    pub(super) fn weights<E: Element>(&self, document: &MultiVector<E>) -> Result<Vec<f32>> {
        self.check(document)?;
        let mut weights = match (&self.words, E::words(document.units())) {
            (Some(query), Some(document)) => {
                let dot = |distance: u64| self.query.dim() as f32 - 2.0 * distance as f32;
                kernel::min_distances(query, document).into_iter().map(dot).collect()
            }
            _ => kernel::max_dots(&self.values, document, 0, document.len()),
        };
        self.scale(&mut weights);
        Ok(weights)
    }

    /// What each query row would add to the score if this row were its best.
    pub(super) fn weights_of_row<E: Element>(&self, document: &MultiVector<E>, row: usize) -> Vec<f32> {
        let mut weights = kernel::max_dots(&self.values, document, row, row + 1);
        self.scale(&mut weights);
        weights
    }

    fn scale(&self, weights: &mut [f32]) {
        if self.mean {
            let rows = weights.len() as f32;
            weights.iter_mut().for_each(|weight| *weight /= rows);
        }
    }

    fn check<E: Element>(&self, document: &MultiVector<E>) -> Result<()> {
        let (wanted, got) = (self.query.dim(), document.dim());
        if wanted != got {
            return Err(Error::Vector(format!("the document has {got} dimensions, the query {wanted}")));
        }
        if document.is_empty() {
            return Err(Error::Vector("the document has no rows, so it has no score".into()));
        }
        Ok(())
    }
}

/// The MaxSim score of one document. For several documents, pack the query once: [`MaxSim::new`].
///
/// # Errors
/// As [`MaxSim::new`] and [`MaxSim::score`].
pub fn maxsim<Q: Element, D: Element>(query: &MultiVector<Q>, document: &MultiVector<D>) -> Result<f32> {
    MaxSim::new(query)?.score(document)
}

/// The score of every document for every query, `[queries][documents]`, computed in parallel.
///
/// # Errors
/// As [`MaxSim::new`] and [`MaxSim::scores`].
pub fn maxsim_batch<Q: Element, D: Element>(
    queries: &[MultiVector<Q>],
    documents: &[MultiVector<D>],
) -> Result<Vec<Vec<f32>>> {
    queries.par_iter().map(|query| MaxSim::new(query)?.scores(documents)).collect()
}

/// The `k` best documents of every query, best first.
///
/// # Errors
/// As [`maxsim_batch`].
pub fn top_k_batch<Q: Element, D: Element>(
    queries: &[MultiVector<Q>],
    documents: &[MultiVector<D>],
    k: usize,
) -> Result<Vec<Vec<Scored>>> {
    queries.par_iter().map(|query| MaxSim::new(query)?.top_k(documents, k)).collect()
}

fn finite(score: f32) -> Result<f32> {
    if score.is_finite() { Ok(score) } else { Err(Error::Vector("the values are too large to be scored".into())) }
}

/// The `k` largest scores, largest first, equal ones in order. Scores are finite.
fn best(scores: &[f32], k: usize) -> Vec<Scored> {
    let mut scored: Vec<Scored> = scores.iter().enumerate().map(|(index, &score)| Scored { index, score }).collect();
    let order = |a: &Scored, b: &Scored| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index));
    if k < scored.len() {
        scored.select_nth_unstable_by(k, order);
        scored.truncate(k);
    }
    scored.sort_unstable_by(order);
    scored
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::multivector::Bit;
    use half::f16;
    use proptest::prelude::*;

    /// The definition, one pair of rows at a time.
    fn naive(query: &MultiVector, document: &MultiVector) -> f64 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        query.rows().map(|q| document.rows().map(|d| dot(q, d)).fold(f64::MIN, f64::max)).sum()
    }

    fn rows(dim: usize, most: usize) -> impl Strategy<Value = MultiVector> {
        (1..=most)
            .prop_flat_map(move |rows| prop::collection::vec(-1.0_f32..1.0, rows * dim))
            .prop_map(move |data| MultiVector::new(dim, data).unwrap())
    }

    /// Widths and lengths around the sizes of words, panels, tiles and blocks.
    fn pair() -> impl Strategy<Value = (MultiVector, MultiVector)> {
        (1_usize..150).prop_flat_map(|dim| (rows(dim, 70), rows(dim, 110)))
    }

    fn agrees<Q: Element, D: Element>(query: &MultiVector<Q>, document: &MultiVector<D>) -> Result<(), TestCaseError> {
        let score = f64::from(maxsim(query, document).unwrap());
        let naive = naive(&query.to_f32(), &document.to_f32());
        prop_assert!((score - naive).abs() <= 1e-5 * (query.len() * query.dim()) as f64, "{score} is not {naive}");
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn agrees_with_the_definition_for_every_element((query, document) in pair()) {
            agrees(&query, &document)?;
            agrees(&query, &document.to_f16().unwrap())?;
            agrees(&query, &document.to_int8())?;
            agrees(&query, &document.to_binary())?;
            agrees(&query.to_int8(), &document.to_int8())?;
            agrees(&query.to_binary(), &document.to_binary())?;
            agrees(&query.to_binary(), &document)?;
        }

        #[test]
        fn bits_score_as_their_values((query, document) in pair()) {
            let (query, document) = (query.to_binary(), document.to_binary());
            prop_assert_eq!(maxsim(&query, &document).unwrap(), maxsim(&query.to_f32(), &document.to_f32()).unwrap());
        }

        #[test]
        fn the_order_of_document_rows_does_not_matter((query, document) in pair(), seed in any::<u64>()) {
            let mut order: Vec<usize> = (0..document.len()).collect();
            order.sort_by_key(|&at| (at as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let shuffled = MultiVector::from_rows(order.iter().map(|&at| document.row(at).unwrap())).unwrap();
            prop_assert_eq!(maxsim(&query, &document).unwrap(), maxsim(&query, &shuffled).unwrap());
        }

        #[test]
        fn another_row_never_lowers_a_score((query, document) in pair(), keep in 1_usize..110) {
            let fewer = MultiVector::from_rows(document.rows().take(keep)).unwrap();
            prop_assert!(maxsim(&query, &fewer).unwrap() <= maxsim(&query, &document).unwrap());
        }

        #[test]
        fn top_k_is_the_sorted_head(scores in prop::collection::vec(-3_i8..3, 0..40), k in 0_usize..50) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut order: Vec<usize> = (0..scores.len()).collect();
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            order.truncate(k);
            prop_assert_eq!(best(&scores, k).iter().map(|hit| hit.index).collect::<Vec<_>>(), order);
        }
    }

    #[test]
    fn batches_are_single_scores() {
        let of = |seed: u32, rows: usize| {
            let value =
                |at: u32| ((at.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)) % 1000) as f32 / 500.0 - 1.0;
            MultiVector::new(24, (0..rows as u32 * 24).map(value).collect()).unwrap()
        };
        let queries: Vec<_> = (0..5).map(|at| of(at, 1 + at as usize * 9)).collect();
        let documents: Vec<_> = (0..40).map(|at| of(100 + at, 1 + at as usize * 3)).collect();
        let batch = maxsim_batch(&queries, &documents).unwrap();
        let tops = top_k_batch(&queries, &documents, 3).unwrap();
        for (query, (scores, top)) in queries.iter().zip(batch.iter().zip(&tops)) {
            let maxsim = MaxSim::new(query).unwrap();
            let single: Vec<f32> = documents.iter().map(|document| maxsim.score(document).unwrap()).collect();
            assert_eq!(*scores, single);
            assert_eq!(*top, best(&single, 3));
            let mean = maxsim.mean().score(&documents[0]).unwrap();
            assert!((mean - single[0] / query.len() as f32).abs() < 1e-5);
        }
    }

    #[test]
    fn what_cannot_be_scored_is_an_error() {
        let row = MultiVector::new(2, vec![1.0, 0.0]).unwrap();
        let none = MultiVector::new(2, vec![]).unwrap();
        let huge = MultiVector::new(2, vec![f32::MAX, f32::MAX]).unwrap();
        let message = |result: Result<f32>| match result {
            Err(Error::Vector(message)) => message,
            other => panic!("{other:?}"),
        };
        assert!(message(maxsim(&none, &row)).contains("query has no rows"));
        assert!(message(maxsim(&row, &none)).contains("document has no rows"));
        assert!(message(maxsim(&row, &MultiVector::new(3, vec![0.0; 3]).unwrap())).contains("3 dimensions"));
        assert!(message(maxsim(&huge, &huge)).contains("too large"));
        let scores = MaxSim::new(&row).unwrap().scores(&[row.clone(), none]).map(|_| 0.0);
        assert!(message(scores).starts_with("document 1: "));
    }

    #[test]
    fn values_that_cannot_be_used_are_errors() {
        let cases: [(usize, Vec<f32>); 4] =
            [(0, vec![]), (3, vec![0.0; 4]), (1, vec![f32::NAN]), (1, vec![0.0, f32::INFINITY])];
        for (dim, data) in cases {
            assert!(matches!(MultiVector::new(dim, data), Err(Error::Vector(_))));
        }
        assert!(MultiVector::<i8>::from_parts(1, vec![1], vec![]).is_err());
        assert!(MultiVector::<i8>::from_parts(1, vec![1], vec![f32::NAN]).is_err());
        assert!(MultiVector::<f16>::from_parts(1, vec![f16::NAN], vec![]).is_err());
        assert!(MultiVector::<Bit>::from_parts(3, vec![0b1000], vec![]).is_err());
        assert!(MultiVector::from_rows([vec![1.0], vec![1.0, 2.0]]).is_err());
        assert!(MultiVector::from_rows(Vec::<Vec<f32>>::new()).is_err());
    }
}
