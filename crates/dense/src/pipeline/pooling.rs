//! Token vectors to one vector a text.

use embedkit_core::Pooling;
use embedkit_core::session::{Output, Precision};

/// How a batch's output becomes vectors. The precision of every step is the reference's: means and
/// their lengths in f64, other lengths in f32, results rounded to the output's own precision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pooler {
    pub(super) pooling: Pooling,
    pub(super) normalize: bool,
}

impl Pooler {
    /// The vector of one row, or what is wrong with the output's shape.
    pub(super) fn pool(self, output: &Output<'_>, row: usize, mask: &[i64]) -> Result<Vec<f32>, String> {
        let mut vector = match (self.pooling, output.shape.as_slice()) {
            (Pooling::None | Pooling::Cls, [_, _]) => output.row(row).to_vec(),
            (Pooling::Cls, [_, tokens, dim]) if *tokens > 0 => output.row(row)[..*dim].to_vec(),
            (Pooling::LastToken, [_, tokens, dim]) if *tokens == mask.len() => {
                let last = mask.iter().rposition(|kept| *kept != 0).unwrap_or(tokens - 1);
                output.row(row)[last * dim..][..*dim].to_vec()
            }
            (Pooling::Mean, [_, tokens, dim]) if *tokens == mask.len() => {
                return Ok(self.mean(output.row(row), mask, *dim, output.precision));
            }
            (_, shape) => return Err(self.misfit(shape, mask.len())),
        };
        if self.normalize {
            embedkit_vector::normalize(&mut vector);
            vector.iter_mut().for_each(|value| *value = output.precision.round(*value));
        }
        Ok(vector)
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
        let length = match self.normalize {
            true => sums.iter().map(|value| value * value).sum::<f64>().sqrt().max(SHORTEST),
            false => 1.0,
        };
        sums.iter().map(|value| precision.round((value / length) as f32)).collect()
    }

    fn misfit(self, shape: &[usize], tokens: usize) -> String {
        let wanted = match self.pooling {
            Pooling::None => "[rows, dim]: name a pooling, or another output".to_owned(),
            _ => format!("[rows, {tokens} tokens, dim] for {:?} pooling", self.pooling),
        };
        format!("has shape {shape:?}, and should have {wanted}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(shape: [usize; 3], data: &[f32]) -> Output<'_> {
        Output::new(shape.to_vec(), data, Precision::F32)
    }

    #[test]
    fn each_pooling_takes_its_tokens() {
        let data = [1.0, 0.0, 3.0, 4.0, 9.0, 9.0];
        let output = output([1, 3, 2], &data);
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
            let vector = Pooler { pooling, normalize }.pool(&output, 0, &mask).unwrap();
            assert_eq!(vector, expected, "{pooling:?} {mask:?}");
        }
    }

    #[test]
    fn a_shape_that_does_not_fit_is_named() {
        let output = output([1, 3, 2], &[0.0; 6]);
        for (pooling, mask) in [(Pooling::None, vec![1; 3]), (Pooling::Mean, vec![1; 4]), (Pooling::LastToken, vec![1])]
        {
            let message = Pooler { pooling, normalize: false }.pool(&output, 0, &mask).unwrap_err();
            assert!(message.contains("[1, 3, 2]"), "{message}");
        }
    }
}
