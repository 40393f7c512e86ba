//! What can be wrong with a graph's output.

/// What is wrong with a graph's output; the error that a caller gets has the model's and the output's names before it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadOutput {
    /// The shape is another than the architecture reads.
    #[error("has shape {found:?}, and should have {expected}")]
    Shape {
        /// The output's shape.
        found: Vec<usize>,
        /// What was expected, in words.
        expected: String,
    },
    /// Vectors have another width than the row says.
    #[error("gives vectors of {found} values, and the row says {expected}")]
    Width {
        /// The vectors' width.
        found: usize,
        /// The row's.
        expected: usize,
    },
    /// It holds something else than floats and 8-bit integers.
    #[error("is {found}, not floats or 8-bit integers")]
    Kind {
        /// What it is, in words.
        found: String,
    },
    /// It holds infinities, or what is no number.
    #[error("holds values that are not finite numbers")]
    NotFinite,
    /// Its values cannot be made the result.
    #[error("cannot be used: {0}")]
    Unusable(#[source] crate::BoxError),
}

impl From<embedkit_vector::Error> for BadOutput {
    fn from(error: embedkit_vector::Error) -> Self {
        match error {
            embedkit_vector::Error::NotFinite { .. } => Self::NotFinite,
            other => Self::Unusable(other.into()),
        }
    }
}

impl BadOutput {
    /// A shape that is not the expected one.
    pub fn shape(found: &[usize], expected: impl Into<String>) -> Self {
        Self::Shape { found: found.to_vec(), expected: expected.into() }
    }

    /// Checks that values are finite numbers.
    ///
    /// # Errors
    /// [`BadOutput::NotFinite`].
    pub fn check_finite(values: &[f32]) -> Result<(), Self> {
        Ok(embedkit_vector::check_finite(values)?)
    }
}
