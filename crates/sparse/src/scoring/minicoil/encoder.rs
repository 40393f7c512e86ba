//! From a word's token vectors to its meaning.

use std::collections::BTreeMap;
use std::ops::Deref;

use embedkit_core::{Error, Result};

use super::npy::Array;

/// A matrix for every word: `[words, input width, output width]`, from a `.npy` file of 16- or 32-bit floats.
pub struct Encoder {
    bytes: Box<dyn Deref<Target = [u8]> + Send + Sync>,
    array: Array,
    words: usize,
    input: usize,
    output: usize,
}

impl Encoder {
    /// An encoder of a `.npy` file's bytes, which may be mapped.
    ///
    /// # Errors
    /// [`Error::Vector`] when they are not a three-dimensional array of floats.
    pub fn new(bytes: impl Deref<Target = [u8]> + Send + Sync + 'static) -> Result<Self> {
        let array = Array::parse(&bytes).map_err(Error::Vector)?;
        match array.shape[..] {
            [words, input, output] if output > 0 => Ok(Self { bytes: Box::new(bytes), array, words, input, output }),
            _ => Err(Error::Vector(format!("an array of shape {:?} is no encoder; it must have 3 axes", array.shape))),
        }
    }

    /// Width of a meaning.
    pub fn output_width(&self) -> usize {
        self.output
    }

    pub(super) fn check_words(&self, words: usize) -> Result<()> {
        match self.words == words {
            true => Ok(()),
            false => Err(Error::Vector(format!(
                "the encoder has matrices for {} words, and the vocabulary, with its unknown word, has {words}",
                self.words
            ))),
        }
    }

    /// The meanings of the words in a text, by ascending id: the mean of the token vectors of each id, times
    /// the id's matrix, through tanh. Sums are in f32, as in the reference. Id 0 has no meaning.
    pub(super) fn encode(&self, ids: &[u32], vectors: &[f32]) -> Result<Vec<(u32, Vec<f32>)>> {
        if vectors.len() != ids.len() * self.input {
            let message = format!("{} values are not {} vectors of {}", vectors.len(), ids.len(), self.input);
            return Err(Error::Vector(message));
        }
        let mut sums: BTreeMap<u32, (Vec<f32>, f32)> = BTreeMap::new();
        for (id, vector) in ids.iter().zip(vectors.chunks_exact(self.input.max(1))).filter(|(id, _)| **id != 0) {
            let (sum, count) = sums.entry(*id).or_insert_with(|| (vec![0.0; self.input], 0.0));
            sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
            *count += 1.0;
        }
        let meaning = |(id, (sum, count)): (u32, (Vec<f32>, f32))| {
            let mut meaning = vec![0.0_f32; self.output];
            let from = id as usize * self.input * self.output;
            let matrix = self.array.values(&self.bytes, from, self.input * self.output);
            for (place, weight) in matrix.enumerate() {
                meaning[place % self.output] += sum[place / self.output] / count * weight;
            }
            (id, meaning.into_iter().map(f32::tanh).collect())
        };
        Ok(sums.into_iter().map(meaning).collect())
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("shape", &self.array.shape).finish_non_exhaustive()
    }
}
