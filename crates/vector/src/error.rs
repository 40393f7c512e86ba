//! What vectors, encodings and their files are refused for.

#[cfg(feature = "interchange")]
use std::path::PathBuf;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why vectors cannot be used as asked: what is wrong, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two widths that must be the same are not.
    #[error("{what} has {found} dimensions, {other} has {expected}")]
    Width {
        /// Whose width is wrong.
        what: &'static str,
        /// Its width.
        found: usize,
        /// What it must fit.
        other: &'static str,
        /// The width of that.
        expected: usize,
    },
    /// Values that are not whole rows.
    #[error("{values} values are not whole rows of {per_row}")]
    PartialRow {
        /// How many values there are.
        values: usize,
        /// How many a row takes.
        per_row: usize,
    },
    /// There is not one of something for each of something else.
    #[error("{found} {what} for {expected} {each}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// What each belongs to.
        each: &'static str,
        /// How many of these there are.
        expected: usize,
    },
    /// Something that must have parts has none.
    #[error("{what} has no {parts}")]
    Empty {
        /// What is empty.
        what: &'static str,
        /// What it must have at least one of.
        parts: &'static str,
    },
    /// A number is NaN or infinite.
    #[error("{what} {at} is {value}, and must be finite")]
    NotFinite {
        /// What the number is.
        what: &'static str,
        /// Which one it is.
        at: usize,
        /// The number.
        value: f32,
    },
    /// A value is larger than half precision can hold, which ends at ±65504.
    #[error("{value} is beyond what f16 holds, ±65504")]
    BeyondF16 {
        /// The value.
        value: f32,
    },
    /// A value of a vector that is to be bytes is larger than a normalised vector's.
    #[error("{value} is beyond what int8 covers, -1 to 1")]
    BeyondInt8 {
        /// The value.
        value: f32,
    },
    /// The last word of a row of bits has bits that stand for no dimension.
    #[error("bits are set past dimension {dim}; they must be 0")]
    StrayBits {
        /// The row's width.
        dim: usize,
    },
    /// The values are finite, but so large that their score is not.
    #[error("the values are too large to be scored")]
    ScoreOverflow,
    /// An index stands twice in a sparse vector.
    #[error("index {index} stands twice in a sparse vector")]
    RepeatedIndex {
        /// The index.
        index: u32,
    },
    /// A name that stands for no index of a sparse vector.
    #[error("no index is known for the name {name:?}")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// An option has a value that cannot be used.
    #[error("option `{option}`: must be {allowed}, not {value}")]
    InvalidOption {
        /// The option's name; several, when only together they are wrong.
        option: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        allowed: String,
    },
    /// One row, document or other part of many is wrong.
    #[error("{part} {at}: {error}")]
    At {
        /// What the part is.
        part: &'static str,
        /// Its position.
        at: usize,
        /// What is wrong with it. The message has it, so it is not the [source](std::error::Error::source), too.
        error: Box<Error>,
    },
    /// No multi-vectors can be read from a file.
    #[cfg(feature = "interchange")]
    #[error("no multi-vectors can be read from {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: crate::file_error::FileError,
    },
    /// Multi-vectors cannot be written to a file.
    #[cfg(feature = "interchange")]
    #[error("the multi-vectors cannot be written to {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: crate::file_error::FileError,
    },
}

impl Error {
    /// Says which part of many this error is about.
    pub(crate) fn at(self, part: &'static str, at: usize) -> Self {
        Self::At { part, at, error: Box::new(self) }
    }

    /// An [`Error::InvalidOption`].
    pub(crate) fn option(option: &'static str, value: impl ToString, allowed: impl Into<String>) -> Self {
        Self::InvalidOption { option, value: value.to_string(), allowed: allowed.into() }
    }
}
