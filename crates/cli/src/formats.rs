//! Formats that arguments choose from.

use clap::ValueEnum;

/// How lines are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LineFormat {
    /// As the first line is: JSON if it is a JSON string or begins an object, else plain.
    #[default]
    Auto,
    /// Each line is a JSON string, or an object with the input in a field.
    Jsonl,
    /// Each line is an input, whatever is in it.
    Lines,
}

/// How a vector's values are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats.
    F16,
    /// Signed bytes.
    Int8,
    /// A bit a value, set above zero, eight to a byte.
    Binary,
}

/// The format of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line.
    #[default]
    Jsonl,
    /// One NumPy array, a row an input.
    Npy,
    /// One Parquet file with the columns `index` and `embedding`.
    Parquet,
}
