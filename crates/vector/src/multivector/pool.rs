//! Fewer rows: token pooling and pruning.

use super::kernel::{Packed, all_dots};
use super::label::RowLabel;
use super::quantize::largest;
use super::value::MultiVector;
use super::ward::{self, Distances};
use crate::{Error, Result};

/// Replaces similar rows of a document by their mean: hierarchical token pooling (Clavié,
/// Chaffin & Adams 2024, "Reducing the Footprint of Multi-Vector Retrieval with Minimal
/// Performance Impact via Token Pooling", arXiv:2409.14683).
///
/// Rows are clustered by Ward linkage of their cosine distances into max(n / `factor`, 1) clusters (rounded down;
/// fewer where rows are equal or equally far apart), and each cluster becomes the mean of its rows, in the order of the
/// clusters' first rows. Pool documents, not queries.
///
/// The paper leaves it at the mean, which is shorter than its rows, so that large clusters match
/// less. Here the mean is scaled to the mean length of its rows, unless
/// [`plain_mean`](Self::plain_mean) is set. With it and [`protected(1)`](Self::protected) pooled rows are those of PyLate
/// and its `pool_factor`, in another order. Measured with the `compression` bench (the texts with a cluster more a
/// document), of each query's ten best documents there stay:
///
/// | factor | generated set | its plain mean | 800 texts, MiniLM tokens | their plain mean |
/// |--------|---------------|----------------|--------------------------|------------------|
/// | 2      | 88%           | 80%            | 93%                      | 90%              |
/// | 3      | 78%           | 68%            | 88%                      | 83%              |
/// | 4      | 73%           | 59%            | 83%                      | 76%              |
///
/// ```
/// use embedkit_vector::multivector::{MultiVector, TokenPooling};
///
/// let document = MultiVector::from_rows([[1.0, 0.0], [0.75, 0.25], [0.0, 1.0], [0.25, 0.75]])?;
/// let pooled = TokenPooling::new(2)?.pool(&document);
/// assert_eq!(pooled.len(), 2);
/// let plain = TokenPooling::new(2)?.plain_mean().pool(&document);
/// assert_eq!(plain.as_slice(), [0.875, 0.125, 0.125, 0.875]);
/// # Ok::<(), embedkit_vector::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPooling {
    factor: usize,
    protected: usize,
    plain_mean: bool,
}

impl TokenPooling {
    /// Pools to about one row in `factor`.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if `factor` is 0. 1 changes nothing.
    pub fn new(factor: usize) -> Result<Self> {
        if factor == 0 {
            return Err(Error::option("pool factor", factor, "at least 1"));
        }
        Ok(Self { factor, protected: 0, plain_mean: false })
    }

    /// Leaves the first `rows` rows as they are: 1 keeps a start marker. They are not counted as n.
    /// Default: 0.
    #[must_use]
    pub fn protected(mut self, rows: usize) -> Self {
        self.protected = rows;
        self
    }

    /// Leaves means as they are, shorter than the rows they stand for. Default: they are brought to the rows' length.
    #[must_use]
    pub fn plain_mean(mut self) -> Self {
        self.plain_mean = true;
        self
    }

    /// Pools a document. A pooled row's label is the [group](RowLabel::Group) of its rows' labels.
    pub fn pool(&self, document: &MultiVector) -> MultiVector {
        let protected = self.protected.min(document.len());
        let free: Vec<usize> = (protected..document.len()).collect();
        let wanted = (free.len() / self.factor).max(1);
        if wanted >= free.len() {
            return document.clone();
        }
        let rows = &document.as_slice()[protected * document.dim()..];
        let clusters = ward::clusters(cosine_distances(rows, document.dim()), wanted);
        let pooled = clusters.iter().map(|members| members.iter().map(|&row| free[row]).collect());
        let groups: Vec<Vec<usize>> = (0..protected).map(|row| vec![row]).chain(pooled).collect();
        document.grouped(&groups, |rows| self.mean(document, rows))
    }

