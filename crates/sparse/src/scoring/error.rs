//! What cannot be scored.

use embedkit_vector::npy::HeaderError;

/// Why a graph's output, or what it is scored with, cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoringError {
    /// There are not as many numbers as the shape needs.
    #[error("{found} {what} are not {expected}")]
    Shape {
        /// What the numbers are.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// The shape.
        expected: String,
    },
    /// The logits are of another vocabulary than the model's row says.
    #[error("it has {found} weights a token, and the row says {stated}")]
    Vocabulary {
        /// How many weights a token has.
        found: usize,
        /// How many the row states.
        stated: usize,
    },
    /// A logit is NaN.
    #[error("a logit is NaN")]
    Logit,
    /// What is attended to a word is not known, or is no number from 0.
    #[error("the attention to a word is missing, negative or NaN: {stem:?}")]
    Attention {
        /// The word's stem.
        stem: String,
    },
    /// The file of an encoder is no array that can be read.
    #[error(transparent)]
    EncoderFile(#[from] HeaderError),
    /// An array is no encoder.
    #[error("an array of {found} is no encoder; it must be F16 or F32, with 3 axes")]
    Encoder {
        /// Type and shape of the array.
        found: String,
    },
    /// An encoder is for another vocabulary.
    #[error(
        "the encoder has matrices for {encoder} words, and the vocabulary, with its unknown word, has {vocabulary}"
    )]
    Words {
        /// How many words the encoder knows.
        encoder: usize,
        /// How many the vocabulary has.
        vocabulary: usize,
    },
    /// There are more indices than a sparse vector can have.
    #[error("{words} words of {width} dimensions do not fit the index space")]
    Indices {
        /// How many words there are.
        words: usize,
        /// How many indices each has.
        width: usize,
    },
    /// The weights are no sparse vector.
    #[error(transparent)]
    Vector(#[from] embedkit_vector::Error),
}
