//! From logits to a score.

use embedkit_core::Activation;

/// The score that a row of logits amounts to: without an activation and for the sigmoid the logit of the label counts,
/// the first in the reference; for the softmax the last label's probability.
pub(super) fn score(logits: &[f32], label: usize, activation: Activation) -> Option<f32> {
    let (logit, last) = (*logits.get(label)?, *logits.last()?);
    let score = match activation {
        Activation::Sigmoid => 1.0 / (1.0 + (-f64::from(logit)).exp()),
        Activation::Softmax => {
            1.0 / logits.iter().map(|logit| (f64::from(*logit) - f64::from(last)).exp()).sum::<f64>()
        }
        _ => f64::from(logit),
    };
    score.is_finite().then_some(score as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        for (logits, activation, expected) in [
            (&[2.0, 5.0][..], Activation::None, Some(2.0)),
            (&[0.0], Activation::Sigmoid, Some(0.5)),
            (&[-1000.0], Activation::Sigmoid, Some(0.0)),
            (&[1.0, 1.0], Activation::Softmax, Some(0.5)),
            (&[0.0, 1000.0], Activation::Softmax, Some(1.0)),
            (&[1000.0, 0.0], Activation::Softmax, Some(0.0)),
            (&[f32::NAN], Activation::None, None),
            (&[f32::NAN, 1.0], Activation::Softmax, None),
            (&[f32::INFINITY], Activation::None, None),
            (&[], Activation::None, None),
        ] {
            assert_eq!(score(logits, 0, activation), expected, "{logits:?} {activation:?}");
        }
        assert_eq!(score(&[2.0, 5.0], 1, Activation::None), Some(5.0));
    }
}
