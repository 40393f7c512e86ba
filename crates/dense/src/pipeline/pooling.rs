//! Token vectors to one vector a text.

use embedkit_core::Pooling;
use embedkit_core::session::Precision;

/// How a batch's output becomes vectors. The precision of every step is the reference's: means and
/// their lengths in f64, other lengths in f32, results rounded to the output's own precision.
#[derive(Clone, Debug)]
pub(super) struct Pooler {
    pub(super) pooling: Pooling,
    pub(super) normalize: bool,
}

/// A text's token vectors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens<'t> {
    /// `[tokens, dim]`, or `[dim]` where the graph has pooled already.
    pub(super) shape: &'t [usize],
    pub(super) values: &'t [f32],
    /// 1 for tokens, 0 for padding, `[tokens]`.
    pub(super) mask: &'t [i64],
    /// Tokens from the first kept one on that do not count: the prompt's.
    pub(super) excluded: usize,
    pub(super) precision: Precision,
}

impl<'t> Tokens<'t> {
    /// The vectors that count, each with its position in the text, from 1.
    fn counted(self, dim: usize) -> impl DoubleEndedIterator<Item = (usize, &'t [f32])> {
        let first = self.mask.iter().position(|kept| *kept != 0).unwrap_or(0);
        let rows = self.values.chunks_exact(dim.max(1)).zip(self.mask).enumerate().skip(first + self.excluded);
        rows.filter(|(_, (_, kept))| **kept != 0).map(move |(at, (vector, _))| (at - first + 1, vector))
    }

    fn count(self) -> usize {
        self.mask.iter().filter(|kept| **kept != 0).count().saturating_sub(self.excluded)
    }
}

impl Pooler {
    /// The vector of one row; none where the shape, `[tokens, dim]` or `[dim]`, is not one that the pooling reads.
    pub(super) fn pool(&self, tokens: Tokens<'_>) -> Option<Vec<f32>> {
        let precision = tokens.precision;
        if let (Pooling::Mean, [count, dim]) = (&self.pooling, tokens.shape) {
            return (*count == tokens.mask.len()).then(|| {
                let mean = mean(tokens, *dim);
                let length = if self.normalize { length(&mean) } else { 1.0 };
                mean.into_iter().map(|value| precision.round((value / length) as f32)).collect()
            });
        }
        let mut vector = pooled(&self.pooling, tokens)?;
        if self.normalize {
            embedkit_vector::normalize(&mut vector);
            vector.iter_mut().for_each(|value| *value = precision.round(*value));
        }
        Some(vector)
    }

    /// The shape that is read, in words.
    pub(super) fn expected(&self, tokens: usize) -> String {
        match self.pooling {
            Pooling::None => "[rows, dim]: name a pooling, or another output".to_owned(),
            _ => format!("[rows, {tokens} tokens, dim] for {:?} pooling", self.pooling),
        }
    }
}

/// The vector of one row, not normalised.
fn pooled(pooling: &Pooling, tokens: Tokens<'_>) -> Option<Vec<f32>> {
    let Tokens { shape, values, mask, excluded, precision } = tokens;
    let rounded = |vector: Vec<f64>| vector.into_iter().map(|value| precision.round(value as f32)).collect();
    match (pooling, shape) {
        (Pooling::None | Pooling::Cls, [_]) => Some(values.to_vec()),
        (Pooling::Joined(several), _) => {
            let vectors = several.iter().map(|pooling| pooled(pooling, tokens));
            vectors.collect::<Option<Vec<_>>>().map(|vectors| vectors.concat())
        }
        (Pooling::Cls, [_, dim]) if excluded == 0 => {
            let first = mask.iter().position(|kept| *kept != 0).unwrap_or(0);
            values.get(first * dim..(first + 1) * dim).map(<[f32]>::to_vec)
        }
        // Of the others, each reads a vector for each token.
        (_, [count, _]) if *count != mask.len() => None,
        (Pooling::Cls, [_, dim]) => {
            // Where nothing is left, as with sentence-transformers, the first vector of all.
            let first = tokens.counted(*dim).next().map_or(values.get(..*dim), |(_, vector)| Some(vector));
            first.map(<[f32]>::to_vec)
        }
        (Pooling::LastToken, [count, dim]) if *count > 0 => Some(match tokens.counted(*dim).next_back() {
            Some((_, last)) => last.to_vec(),
            None if excluded > 0 => vec![0.0; *dim],
            None => values[(count - 1) * dim..].to_vec(),
        }),
        (Pooling::Max, [_, dim]) => {
            let mut largest = vec![f32::NEG_INFINITY; *dim];
            for (_, vector) in tokens.counted(*dim) {
                for (largest, value) in largest.iter_mut().zip(vector) {
                    // A NaN stays, for the check of the result.
                    *largest = if *value > *largest || value.is_nan() { *value } else { *largest };
                }
            }
            Some(largest)
        }
        (Pooling::Mean, [_, dim]) => Some(rounded(mean(tokens, *dim))),
        (Pooling::MeanSqrtLen, [_, dim]) => Some(rounded(weighted(tokens, *dim, |_| 1.0, f64::sqrt))),
        (Pooling::WeightedMean, [_, dim]) => {
            Some(rounded(weighted(tokens, *dim, |position| position as f64, std::convert::identity)))
        }
        _ => None,
    }
}

