//! MaxSim, the late-interaction score.

use rayon::prelude::*;

use super::element::Element;
use super::kernel::{self, Packed};
use super::value::MultiVector;
use crate::{Error, Result, Scored, top_k};

/// A query, packed for scoring any number of documents with MaxSim: for each query row the
/// largest dot product with a document row, summed over the query rows (Khattab & Zaharia 2020,
/// arXiv:2004.12832, equation 3). With rows of unit length the dot product is the cosine.
///
/// Query and document may differ in their elements: a score is that of the values they decode
/// to. Two binary multi-vectors are scored by Hamming distance, with the same result.
///
/// ```
/// use embedkit_vector::multivector::{MaxSim, MultiVector};
///
/// let query = MultiVector::from_rows([[1.0, 0.0], [0.0, 1.0]])?;
/// let documents = [
///     MultiVector::from_rows([[1.0, 0.0], [0.6, 0.8]])?,
///     MultiVector::from_rows([[0.0, 1.0]])?,
/// ];
/// let maxsim = MaxSim::new(&query)?;
/// assert_eq!(maxsim.score(&documents[0])?, 1.8);
/// assert_eq!(maxsim.top_k(&documents, 1)?[0].index, 0);
/// # Ok::<(), embedkit_vector::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MaxSim {
    query: MultiVector,
    values: Packed<f32>,
    words: Option<Packed<u64>>,
    mean: bool,
}

impl MaxSim {
    /// Packs a query.
    ///
    /// # Errors
    /// [`Error::Empty`] if it has no rows.
    pub fn new<E: Element>(query: &MultiVector<E>) -> Result<Self> {
        if query.is_empty() {
            return Err(Error::Empty { what: "the query", parts: "rows" });
        }
        let dim = query.dim();
        let words = E::words(query.units()).map(|words| Packed::new(words, E::units_per_row(dim)));
        let query = query.to_f32();
        Ok(Self { values: Packed::new(query.as_slice(), dim), query, words, mean: false })
    }

    /// Divides scores by the number of query rows, so that queries of different lengths compare. Default: no.
    #[must_use]
    pub fn mean(mut self) -> Self {
        self.mean = true;
        self
    }

    /// The score of one document.
    ///
    /// # Errors
    /// [`Error::Empty`] if the document has no rows; [`Error::Width`] if it has another width;
    /// [`Error::ScoreOverflow`] if the values are so large that the score is not finite.
    pub fn score<E: Element>(&self, document: &MultiVector<E>) -> Result<f32> {
        let weights = self.weights(document)?;
        finite(weights.iter().sum())
    }

    /// The score of each document, in their order, computed in parallel.
    ///
    /// # Errors
    /// As [`score`](Self::score), in an [`Error::At`] that says which document.
    pub fn scores<E: Element>(&self, documents: &[MultiVector<E>]) -> Result<Vec<f32>> {
        let score = |(at, document)| self.score(document).map_err(|error| error.at("document", at));
        documents.par_iter().enumerate().with_min_len(8).map(score).collect()
    }

    /// The `k` best documents, best first; equal scores in the documents' order.
    ///
    /// # Errors
    /// As [`scores`](Self::scores).
    pub fn top_k<E: Element>(&self, documents: &[MultiVector<E>], k: usize) -> Result<Vec<Scored>> {
        Ok(top_k(self.scores(documents)?, k))
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
        let (expected, found) = (self.query.dim(), document.dim());
        if found != expected {
            return Err(Error::Width { what: "the document", found, other: "the query", expected });
        }
        if document.is_empty() {
            return Err(Error::Empty { what: "the document", parts: "rows" });
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
    if score.is_finite() { Ok(score) } else { Err(Error::ScoreOverflow) }
}