    fn mean(&self, document: &MultiVector, rows: &[usize]) -> Vec<f32> {
        let of = |row: usize| &document.as_slice()[row * document.dim()..][..document.dim()];
        if let [row] = rows {
            return of(*row).to_vec();
        }
        let mut mean = vec![0.0_f64; document.dim()];
        let mut mean_length = 0.0;
        for &row in rows {
            let values = of(row).iter().map(|&value| f64::from(value) / rows.len() as f64);
            mean.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            mean_length += length(of(row).iter().map(|&value| f64::from(value))) / rows.len() as f64;
        }
        let scale = match length(mean.iter().copied()) {
            length if length > 0.0 && !self.plain_mean => mean_length / length,
            _ => 1.0,
        };
        // Rounding must not make the mean of the largest rows infinite.
        mean.into_iter().map(|value| ((value * scale) as f32).clamp(f32::MIN, f32::MAX)).collect()
    }
}

/// The distances of all rows: 1 − their cosine; 0 for equal rows, also if they are zero.
fn cosine_distances(rows: &[f32], dim: usize) -> Distances {
    // Rows for which dot products are computed at once; it bounds the memory that these take.
    const BLOCK: usize = 96;
    let levelled: Vec<f32> = rows.chunks_exact(dim).flat_map(levelled).collect();
    let blocks = || levelled.chunks(BLOCK * dim);
    // From the kernel, too, so that a row's product with an equal one is the same number.
    let squares = blocks().flat_map(|block| {
        let count = block.len() / dim;
        let dots = all_dots(&Packed::new(block, dim), block);
        (0..count).map(move |at| dots[at * count + at])
    });
    let squares: Vec<f32> = squares.collect();
    let packed = Packed::new(&levelled, dim);
    let mut distances = Distances::new(squares.len());
    let mut a = 0;
    for block in blocks() {
        for dots in all_dots(&packed, block).chunks_exact(squares.len()) {
            for (b, dot) in dots.iter().enumerate().skip(a + 1) {
                let lengths = (squares[a] * squares[b]).sqrt();
                let cosine = match lengths {
                    0.0 => f32::from(u8::from(squares[a] == squares[b])),
                    lengths => (dot / lengths).clamp(-1.0, 1.0),
                };
                distances.set(a, b, f64::from(1.0 - cosine));
            }
            a += 1;
        }
    }
    distances
}

/// The row times a power of two, so that its largest magnitude is about 1: its dot products are then neither too large
/// nor too small for `f32`, and its cosines are the same.
fn levelled(row: &[f32]) -> impl Iterator<Item = f32> {
    let largest = largest(row);
    let exponent = largest.to_bits() >> 23;
    let scale = f32::from_bits((254 - exponent).clamp(1, 254) << 23);
    row.iter().map(move |value| value * scale)
}

fn length(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum::<f64>().sqrt()
}

impl MultiVector {
    /// Drops rows that say what an earlier row says: those whose cosine with a row that was kept
    /// is at least `similarity`. The first row is always kept.
    ///
    /// With rows of unit length, a query row's weight falls by at most its length times
    /// √(2 − 2 · `similarity`), for that is how far the kept row can be from the dropped one.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] if `similarity` is not between −1 and 1.
    pub fn prune(&self, similarity: f32) -> Result<Self> {
        if !(-1.0..=1.0).contains(&similarity) {
            return Err(Error::option("similarity", similarity, "a cosine, between -1 and 1"));
        }
        let rows: Vec<&[f32]> = self.rows().collect();
        let mut kept: Vec<usize> = Vec::new();
        for at in 0..rows.len() {
            if kept.iter().all(|&other| cosine(rows[other], rows[at]) < similarity) {
                kept.push(at);
            }
        }
        let groups: Vec<Vec<usize>> = kept.into_iter().map(|row| vec![row]).collect();
        Ok(self.grouped(&groups, |group| rows[group[0]].to_vec()))
    }

    /// A row for each group of rows, labelled with what the group stands for.
    fn grouped(&self, groups: &[Vec<usize>], row: impl Fn(&[usize]) -> Vec<f32>) -> Self {
        let label = |group: &Vec<usize>| match group.as_slice() {
            [row] => self.labels()[*row].clone(),
            rows => RowLabel::Group(rows.iter().map(|&row| self.labels()[row].clone()).collect()),
        };
        let labels = if self.labels().is_empty() { Vec::new() } else { groups.iter().map(label).collect() };
        self.replaced(groups.iter().flat_map(|group| row(group)).collect(), labels)
    }
}

