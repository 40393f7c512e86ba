//! Euclidean normalisation and Matryoshka cuts.

use crate::similarity::dot;

/// Divides a vector by the larger of its Euclidean length and 1e-12, in place; a zero vector stays
/// zero. Length and quotients are f32, as the reference's.
pub fn normalize(vector: &mut [f32]) {
    const SMALLEST: f32 = 1e-12;
    let length = dot(vector, vector).sqrt().max(SMALLEST);
    for value in vector {
        *value /= length;
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
