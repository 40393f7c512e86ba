//! Formats that arguments choose from.

use std::path::Path;

use clap::ValueEnum;

/// How inputs are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// As the file's name and its beginning tell: a table, a JSON document, JSON Lines, else plain lines.
    #[default]
    Auto,
    /// Each line is a JSON string, or an object with the input in a field.
    Jsonl,
    /// Each line is an input, whatever is in it, and a blank line is an empty one.
    Lines,
    /// JSON values of any layout: an array of strings or objects, or such values one after the other.
    Json,
    /// Comma-separated values, with a line of names.
    Csv,
    /// Tab-separated values, with a line of names.
    Tsv,
    /// The rows of a Parquet file.
    Parquet,
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

impl Encoding {
    /// Its name, as the Python package has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::Int8 => "int8",
            Self::Binary => "binary",
        }
    }
}

/// The format of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One JSON object a line.
    Jsonl,
    /// One NumPy array, a row an input (dense vectors).
    Npy,
    /// NumPy's archive of arrays; of sparse vectors, one that `scipy.sparse.load_npz` reads.
    Npz,
    /// The same arrays as tensors.
    Safetensors,
    /// One Parquet file with a column for everything.
    Parquet,
}

impl Format {
    /// The format that a file's name asks for.
    pub(crate) fn of_file(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match &*extension {
            "jsonl" | "ndjson" => Self::Jsonl,
            "npy" => Self::Npy,
            "npz" => Self::Npz,
            "safetensors" => Self::Safetensors,
            "parquet" => Self::Parquet,
            _ => return None,
        })
    }

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Safetensors => "safetensors",
            Self::Parquet => "parquet",
        }
    }
}
