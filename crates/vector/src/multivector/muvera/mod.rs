//! MUVERA: one fixed-dimensional vector for a whole multi-vector.

mod random;
#[cfg(test)]
mod tests;
mod ziggurat;

use super::element::Element;
use super::value::MultiVector;
use crate::{Error, Result};
use random::Generator;

/// No encoding is longer than this, nor the matrices of an encoder larger (2 GiB of `f64`).
const MOST_VALUES: usize = 1 << 28;

/// Turns multi-vectors into single vectors whose dot product approximates MaxSim, so that an
/// ordinary vector index can find candidates (Dhulipala et al. 2024, "MUVERA: Multi-Vector
/// Retrieval via Fixed Dimensional Encodings", arXiv:2405.19504).
///
/// The space is cut into 2^`k_sim` clusters by random hyperplanes; the rows in each cluster
/// become one vector (documents: their mean, queries: their sum), which is projected to
/// `dim_proj` dimensions by random signs; and that `r_reps` times over. The random numbers are
/// those of numpy's `default_rng(random_seed)`, so encodings are those of the Python reference.
///
/// ```
/// use embedkit_vector::multivector::{Muvera, MultiVector};
///
/// let muvera = Muvera::builder(2).k_sim(3).dim_proj(2).r_reps(4).build()?;
/// let document = muvera.document(&MultiVector::from_rows([[1.0, 0.0], [0.6, 0.8]])?)?;
/// assert_eq!(document.len(), muvera.embedding_size());
/// # Ok::<(), embedkit_vector::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Muvera {
    options: MuveraBuilder,
    /// Hyperplanes, `[r_reps][dim, k_sim]`.
    hyperplanes: Vec<f64>,
    /// Signs, `[r_reps][dim, dim_proj]`.
    projections: Vec<f64>,
}

/// Options of a [`Muvera`] encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MuveraBuilder {
    dim: usize,
    k_sim: u32,
    dim_proj: usize,
    r_reps: usize,
    random_seed: u64,
}

impl MuveraBuilder {
    /// How many hyperplanes cut the space, into 2^`k_sim` clusters. Default: 5.
    #[must_use]
    pub fn k_sim(mut self, k_sim: u32) -> Self {
        self.k_sim = k_sim;
        self
    }

    /// How many dimensions a cluster is projected to; no projection if it is as many as the rows have. Default: 16.
    #[must_use]
    pub fn dim_proj(mut self, dim_proj: usize) -> Self {
        self.dim_proj = dim_proj;
        self
    }

    /// How often clustering and projection are repeated. Default: 20.
    #[must_use]
    pub fn r_reps(mut self, r_reps: usize) -> Self {
        self.r_reps = r_reps;
        self
    }

    /// The seed of the hyperplanes and projections. Only encodings of the same options and seed can be
    /// compared. Default: 42.
    #[must_use]
    pub fn random_seed(mut self, random_seed: u64) -> Self {
        self.random_seed = random_seed;
        self
    }

    /// Draws the hyperplanes and projections.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if a size is 0 (but `k_sim`), if `dim_proj` is larger than the
    /// rows' width, or if encodings would have more than 2²⁸ values.
    pub fn build(self) -> Result<Muvera> {
        let Self { dim, k_sim, dim_proj, r_reps, random_seed } = self;
        for (name, value) in [("dim", dim), ("dim_proj", dim_proj), ("r_reps", r_reps)] {
            if value == 0 {
                return Err(Error::option(name, value, "at least 1"));
            }
        }
        if dim_proj > dim {
            return Err(Error::option("dim_proj", dim_proj, format!("at most {dim}, the dimensions of a row")));
        }
        let within = |sizes: [usize; 3]| {
            sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size)).is_some_and(|n| n <= MOST_VALUES)
        };
        let clusters = 1_usize.checked_shl(k_sim).unwrap_or(usize::MAX);
        if !within([r_reps, clusters, dim_proj]) || !within([r_reps, dim, dim_proj.max(k_sim as usize)]) {
            return Err(Error::option(
                "k_sim, dim_proj, r_reps",
                format!("{k_sim}, {dim_proj}, {r_reps}"),
                "smaller: an encoding has r_reps · 2^k_sim · dim_proj values, at most 2^28",
            ));
        }
        let mut generator = Generator::new(random_seed);
        let hyperplanes = (0..r_reps * dim * k_sim as usize).map(|_| generator.normal()).collect();
        let projections = (0..r_reps * dim * dim_proj).map(|_| generator.sign()).collect();
        Ok(Muvera { options: self, hyperplanes, projections })
    }
}

