//! What can be wrong with a graph.

/// A result with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a file that weights lie in may fail with.
pub(crate) type FileError = Box<dyn std::error::Error + Send + Sync>;

/// Why a graph cannot be read or quantised.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What is not an ONNX file, or holds something in a way that is not known here.
    #[error("the graph has {0}")]
    NotUnderstood(&'static str),
    /// The graph is of a version of ONNX that lacks an operator which quantised graphs need.
    #[error("the graph is of version {version} of ONNX's operators, and 8-bit weights need {needed}: export it again")]
    OldOperators {
        /// The graph's version.
        version: u64,
        /// The oldest that has them.
        needed: u64,
    },
    /// There is no weight that is worth quantising.
    #[error(
        "the graph has no 32-bit weights that are brought to 8 bits, initializers on the right of a `MatMul` or of a `Gemm` that \
         scales nothing, or tables of a `Gather`: it is quantised already, or keeps its weights in another type or another way"
    )]
    NothingToQuantize,
    /// A file of external data is absent or too short.
    #[error("the weight {name:?} lies in {file:?}, beyond its end")]
    Cut {
        /// The weight.
        name: String,
        /// The file that its values should be in.
        file: String,
    },
    /// A file of external data cannot be read.
    #[error("{file:?}, where weights lie, cannot be read")]
    File {
        /// Its name, as the graph has it.
        file: String,
        /// Why.
        source: FileError,
    },
    /// A weight that holds values that are no numbers.
    #[error("the weight {0:?} holds values that are not finite numbers")]
    NotFinite(String),
}

impl From<std::collections::TryReserveError> for Error {
    fn from(_: std::collections::TryReserveError) -> Self {
        Self::NotUnderstood("a weight that is larger than the memory there is")
    }
}

impl From<crate::NotUnderstood> for Error {
    fn from(what: crate::NotUnderstood) -> Self {
        Self::NotUnderstood(what.0)
    }
}