/// 1 if the rows are equal, also if they are zero; else 0 if one is. Rows of one multi-vector have one width and are
/// finite, so there is no error.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    if a == b { 1.0 } else { crate::cosine(a, b).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::multivector::maxsim;
    use proptest::prelude::*;

    fn unit_rows() -> impl Strategy<Value = MultiVector> {
        (1_usize..40).prop_flat_map(|rows| prop::collection::vec(-1.0_f32..1.0, rows * 4)).prop_map(|data| {
            let unit = |row: &[f32]| {
                let length = row.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-6);
                row.iter().map(|value| value / length).collect::<Vec<_>>()
            };
            MultiVector::from_rows(data.chunks(4).map(unit)).unwrap()
        })
    }

    proptest! {
        #[test]
        fn pooling_keeps_the_asked_number_of_rows_and_their_sum(document in unit_rows(), factor in 2_usize..6, protected in 0_usize..3) {
            let labels = (0..document.len()).map(|at| RowLabel::Token(at.to_string())).collect();
            let document = document.with_labels(labels).unwrap();
            let pooled = TokenPooling::new(factor).unwrap().protected(protected).plain_mean().pool(&document);
            let protected = protected.min(document.len());
            let free = document.len() - protected;
            prop_assert_eq!(pooled.len(), protected + free.min((free / factor).max(1)));
            prop_assert_eq!(&pooled.as_slice()[..protected * 4], &document.as_slice()[..protected * 4]);

            // Every row is in one group, and a pooled row times its group's size is the group's sum.
            let size = |label: &RowLabel| if let RowLabel::Group(rows) = label { rows.len() } else { 1 };
            prop_assert_eq!(pooled.labels().iter().map(size).sum::<usize>(), document.len());
            for dimension in 0..4 {
                let sum: f32 = document.rows().map(|row| row[dimension]).sum();
                let of_means: f32 = pooled.rows().zip(pooled.labels()).map(|(row, label)| row[dimension] * size(label) as f32).sum();
                prop_assert!((sum - of_means).abs() < 1e-4);
            }
        }

        #[test]
        fn equal_rows_do_not_stay_apart(
            rows in prop::collection::vec(prop::array::uniform3(-1_f32..=1.0), 1..8),
            scale in prop::sample::select(vec![f32::MAX, 1e30, 1e19, 1.0, 1e-19, 1e-38, 1e-44, 0.0]),
            order in prop::collection::vec(any::<prop::sample::Index>(), 2..40),
            factor in 2_usize..5,
        ) {
            let rows: Vec<[f32; 3]> = rows.iter().map(|row| row.map(|value| value * scale)).collect();
            let document = MultiVector::from_rows(order.iter().map(|at| rows[at.index(rows.len())])).unwrap();
            let distinct = |rows: &MultiVector| {
                let rows = rows.rows().map(|row| row.iter().map(|value| (value + 0.0).to_bits()).collect::<Vec<_>>());
                rows.collect::<std::collections::BTreeSet<_>>().len()
            };
            let pruned = document.prune(1.0).unwrap();
            prop_assert_eq!(distinct(&pruned), pruned.len());
            let pooled = TokenPooling::new(factor).unwrap().pool(&document);
            prop_assert!(pooled.len() <= (document.len() / factor).max(1).min(distinct(&document)));
            prop_assert!(pooled.as_slice().iter().all(|value| value.is_finite()));
        }

        #[test]
        fn pruning_costs_no_more_than_it_says(document in unit_rows(), query in unit_rows(), similarity in 0.5_f32..1.0) {
            let pruned = document.prune(similarity).unwrap();
            let loss = maxsim(&query, &document).unwrap() - maxsim(&query, &pruned).unwrap();
            let bound = query.len() as f32 * (2.0 - 2.0 * similarity).sqrt();
            prop_assert!((-1e-4..=bound + 1e-3).contains(&loss), "{loss} is more than {bound}");
        }
    }

    #[test]
    fn edges() {
        let document = MultiVector::from_rows([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]]).unwrap();
        assert_eq!(TokenPooling::new(1).unwrap().pool(&document), document);
        assert!(TokenPooling::new(0).is_err());
        let one = TokenPooling::new(100).unwrap().pool(&document);
        assert_eq!(one.as_slice(), [0.75, 0.0], "the mean length of the rows");
        let none = MultiVector::new(2, vec![]).unwrap();
        assert_eq!(TokenPooling::new(2).unwrap().pool(&none), none);
        assert_eq!(none.prune(0.9).unwrap(), none);
        assert_eq!(document.prune(0.99).unwrap().len(), 3);
        assert!(document.prune(f32::NAN).is_err());
    }
}
