//! Similarity of dense vectors.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::RangeInclusive;

use crate::{Error, Result};

/// Sum of products. The shorter vector's length counts; see [`cosine`] for a checked similarity.
///
/// The result is infinite only where the sum itself is beyond `f32`, and NaN only where a value is not finite.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let sum = dot_f32(a, b);
    // Sums on the way may overflow where the whole does not.
    if sum.is_finite() { sum } else { dot_f64(a, b) as f32 }
}

/// The dot product in `f32`, infinite or NaN where a sum on the way overflows.
///
/// Sixteen sums run side by side, so that the compiler can use wide registers; their rounding is
/// closer to the exact sum than one running sum's.
pub(crate) fn dot_f32(a: &[f32], b: &[f32]) -> f32 {
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

/// The dot product in `f64`, which holds the product of any two `f32` exactly.
pub(crate) fn dot_f64(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// Cosine of the angle between two vectors, -1 to 1; 0 when one is zero, exactly 1 for equal vectors.
///
/// Values of any magnitude have their cosine, subnormal ones and `f32::MAX` too.
///
/// # Errors
/// [`Error::Width`] when their widths differ; [`Error::NotFinite`].
pub fn cosine(a: &[f32], b: &[f32]) -> Result<f32> {
    same_width(a.len(), b.len())?;
    let squares = [dot_f32(a, a), dot_f32(b, b)];
    if squares.iter().all(|square| SAFE_SQUARES.contains(square)) {
        return Ok((dot_f32(a, b) / (squares[0] * squares[1]).sqrt()).clamp(-1.0, 1.0));
    }
    check_finite(a)?;
    check_finite(b)?;
    let lengths = (dot_f64(a, a) * dot_f64(b, b)).sqrt();
    Ok(if lengths > 0.0 { (dot_f64(a, b) / lengths).clamp(-1.0, 1.0) as f32 } else { 0.0 })
}

/// Squared lengths whose products `f32` holds, and beside which what underflows on the way is nothing.
const SAFE_SQUARES: RangeInclusive<f32> = 1e-18..=1e18;

/// Euclidean distance of two vectors.
///
/// # Errors
/// [`Error::Width`] when their widths differ; [`Error::NotFinite`]; [`Error::ScoreOverflow`] when the distance is
/// beyond `f32`.
pub fn euclidean(a: &[f32], b: &[f32]) -> Result<f32> {
    same_width(a.len(), b.len())?;
    let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
    let distance = a.iter().zip(b).map(square).sum::<f64>().sqrt() as f32;
    if distance.is_finite() {
        return Ok(distance);
    }
    check_finite(a)?;
    check_finite(b)?;
    Err(Error::ScoreOverflow)
}

/// Checks that every value of a vector is a finite number.
///
/// # Errors
/// [`Error::NotFinite`] names the first that is NaN or infinite.
pub fn check_finite(vector: &[f32]) -> Result<()> {
    // Without an early end, the loop over values that are as they should be is vectorised.
    if vector.iter().fold(true, |finite, value| finite & value.is_finite()) {
        return Ok(());
    }
    match vector.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(Error::NotFinite { what: "dimension", at, value: vector[at] }),
        None => Ok(()),
    }
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

    const NOT_FINITE: [f32; 3] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];

    /// Two vectors of one width, each with values of every magnitude or of one.
    fn extremes() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        use prop::num::f32::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
        let any = || POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO;
        let alike = |width: usize| {
            let scale = prop::sample::select(vec![f32::MAX, 1e30, 1e19, 1.0, 1e-12, 1e-19, 1e-38, 1e-44, 0.0]);
            (prop::collection::vec(-1f32..=1.0, width), scale)
                .prop_map(|(values, scale)| values.iter().map(|value| value * scale).collect::<Vec<_>>())
        };
        let vector = move |width| prop_oneof![prop::collection::vec(any(), width), alike(width)];
        (1_usize..40).prop_flat_map(move |width| (vector(width), vector(width)))
    }

    /// Scores of which many are equal, and of every kind.
    fn score() -> impl Strategy<Value = f32> {
        prop_oneof![(-4i8..4).prop_map(f32::from), prop::sample::select(&NOT_FINITE[..]), prop::num::f32::ANY]
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
        fn extremes_have_their_similarities((a, b) in extremes()) {
            let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            let (lengths, product) = ((sum(&a, &a) * sum(&b, &b)).sqrt(), sum(&a, &b));
            let expected = if lengths > 0.0 { product / lengths } else { 0.0 };
            let found = cosine(&a, &b).unwrap();
            prop_assert!((f64::from(found) - expected).abs() < 1e-6, "{found} is not {expected}");
            prop_assert_eq!(found, cosine(&b, &a).unwrap());
            let equal = cosine(&a, &a.clone()).unwrap();
            prop_assert_eq!(equal, if a.iter().all(|value| *value == 0.0) { 0.0 } else { 1.0 });

            let found = f64::from(dot(&a, &b));
            let bound = 1e-6 * lengths + 1e-44 * a.len() as f64;
            let beyond = found.is_infinite() && product.abs() > f64::from(f32::MAX) * 0.999_999;
            prop_assert!((found - product).abs() <= bound || beyond, "{found} is not {product}");

            let expected = a.iter().zip(&b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt();
            match euclidean(&a, &b) {
                Ok(found) => prop_assert!((f64::from(found) - expected).abs() <= 1e-6 * expected + 1e-45),
                Err(error) => prop_assert!(matches!(error, Error::ScoreOverflow) && expected > f64::from(f32::MAX)),
            }
        }

        #[test]
        fn what_is_not_finite_is_named(
            (mut a, b) in extremes(), at in any::<prop::sample::Index>(), bad in prop::sample::select(&NOT_FINITE[..])
        ) {
            let at = at.index(a.len());
            a[at] = bad;
            for error in [cosine(&a, &b), cosine(&b, &a), euclidean(&a, &b), euclidean(&b, &a)].map(Result::unwrap_err) {
                prop_assert!(matches!(error, Error::NotFinite { at: named, .. } if named == at), "{error}");
            }
        }

        #[test]
        fn top_k_is_the_head_of_a_sort(scores in prop::collection::vec(score(), 0..50), k in 0usize..60) {
            let mut sorted: Vec<Scored> = scores.iter().enumerate().map(|(index, &score)| Scored { index, score }).collect();
            // Stable: of equal scores the earlier stays first.
            sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
            sorted.truncate(k);
            let bits = |ranked: Vec<Scored>| ranked.iter().map(|s| (s.index, s.score.to_bits())).collect::<Vec<_>>();
            prop_assert_eq!(bits(top_k(scores, k)), bits(sorted));
        }
    }

    #[test]
    fn scores_that_are_no_numbers_have_a_place() {
        let best = top_k([0.0, f32::NAN, -0.0, f32::NEG_INFINITY, 1.0, 0.0], 5);
        assert_eq!(best.iter().map(|scored| scored.index).collect::<Vec<_>>(), [1, 4, 0, 5, 2]);
    }
}
