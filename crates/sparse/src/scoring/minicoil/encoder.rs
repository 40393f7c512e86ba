//! From a word's token vectors to its meaning.

use std::collections::BTreeMap;
use std::ops::Deref;

use embedkit_vector::npy::Header;
use embedkit_vector::number::NumberType;

use crate::scoring::ScoringError;

/// A matrix for every word: `[words, input width, output width]`, from a `.npy` file of 16- or 32-bit floats.
pub struct Encoder {
    bytes: Box<dyn Deref<Target = [u8]> + Send + Sync>,
    header: Header,
    words: usize,
    input: usize,
    output: usize,
}

impl Encoder {
    /// An encoder of a `.npy` file's bytes, which may be mapped.
    ///
    /// # Errors
    /// [`ScoringError`] when they are not a three-dimensional array of such floats.
    pub fn new(bytes: impl Deref<Target = [u8]> + Send + Sync + 'static) -> Result<Self, ScoringError> {
        let header = Header::parse(&bytes)?;
        match (header.number_type(), header.shape()) {
            (NumberType::F16 | NumberType::F32, &[words, input, output]) if output > 0 => {
                Ok(Self { bytes: Box::new(bytes), header, words, input, output })
            }
            (number_type, shape) => Err(ScoringError::Encoder { found: format!("{number_type}, of shape {shape:?},") }),
        }
    }

    /// Width of a meaning.
    pub fn output_width(&self) -> usize {
        self.output
    }

    /// The matrix of a word, row by row.
    fn matrix(&self, id: u32) -> Vec<f32> {
        let (values, number_type) = (&self.bytes[self.header.values()], self.header.number_type());
        let size = self.input * self.output * number_type.size();
        number_type.to_f32s(&values[id as usize * size..][..size])
    }

    pub(super) fn check_words(&self, vocabulary: usize) -> Result<(), ScoringError> {
        let encoder = self.words;
        if encoder == vocabulary { Ok(()) } else { Err(ScoringError::Words { encoder, vocabulary }) }
    }

    /// The meanings of the words in a text, by ascending id: the mean of the token vectors of each id, times
    /// the id's matrix, through tanh. Sums are in f32, as in the reference. Id 0 has no meaning.
    pub(super) fn encode(&self, ids: &[u32], vectors: &[f32]) -> Result<Vec<(u32, Vec<f32>)>, ScoringError> {
        if vectors.len() != ids.len() * self.input {
            let expected = format!("{} vectors of {}", ids.len(), self.input);
            return Err(ScoringError::Shape { what: "values", found: vectors.len(), expected });
        }
        let mut sums: BTreeMap<u32, (Vec<f32>, f32)> = BTreeMap::new();
        for (id, vector) in ids.iter().zip(vectors.chunks_exact(self.input.max(1))).filter(|(id, _)| **id != 0) {
            let (sum, count) = sums.entry(*id).or_insert_with(|| (vec![0.0; self.input], 0.0));
            sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
            *count += 1.0;
        }
        let meaning = |(id, (sum, count)): (u32, (Vec<f32>, f32))| {
            let mut meaning = vec![0.0_f32; self.output];
            for (at, weight) in self.matrix(id).into_iter().enumerate() {
                meaning[at % self.output] += sum[at / self.output] / count * weight;
            }
            (id, meaning.into_iter().map(f32::tanh).collect())
        };
        Ok(sums.into_iter().map(meaning).collect())
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("shape", &self.header.shape()).finish_non_exhaustive()
    }
}