impl Muvera {
    /// An encoder for rows of `dim` dimensions: a multi-vector model's `dim`.
    pub fn builder(dim: usize) -> MuveraBuilder {
        MuveraBuilder { dim, k_sim: 5, dim_proj: 16, r_reps: 20, random_seed: 42 }
    }

    /// The length of an encoding: `r_reps` · 2^`k_sim` · `dim_proj`.
    pub fn embedding_size(&self) -> usize {
        self.options.r_reps * self.clusters() * self.options.dim_proj
    }

    /// Encodes a document: clusters are means, and an empty cluster takes the first row of the
    /// occupied cluster whose id differs in the fewest bits (the smallest such id).
    ///
    /// # Errors
    /// [`Error::Empty`] if the document has no rows; [`Error::Width`] if it has another width.
    pub fn document<E: Element>(&self, document: &MultiVector<E>) -> Result<Vec<f64>> {
        self.process(document, true, true)
    }

    /// Encodes a query: clusters are sums, and empty ones stay zero.
    ///
    /// # Errors
    /// As [`document`](Self::document).
    pub fn query<E: Element>(&self, query: &MultiVector<E>) -> Result<Vec<f64>> {
        self.process(query, false, false)
    }

    /// Encodes, with either part of what sets documents apart from queries: whether empty clusters are filled, and
    /// whether clusters are means.
    ///
    /// # Errors
    /// As [`document`](Self::document).
    pub fn process<E: Element>(
        &self,
        vector: &MultiVector<E>,
        fills_empty: bool,
        takes_means: bool,
    ) -> Result<Vec<f64>> {
        let (dim, found) = (self.options.dim, vector.dim());
        if found != dim {
            return Err(Error::Width { what: "the multi-vector", found, other: "the encoder", expected: dim });
        }
        let rows: Vec<f64> = vector.to_f32().as_slice().iter().copied().map(f64::from).collect();
        self.process_rows(&rows, fills_empty, takes_means)
    }

    /// As [`process`](Self::process), of rows that are one after the other, in full precision.
    ///
    /// # Errors
    /// [`Error::Empty`] if there are none; [`Error::Width`] if there are more numbers than whole rows have.
    pub fn process_rows(&self, rows: &[f64], fills_empty: bool, takes_means: bool) -> Result<Vec<f64>> {
        self.encode(rows, |rows, occupied, projection, encoding| {
            let mut firsts: Vec<Option<Vec<f64>>> = vec![None; occupied.len()];
            let mut next = occupied.iter().peekable();
            for (id, part) in encoding.chunks_exact_mut(self.options.dim_proj).enumerate() {
                if let Some(cluster) = next.next_if(|cluster| cluster.id == id) {
                    let count = if takes_means { cluster.rows as f64 } else { 1.0 };
                    let centre: Vec<f64> = cluster.sum.iter().map(|sum| sum / count).collect();
                    part.copy_from_slice(&projection.of(&centre));
                } else if fills_empty
                    && let Some(nearest) = (0..occupied.len()).min_by_key(|&at| (id ^ occupied[at].id).count_ones())
                {
                    // Many empty clusters have the same nearest one.
                    let first = &rows[occupied[nearest].first * self.options.dim..][..self.options.dim];
                    part.copy_from_slice(firsts[nearest].get_or_insert_with(|| projection.of(first)));
                }
            }
        })
    }

