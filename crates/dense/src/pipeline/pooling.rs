//! Token vectors to one vector a text.

use embedkit_core::Pooling;
use embedkit_core::session::Precision;

/// How a batch's output becomes vectors. The precision of every step is the reference's: means and
/// their lengths in f64, other lengths in f32, results rounded to the output's own precision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pooler {
    pub(super) pooling: Pooling,
    pub(super) normalize: bool,
}

impl Pooler {
    /// The vector of one row; none where the shape, `[tokens, dim]` or `[dim]`, is not one that the pooling reads.
    pub(super) fn pool(self, shape: &[usize], values: &[f32], mask: &[i64], precision: Precision) -> Option<Vec<f32>> {
        let mut vector = match (self.pooling, shape) {
            (Pooling::None | Pooling::Cls, [_]) => values.to_vec(),
            (Pooling::Cls, [tokens, dim]) if *tokens > 0 => values[..*dim].to_vec(),
            (Pooling::LastToken, [tokens, dim]) if *tokens == mask.len() => {
                let last = mask.iter().rposition(|kept| *kept != 0).unwrap_or(tokens - 1);
                values[last * dim..][..*dim].to_vec()
            }
            (Pooling::Mean, [tokens, dim]) if *tokens == mask.len() => {
                return Some(self.mean(values, mask, *dim, precision));
            }
            _ => return None,
        };
        if self.normalize {
            embedkit_vector::normalize(&mut vector);
            vector.iter_mut().for_each(|value| *value = precision.round(*value));
        }
        Some(vector)
    }

    /// The shape that is read, in words.
    pub(super) fn expected(self, tokens: usize) -> String {
        match self.pooling {
            Pooling::None => "[rows, dim]: name a pooling, or another output".to_owned(),
            _ => format!("[rows, {tokens} tokens, dim] for {:?} pooling", self.pooling),
        }
    }

    fn mean(self, tokens: &[f32], mask: &[i64], dim: usize, precision: Precision) -> Vec<f32> {
        const FEWEST: f64 = 1e-9;
        const SHORTEST: f64 = 1e-12;
        let mut sums = vec![0f64; dim];
        for (token, _) in tokens.chunks_exact(dim.max(1)).zip(mask).filter(|(_, kept)| **kept != 0) {
            for (sum, value) in sums.iter_mut().zip(token) {
                *sum += f64::from(*value);
            }
        }
        let count = mask.iter().map(|kept| *kept as f64).sum::<f64>().max(FEWEST);
        sums.iter_mut().for_each(|sum| *sum /= count);
        let squares = || sums.iter().map(|value| value * value).sum::<f64>();
        let length = if self.normalize { squares().sqrt().max(SHORTEST) } else { 1.0 };
        sums.iter().map(|value| precision.round((value / length) as f32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pooling_takes_its_tokens() {
        let data = [1.0, 0.0, 3.0, 4.0, 9.0, 9.0];
        for (pooling, normalize, mask, expected) in [
            (Pooling::Cls, false, [1, 1, 0], [1.0, 0.0]),
            (Pooling::LastToken, false, [1, 1, 0], [3.0, 4.0]),
            (Pooling::LastToken, true, [1, 1, 0], [0.6, 0.8]),
            (Pooling::LastToken, false, [0, 1, 1], [9.0, 9.0]),
            (Pooling::LastToken, false, [0, 0, 0], [9.0, 9.0]),
            (Pooling::Mean, false, [1, 1, 0], [2.0, 2.0]),
            (Pooling::Mean, false, [0, 0, 0], [0.0, 0.0]),
            (Pooling::Mean, true, [0, 0, 0], [0.0, 0.0]),
        ] {
            let vector = Pooler { pooling, normalize }.pool(&[3, 2], &data, &mask, Precision::F32).unwrap();
            assert_eq!(vector, expected, "{pooling:?} {mask:?}");
        }
    }

    #[test]
    fn a_shape_that_does_not_fit_gives_no_vector() {
        for (pooling, mask) in [(Pooling::None, vec![1; 3]), (Pooling::Mean, vec![1; 4]), (Pooling::LastToken, vec![1])]
        {
            let pooler = Pooler { pooling, normalize: false };
            assert!(pooler.pool(&[3, 2], &[0.0; 6], &mask, Precision::F32).is_none(), "{pooling:?}");
        }
    }
}
