//! Similarity of dense vectors.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::{Error, Result};

/// Sum of products. The shorter vector's length counts; see [`cosine`] for a checked similarity.
///
/// Sixteen sums run side by side, so that the compiler can use wide registers; their rounding is
/// closer to the exact sum than one running sum's.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0f32; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = match a.len().cmp(&b.len()) {
        Ordering::Equal => a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum(),
        _ => {
            let whole = a.len().min(b.len()) / LANES * LANES;
            a.iter().zip(b).skip(whole).map(|(a, b)| a * b).sum()
        }
    };
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Cosine of the angle between two vectors, -1 to 1; 0 when one is zero.
///
/// # Errors
/// [`Error::Width`] when their widths differ.
pub fn cosine(a: &[f32], b: &[f32]) -> Result<f32> {
    same_width(a.len(), b.len())?;
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    Ok(if lengths > 0.0 { (dot(a, b) / lengths).clamp(-1.0, 1.0) } else { 0.0 })
}

/// Euclidean distance of two vectors.
///
/// # Errors
/// [`Error::Width`] when their widths differ.
pub fn euclidean(a: &[f32], b: &[f32]) -> Result<f32> {
    same_width(a.len(), b.len())?;
    Ok(a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt())
}

/// Number of bits in which two packed binary vectors differ.
///
/// # Errors
/// [`Error::Width`] when their widths differ.
pub fn hamming(a: &[u8], b: &[u8]) -> Result<u32> {
    same_width(a.len() * 8, b.len() * 8)?;
    Ok(a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum())
}

fn same_width(a: usize, b: usize) -> Result<()> {
    if a == b { Ok(()) } else { Err(Error::Width { what: "one vector", found: a, other: "the other", expected: b }) }
}

/// A position with its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Position among what was scored.
    pub index: usize,
    /// The score; higher is better.
    pub score: f32,
}

/// The `k` highest scores, best first; of equal ones the earlier comes first.
///
/// Scores are compared as by [`f32::total_cmp`]: 0 is above -0, and NaN above every number.
pub fn top_k(scores: impl IntoIterator<Item = f32>, k: usize) -> Vec<Scored> {
    // The worst of the best is on top, where a better one takes its place.
    let mut best = BinaryHeap::with_capacity(k.saturating_add(1).min(1 << 16));
    for (index, score) in scores.into_iter().enumerate() {
        best.push(Reverse(Rank(Scored { index, score })));
        if best.len() > k {
            best.pop();
        }
    }
    best.into_sorted_vec().into_iter().map(|Reverse(Rank(scored))| scored).collect()
}

/// The order of what is ranked: the better is the greater.
struct Rank(Scored);

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.score.total_cmp(&other.0.score).then(other.0.index.cmp(&self.0.index))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Rank {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_values() {
        let (a, b) = ([3.0, 4.0], [4.0, 3.0]);
        assert_eq!(dot(&a, &b), 24.0);
        assert_eq!(cosine(&a, &b).unwrap(), 0.96);
        assert_eq!(euclidean(&a, &b).unwrap(), 2f32.sqrt());
        assert_eq!(hamming(&[0b1010], &[0b0110]).unwrap(), 2);
        assert_eq!(cosine(&a, &[0.0, 0.0]).unwrap(), 0.0);
        assert!(matches!(cosine(&a, &[1.0]), Err(Error::Width { .. })));
        assert!(matches!(euclidean(&a, &[1.0]), Err(Error::Width { .. })));
        assert!(matches!(hamming(&[1], &[]), Err(Error::Width { .. })));
    }

    proptest! {
        #[test]
        fn dot_agrees_with_the_plain_sum(a in prop::collection::vec(-1f32..1.0, 0..200), more in 0usize..5) {
            let b: Vec<f32> = a.iter().map(|v| 1.0 - v).chain(std::iter::repeat_n(9.0, more)).collect();
            let plain: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            prop_assert!((f64::from(dot(&a, &b)) - plain).abs() < 1e-4);
            prop_assert_eq!(dot(&a, &b), dot(&b, &a));
        }

        #[test]
        fn top_k_is_the_head_of_a_sort(scores in prop::collection::vec(-4i8..4, 0..50), k in 0usize..60) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut sorted: Vec<Scored> = scores.iter().enumerate().map(|(index, &score)| Scored { index, score }).collect();
            // Stable: of equal scores the earlier stays first.
            sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
            sorted.truncate(k);
            prop_assert_eq!(top_k(scores, k), sorted);
        }
    }

    #[test]
    fn scores_that_are_no_numbers_have_a_place() {
        let best = top_k([0.0, f32::NAN, -0.0, f32::NEG_INFINITY, 1.0, 0.0], 5);
        assert_eq!(best.iter().map(|scored| scored.index).collect::<Vec<_>>(), [1, 4, 0, 5, 2]);
    }
}