    /// Encodes; `fill` gets the rows, the clusters that have some, in order, and makes of them a repetition's part of the
    /// encoding, which is zero before.
    fn encode(&self, rows: &[f64], fill: impl Fn(&[f64], &[Cluster], &Projection<'_>, &mut [f64])) -> Result<Vec<f64>> {
        let MuveraBuilder { dim, k_sim, dim_proj, .. } = self.options;
        if rows.is_empty() {
            return Err(Error::Empty { what: "the multi-vector", parts: "rows" });
        }
        if !rows.len().is_multiple_of(dim) {
            let found = rows.len() % dim;
            return Err(Error::Width { what: "the last row", found, other: "the encoder", expected: dim });
        }
        let mut encoding = vec![0.0; self.embedding_size()];
        for (repetition, part) in encoding.chunks_exact_mut(self.clusters() * dim_proj).enumerate() {
            let planes = dim * k_sim as usize;
            let hyperplanes = &self.hyperplanes[repetition * planes..][..planes];
            let signs = &self.projections[repetition * dim * dim_proj..][..dim * dim_proj];
            fill(rows, &occupied(rows, dim, hyperplanes, k_sim as usize), &Projection { dim_proj, signs }, part);
        }
        Ok(encoding)
    }

    fn clusters(&self) -> usize {
        1 << self.options.k_sim
    }
}

/// The rows that lie in one cluster.
struct Cluster {
    id: usize,
    first: usize,
    rows: usize,
    sum: Vec<f64>,
}

/// The clusters that have rows, by id.
fn occupied(rows: &[f64], dim: usize, hyperplanes: &[f64], k_sim: usize) -> Vec<Cluster> {
    let mut placed: Vec<(usize, usize)> =
        rows.chunks_exact(dim).enumerate().map(|(at, row)| (cluster(row, hyperplanes, k_sim), at)).collect();
    placed.sort_unstable();
    let cluster = |members: &[(usize, usize)]| {
        let mut sum = vec![0.0; dim];
        for &(_, at) in members {
            sum.iter_mut().zip(&rows[at * dim..][..dim]).for_each(|(sum, value)| *sum += value);
        }
        let (id, first) = members[0];
        Cluster { id, first, rows: members.len(), sum }
    };
    placed.chunk_by(|a, b| a.0 == b.0).map(cluster).collect()
}

/// A repetition's projection to fewer dimensions by random signs, `[dim, dim_proj]`.
struct Projection<'a> {
    dim_proj: usize,
    signs: &'a [f64],
}

impl Projection<'_> {
    /// The projection of a cluster's centre; the centre itself where the dimensions are as many.
    fn of(&self, centre: &[f64]) -> Vec<f64> {
        if self.dim_proj == centre.len() {
            return centre.to_vec();
        }
        let scale = 1.0 / (self.dim_proj as f64).sqrt();
        product(centre, self.signs, self.dim_proj).into_iter().map(|value| scale * value).collect()
    }
}

/// The cluster of a row: bit i says on which side of hyperplane i it lies.
fn cluster(row: &[f64], hyperplanes: &[f64], k_sim: usize) -> usize {
    let sides = product(row, hyperplanes, k_sim);
    sides.iter().rev().fold(0, |id, &side| id << 1 | usize::from(side > 0.0))
}

/// A row times a matrix `[row.len(), columns]`, summed from the first entry to the last.
fn product(row: &[f64], matrix: &[f64], columns: usize) -> Vec<f64> {
    let mut product = vec![0.0; columns];
    if columns > 0 {
        for (value, entries) in row.iter().zip(matrix.chunks_exact(columns)) {
            for (sum, entry) in product.iter_mut().zip(entries) {
                *sum += value * entry;
            }
        }
    }
    product
}