fn mean(tokens: Tokens<'_>, dim: usize) -> Vec<f64> {
    let mut sums = vec![0f64; dim];
    for (_, token) in tokens.counted(dim) {
        for (sum, value) in sums.iter_mut().zip(token) {
            *sum += f64::from(*value);
        }
    }
    let count = (tokens.count() as f64).max(FEWEST);
    sums.iter_mut().for_each(|sum| *sum /= count);
    sums
}

/// What sums are divided by where there is nothing to add up.
const FEWEST: f64 = 1e-9;

/// The weighted sum, divided by what the scale makes of the sum of weights. A token's weight is by its position.
fn weighted(tokens: Tokens<'_>, dim: usize, weight: fn(usize) -> f64, scale: fn(f64) -> f64) -> Vec<f64> {
    let (mut sums, mut total) = (vec![0f64; dim], 0f64);
    for (position, token) in tokens.counted(dim) {
        let weight = weight(position);
        total += weight;
        for (sum, value) in sums.iter_mut().zip(token) {
            *sum += weight * f64::from(*value);
        }
    }
    let divisor = scale(total.max(FEWEST));
    sums.iter_mut().for_each(|sum| *sum /= divisor);
    sums
}

fn length(vector: &[f64]) -> f64 {
    const SHORTEST: f64 = 1e-12;
    vector.iter().map(|value| value * value).sum::<f64>().sqrt().max(SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens<'t>(values: &'t [f32], mask: &'t [i64], excluded: usize) -> Tokens<'t> {
        Tokens { shape: &[3, 2], values, mask, excluded, precision: Precision::F32 }
    }

    #[test]
    fn each_pooling_takes_its_tokens() {
        let data = [1.0, 0.0, 3.0, 4.0, 9.0, 9.0];
        let root = std::f32::consts::SQRT_2;
        for (pooling, normalize, mask, excluded, expected) in [
            (Pooling::Cls, false, [1, 1, 0], 0, [1.0, 0.0]),
            (Pooling::Cls, false, [0, 1, 1], 0, [3.0, 4.0]),
            (Pooling::Cls, false, [1, 1, 0], 1, [3.0, 4.0]),
            (Pooling::LastToken, false, [1, 1, 0], 0, [3.0, 4.0]),
            (Pooling::LastToken, true, [1, 1, 0], 0, [0.6, 0.8]),
            (Pooling::LastToken, false, [0, 1, 1], 0, [9.0, 9.0]),
            (Pooling::LastToken, false, [0, 0, 0], 0, [9.0, 9.0]),
            (Pooling::LastToken, false, [1, 1, 0], 2, [0.0, 0.0]),
            (Pooling::Mean, false, [1, 1, 0], 0, [2.0, 2.0]),
            (Pooling::Mean, false, [1, 1, 1], 1, [6.0, 6.5]),
            (Pooling::Mean, false, [0, 1, 1], 1, [9.0, 9.0]),
            (Pooling::Mean, false, [1, 1, 0], 5, [0.0, 0.0]),
            (Pooling::Mean, false, [0, 0, 0], 0, [0.0, 0.0]),
            (Pooling::Mean, true, [0, 0, 0], 0, [0.0, 0.0]),
            (Pooling::Max, false, [1, 1, 0], 0, [3.0, 4.0]),
            (Pooling::MeanSqrtLen, false, [1, 1, 0], 0, [4.0 / root, 4.0 / root]),
            (Pooling::WeightedMean, false, [1, 1, 0], 0, [7.0 / 3.0, 8.0 / 3.0]),
            (Pooling::WeightedMean, false, [0, 1, 1], 0, [7.0, 22.0 / 3.0]),
            (Pooling::WeightedMean, false, [1, 1, 1], 1, [33.0 / 5.0, 35.0 / 5.0]),
        ] {
            let what = format!("{pooling:?} {mask:?} {excluded}");
            let vector = Pooler { pooling, normalize }.pool(tokens(&data, &mask, excluded)).unwrap();
            assert_eq!(vector, expected, "{what}");
        }
        let joined = Pooling::Joined(vec![Pooling::Max, Pooling::Cls]);
        let vector = Pooler { pooling: joined, normalize: false }.pool(tokens(&data, &[1, 1, 0], 0)).unwrap();
        assert_eq!(vector, [3.0, 4.0, 1.0, 0.0]);
        let nan = [1.0, f32::NAN, 3.0, 4.0, 9.0, 9.0];
        let vector = Pooler { pooling: Pooling::Max, normalize: false }.pool(tokens(&nan, &[1, 1, 1], 0)).unwrap();
        assert!(vector[0] == 9.0 && vector[1].is_nan(), "{vector:?}");
    }

    #[test]
    fn a_shape_that_does_not_fit_gives_no_vector() {
        for (pooling, mask) in [
            (Pooling::None, vec![1; 3]),
            (Pooling::Mean, vec![1; 4]),
            (Pooling::Max, vec![1; 4]),
            (Pooling::WeightedMean, vec![1; 2]),
            (Pooling::LastToken, vec![1]),
            (Pooling::Joined(vec![Pooling::Cls, Pooling::Mean]), vec![1; 4]),
        ] {
            let pooler = Pooler { pooling, normalize: false };
            assert!(pooler.pool(tokens(&[0.0; 6], &mask, 0)).is_none(), "{pooler:?}");
        }
    }
}
