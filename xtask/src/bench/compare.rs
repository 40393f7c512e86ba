//! Whether two sides computed the same: every value of every result is compared.

use std::collections::BTreeMap;
use std::path::Path;

use bench_protocol::results::{self, Row};
use serde::Serialize;

use crate::failure::{Failure, failed};

/// How near all results of a side are to embedkit's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Likeness {
    /// The least cosine of two results of more than one value.
    pub(super) cosine: f64,
    /// The largest difference of two values, as a part of the largest value of all.
    pub(super) difference: f64,
    /// Indices that only one of two sparse vectors has.
    pub(super) indices: usize,
}

/// How far results may be from each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    /// The least that a cosine may be.
    pub(super) cosine: f64,
    /// The most that a difference may be.
    pub(super) difference: f64,
    /// Whether sparse vectors must have the same indices; if not, one that lacks an index has a zero there.
    pub(super) same_indices: bool,
}

impl Likeness {
    /// What equal results have.
    pub(super) const EQUAL: Self = Self { cosine: 1.0, difference: 0.0, indices: 0 };

    /// The worse of both in each respect.
    pub(super) fn worse(self, other: Self) -> Self {
        Self {
            cosine: self.cosine.min(other.cosine),
            difference: self.difference.max(other.difference),
            indices: self.indices.max(other.indices),
        }
    }

    pub(super) fn is_within(&self, tolerance: &Tolerance) -> bool {
        self.cosine >= tolerance.cosine
            && self.difference <= tolerance.difference
            && (self.indices == 0 || !tolerance.same_indices)
    }
}

/// Compares two files of results.
///
/// # Errors
/// Results that cannot be compared: other numbers of them, or of their values; or values that are no numbers.
pub(super) fn compare(ours: &Path, theirs: &Path) -> Result<Likeness, Failure> {
    let open = |path: &Path| results::read(path).map_err(|e| failed(format!("{}: {e}", path.display())));
    let (mut ours, mut theirs) = (open(ours)?, open(theirs)?);
    let (mut likeness, mut largest) = (Likeness::EQUAL, 0.0_f64);
    for number in 1.. {
        let read = |row: Option<std::io::Result<Row>>| row.transpose().map_err(|e| failed(format!("results: {e}")));
        let (one, other) = match (read(ours.next())?, read(theirs.next())?) {
            (None, None) => break,
            (Some(one), Some(other)) => (one, other),
            (one, _) => {
                let who = if one.is_some() { "the peer" } else { "embedkit" };
                return Err(failed(format!("{who} has only {} results", number - 1)));
            }
        };
        let of_row = compared(&one, &other).map_err(|what| failed(format!("result {number}: {what}")))?;
        likeness = likeness.worse(of_row);
        largest = one.values.iter().fold(largest, |largest, value| largest.max(f64::from(value.abs())));
    }
    if largest > 0.0 {
        likeness.difference /= largest;
    }
    Ok(likeness)
}

/// Two results; the difference is absolute.
fn compared(ours: &Row, theirs: &Row) -> Result<Likeness, Failure> {
    let is_sparse = !ours.indices.is_empty() || !theirs.indices.is_empty();
    if !is_sparse && ours.values.len() != theirs.values.len() {
        return Err(failed(format!("{} values, and the peer has {}", ours.values.len(), theirs.values.len())));
    }
    let (mut dot, mut squares, mut likeness) = (0.0, [0.0; 2], Likeness::EQUAL);
    let mut take = |[a, b]: [f32; 2]| {
        let [a, b] = [f64::from(a), f64::from(b)];
        dot += a * b;
        squares = [squares[0] + a * a, squares[1] + b * b];
        likeness.difference = likeness.difference.max((a - b).abs());
    };
    if is_sparse {
        for pair in aligned(ours, theirs)?.into_values() {
            take(pair.map(Option::unwrap_or_default));
            likeness.indices += usize::from(pair.contains(&None));
        }
    } else {
        ours.values.iter().zip(&theirs.values).for_each(|(a, b)| take([*a, *b]));
    }
    let scale = (squares[0] * squares[1]).sqrt();
    if !scale.is_finite() {
        return Err(failed("values that are no finite numbers"));
    }
    // The cosine of two scores is their sign; the difference says more. One of zeros alone has none.
    if ours.values.len() > 1 && squares != [0.0; 2] {
        likeness.cosine = if scale > 0.0 { dot / scale } else { 0.0 };
    }
    Ok(likeness)
}

/// The values of two sparse vectors at each index that one of them has.
fn aligned(ours: &Row, theirs: &Row) -> Result<BTreeMap<u32, [Option<f32>; 2]>, Failure> {
    let mut pairs: BTreeMap<u32, [Option<f32>; 2]> = BTreeMap::new();
    for (side, row) in [ours, theirs].into_iter().enumerate() {
        if row.indices.len() != row.values.len() {
            return Err(failed(format!("{} indices for {} values", row.indices.len(), row.values.len())));
        }
        for (index, value) in row.indices.iter().zip(&row.values) {
            if pairs.entry(*index).or_default()[side].replace(*value).is_some() {
                return Err(failed(format!("the index {index} twice")));
            }
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sparse(indices: &[u32], values: &[f32]) -> Row {
        Row { indices: indices.to_vec(), values: values.to_vec() }
    }

    fn likeness(ours: &[Row], theirs: &[Row]) -> Result<Likeness, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let saved = |name: &str, rows: &[Row]| {
            let path = folder.path().join(name);
            results::write(&path, rows.iter().cloned()).unwrap();
            path
        };
        compare(&saved("ours", ours), &saved("theirs", theirs))
    }

    #[test]
    fn the_worst_of_all_results_counts() {
        let ours = [Row::from(vec![1.0, 0.0]), Row::from(vec![0.0, 2.0])];
        assert_eq!(likeness(&ours, &ours).unwrap(), Likeness::EQUAL);
        let theirs = [ours[0].clone(), Row::from(vec![2.0, 0.0])];
        assert_eq!(likeness(&ours, &theirs).unwrap(), Likeness { cosine: 0.0, difference: 1.0, indices: 0 });
        assert_eq!(likeness(&[vec![4.0].into()], &[vec![3.0].into()]).unwrap().difference, 0.25);
    }

    #[test]
    fn sparse_vectors_are_compared_by_index() {
        let (ours, turned) = (sparse(&[1, 5], &[1.0, 2.0]), sparse(&[5, 1], &[2.0, 1.0]));
        assert_eq!(likeness(std::slice::from_ref(&ours), &[turned]).unwrap(), Likeness::EQUAL);
        let other = likeness(&[ours], &[sparse(&[1, 6], &[1.0, 2.0])]).unwrap();
        assert_eq!((other.indices, other.difference), (2, 1.0));
        let tolerance = Tolerance { cosine: 0.0, difference: 1.0, same_indices: true };
        assert!(!other.is_within(&tolerance) && other.is_within(&Tolerance { same_indices: false, ..tolerance }));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let one = || Row::from(vec![1.0, 2.0]);
        for (ours, theirs) in [
            (vec![one(), one()], vec![one()]),
            (vec![one()], vec![one(), one()]),
            (vec![one()], vec![Row::from(vec![1.0])]),
            (vec![one()], vec![Row::from(vec![1.0, f32::NAN])]),
            (vec![sparse(&[1], &[1.0])], vec![sparse(&[1, 1], &[1.0, 1.0])]),
        ] {
            assert!(likeness(&ours, &theirs).is_err(), "{ours:?} {theirs:?}");
        }
    }
}
