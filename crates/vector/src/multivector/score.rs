//! MaxSim, the late-interaction score.

use std::ops::Range;

use once_cell::race::OnceBox;
use rayon::prelude::*;

use super::bytes::{PackedBytes, Rows};
use super::element::Element;
use super::kernel::{self, Packed};
use super::threads;
use super::value::MultiVector;
use super::view::MultiVectorView;
use crate::{Error, Result, Scored, top_k};

/// A query, packed for scoring any number of documents with MaxSim: for each query row the
/// largest dot product with a document row, summed over the query rows (Khattab & Zaharia 2020,
/// arXiv:2004.12832, equation 3). With rows of unit length the dot product is the cosine.
///
/// Query and document may differ in their elements: a score is that of the values they decode
/// to. Two binary multi-vectors are scored by Hamming distance, with the same result. Documents of 8 bits and binary ones
/// are scored in whole numbers where the processor has the instructions (AVX-512 VNNI): with the same result but for the
/// rounding of sums if the query has 8 bits ([`to_int8`](MultiVector::to_int8)), which is fastest; the values of other
/// queries are rounded to 1/32639 of their row's largest, about a 250th of the step that 8 bits have.
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
    /// Made when a document in 8 bits or in one comes; none where it could not be scored so.
    bytes: OnceBox<Option<PackedBytes>>,
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
        let bytes = match E::bytes(query.units()) {
            Some(units) => OnceBox::with_value(Box::new(PackedBytes::new(dim, units, query.scales()))),
            None => OnceBox::new(),
        };
        let query = query.to_f32();
        Ok(Self { values: Packed::new(query.as_slice(), dim), query, words, bytes, mean: false })
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
    pub fn score<'d, E: Element>(&self, document: impl Into<MultiVectorView<'d, E>>) -> Result<f32> {
        let weights = self.weights(document)?;
        finite(weights.iter().sum())
    }

    /// The score of each document, in their order, computed in parallel.
    ///
    /// # Errors
    /// As [`score`](Self::score), in an [`Error::At`] that says which document.
    pub fn scores<E: Element>(&self, documents: &[MultiVector<E>]) -> Result<Vec<f32>> {
        let score = |(at, document): (usize, &MultiVector<E>)| {
            self.score(document).map_err(|error: Error| error.at("document", at))
        };
        let work = documents.iter().map(|document| self.work::<E>(document.len())).sum();
        match threads::for_work(work) {
            Some(pool) => {
                let least = (documents.len() * threads::PIECE).div_ceil(work);
                pool.install(|| documents.par_iter().enumerate().with_min_len(least).map(score).collect())
            }
            None => documents.iter().enumerate().map(score).collect(),
        }
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
    pub(super) fn weights<'d, E: Element>(&self, document: impl Into<MultiVectorView<'d, E>>) -> Result<Vec<f32>> {
        let document = document.into();
        self.check(document)?;
        let words = E::units_per_row(self.query.dim());
        let mut weights = match (&self.words, E::words(document.units())) {
            (Some(query), Some(document)) => {
                let part =
                    |rows: Range<usize>| kernel::min_distances(query, &document[rows.start * words..rows.end * words]);
                let nearest = self.by_parts::<E, _>(document.len() / words, part, |a, b| a.min(b));
                let dot = |distance: u64| self.query.dim() as f32 - 2.0 * distance as f32;
                nearest.into_iter().map(dot).collect()
            }
            _ => self.by_parts::<E, _>(
                document.len(),
                |rows| self.max_dots(document, rows),
                // NaN stands for a sum that is beyond f32, and stays.
                |a, b| if a > b || a.is_nan() { a } else { b },
            ),
        };
        self.scale(&mut weights);
        Ok(weights)
    }

    /// The best of each query row among all document rows, which are split among threads if they are very many.
    fn by_parts<E: Element, T: Copy + Send>(
        &self,
        rows: usize,
        part: impl Fn(Range<usize>) -> Vec<T> + Sync,
        better: impl Fn(T, T) -> T + Sync,
    ) -> Vec<T> {
        let work = self.work::<E>(rows);
        let Some(pool) = threads::for_work(work) else {
            return part(0..rows);
        };
        let parts = (work / threads::PIECE).min(rows);
        let bound = |at: usize| (rows as u128 * at as u128 / parts as u128) as usize;
        let better = |mut a: Vec<T>, b: Vec<T>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a = better(*a, b));
            a
        };
        let best = || (0..parts).into_par_iter().map(|at| part(bound(at)..bound(at + 1))).reduce_with(better);
        pool.install(best).unwrap_or_default()
    }

    /// How many units are multiplied to score so many document rows.
    fn work<E: Element>(&self, rows: usize) -> usize {
        self.query.len().saturating_mul(rows).saturating_mul(E::units_per_row(self.query.dim()))
    }

    /// For each query row, its largest dot product with these document rows.
    fn max_dots<E: Element>(&self, document: MultiVectorView<'_, E>, rows: Range<usize>) -> Vec<f32> {
        let in_bytes = || {
            let (dim, units) = (document.dim(), document.units());
            let per_row = E::units_per_row(dim);
            let of_rows = rows.start * per_row..rows.end * per_row;
            let rows = match (E::bytes(units), E::words(units)) {
                (Some(units), _) => Rows::Bytes { units: &units[of_rows], scales: &document.scales()[rows.clone()] },
                (_, Some(words)) => Rows::Bits { words: &words[of_rows] },
                _ => return None,
            };
            self.bytes.get_or_init(|| Box::new(self.pack_bytes())).as_ref()?.max_dots(dim, rows)
        };
        in_bytes().unwrap_or_else(|| kernel::max_dots(&self.values, document, rows.clone()))
    }

    /// The query for documents in 8 bits or in one; a binary one is as exact in bytes.
    fn pack_bytes(&self) -> Option<PackedBytes> {
        if self.words.is_none() {
            return PackedBytes::rounded(&self.query);
        }
        let signs: Vec<i8> = self.query.as_slice().iter().map(|sign| *sign as i8).collect();
        PackedBytes::new(self.query.dim(), &signs, &vec![1.0; self.query.len()])
    }

    /// What each query row would add to the score if this row were its best.
    pub(super) fn weights_of_row<E: Element>(&self, document: MultiVectorView<'_, E>, row: usize) -> Vec<f32> {
        let mut weights = self.max_dots(document, row..row + 1);
        self.scale(&mut weights);
        weights
    }

    fn scale(&self, weights: &mut [f32]) {
        if self.mean {
            let rows = weights.len() as f32;
            weights.iter_mut().for_each(|weight| *weight /= rows);
        }
    }

    fn check<E: Element>(&self, document: MultiVectorView<'_, E>) -> Result<()> {
        if document.is_empty() {
            return Err(Error::Empty { what: "the document", parts: "rows" });
        }
        let (expected, found) = (self.query.dim(), document.dim());
        if found != expected {
            return Err(Error::Width { what: "the document", found, other: "the query", expected });
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
    each(queries, documents, |query| query.scores(documents))
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
    each(queries, documents, |query| query.top_k(documents, k))
}

/// What comes of every query, in parallel if it is worth it.
fn each<Q: Element, D: Element, T: Send>(
    queries: &[MultiVector<Q>],
    documents: &[MultiVector<D>],
    run: impl Fn(MaxSim) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let one = |query: &MultiVector<Q>| run(MaxSim::new(query)?);
    let sizes = |units: usize| units.saturating_mul(documents.iter().map(MultiVector::len).sum());
    match threads::for_work(sizes(queries.iter().map(|query| query.len() * D::units_per_row(query.dim())).sum())) {
        Some(pool) => pool.install(|| queries.par_iter().map(one).collect()),
        None => queries.iter().map(one).collect(),
    }
}

fn finite(score: f32) -> Result<f32> {
    if score.is_finite() { Ok(score) } else { Err(Error::ScoreOverflow) }
}
