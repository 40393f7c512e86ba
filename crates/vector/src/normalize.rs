//! Euclidean normalisation and Matryoshka cuts.

use crate::similarity::{dot_f32, dot_f64};

/// Divides a vector by the larger of its Euclidean length and 1e-12, in place; a zero vector stays
/// zero. Length and quotients are f32, as the reference's, but where the length's square is beyond f32.
///
/// A vector with a value that is NaN or infinite has no direction; NaN is then among the results.
pub fn normalize(vector: &mut [f32]) {
    const SMALLEST: f32 = 1e-12;
    let square = dot_f32(vector, vector);
    if square.is_finite() {
        let length = square.sqrt().max(SMALLEST);
        vector.iter_mut().for_each(|value| *value /= length);
    } else {
        let length = dot_f64(vector, vector).sqrt();
        vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
    }
}

/// Cuts a vector to its first `dim` values and normalises what is left (Matryoshka representation
/// learning, <https://arxiv.org/abs/2205.13147>).
pub fn cut(vector: &mut Vec<f32>, dim: usize) {
    vector.truncate(dim);
    normalize(vector);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dot;

    #[test]
    fn zero_stays_zero() {
        let mut zero = vec![0.0; 8];
        normalize(&mut zero);
        assert_eq!(zero, vec![0.0; 8]);
    }

    proptest! {
        #[test]
        fn length_becomes_one(mut vector in prop::collection::vec(-1e6f32..1e6, 1..300)) {
            prop_assume!(vector.iter().any(|v| v.abs() > 1e-3));
            normalize(&mut vector);
            prop_assert!((dot(&vector, &vector) - 1.0).abs() < 1e-5);
        }

        #[test]
        fn every_magnitude_has_its_direction(
            values in prop::collection::vec(-1f32..1.0, 1..300),
            scale in prop::sample::select(vec![f32::MAX, 1e30, 1e19, 1e-6, 1e-19, 1e-38, 1e-44]),
        ) {
            let mut vector: Vec<f32> = values.iter().map(|value| value * scale).collect();
            let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt().max(1e-12);
            let expected: Vec<f64> = vector.iter().map(|value| f64::from(*value) / length).collect();
            normalize(&mut vector);
            for (value, expected) in vector.iter().zip(expected) {
                prop_assert!((f64::from(*value) - expected).abs() < 1e-6);
            }
        }

        #[test]
        fn what_is_not_finite_does_not_become_so(
            mut vector in prop::collection::vec(-1f32..1.0, 1..40),
            at in any::<prop::sample::Index>(),
            bad in prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]),
        ) {
            let at = at.index(vector.len());
            vector[at] = bad;
            normalize(&mut vector);
            prop_assert!(vector[at].is_nan());
        }

        #[test]
        fn a_cut_keeps_direction(vector in prop::collection::vec(-1f32..1.0, 2..64), dim in 1usize..64) {
            let dim = dim.min(vector.len());
            let mut short = vector.clone();
            cut(&mut short, dim);
            let mut expected = vector[..dim].to_vec();
            normalize(&mut expected);
            prop_assert_eq!(short, expected);
        }
    }
}
