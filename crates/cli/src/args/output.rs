//! Where results go, and what is told with them.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::{Failure, Result};
use crate::formats::{Encoding, Format};

/// Where results go.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// The file to write; it appears when it is complete. `-` is standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The format of the results; default: that of the file's name, else jsonl.
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Goes on where an earlier run was interrupted: results are added to what --output has already, JSON Lines or Parquet,
    /// and inputs whose results are there are passed over. Give the same inputs and model.
    #[arg(long, requires = "output")]
    pub(crate) resume: bool,

    /// Seconds after which results are safe, with --resume in Parquet.
    #[arg(long, value_name = "SECONDS", requires = "resume", default_value_t = 60, hide = true)]
    pub(crate) part_time: u64,

    /// How the values of vectors are stored.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) encoding: Encoding,

    /// About a thousand vectors, as `embed` writes them, that tell the range of each dimension for
    /// int8; without it the range is -1 to 1, which is that of normalised vectors.
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
}

impl OutputArgs {
    /// The format that is asked for, by name or by the file's.
    pub(crate) fn format(&self) -> Result<Format> {
        match (self.format, &self.output) {
            (Some(format), _) => Ok(format),
            (None, Some(path)) => Ok(Format::of_file(path).unwrap_or(json_lines_for(path)?)),
            (None, None) => Ok(Format::Jsonl),
        }
    }
}

impl OutputArgs {
    /// The format of files in a folder, which has a name of its own.
    #[cfg(feature = "parquet")]
    pub(crate) fn format_in_folder(&self) -> Result<Format> {
        match self.format.unwrap_or(Format::Jsonl) {
            format @ (Format::Jsonl | Format::Parquet) => Ok(format),
            other => Err(Failure::Usage(format!(
                "--shard writes jsonl and parquet, which say what they were made with, and not {}",
                other.name()
            ))),
        }
    }
}

/// JSON Lines, unless a file's name asks for something else that is not written.
fn json_lines_for(path: &Path) -> Result<Format> {
    const OTHERS: [&str; 12] =
        ["csv", "tsv", "xlsx", "pkl", "pickle", "pt", "h5", "hdf5", "feather", "arrow", "npz", "db"];
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    if OTHERS.contains(&&*extension) && Format::of_file(path).is_none() {
        return Err(Failure::Usage(format!(
            "{}: .{extension} files are not written; take .jsonl, .npy, .npz, .safetensors or .parquet, or say --format",
            path.display()
        )));
    }
    Ok(Format::Jsonl)
}

/// The output of a verb that has JSON Lines alone.
pub(crate) fn only_json_lines(output: Option<&PathBuf>) -> Result<Option<&PathBuf>> {
    let Some(path) = output else { return Ok(None) };
    match Format::of_file(path).map_or_else(|| json_lines_for(path), Ok)? {
        Format::Jsonl => Ok(output),
        other => Err(Failure::Usage(format!(
            "{}: these results are JSON Lines, and not {}: name a .jsonl file",
            path.display(),
            other.name()
        ))),
    }
}

/// What is said of the model's window.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct UsageArgs {
    /// Adds to each result the tokens that its input used, and whether it was cut.
    #[arg(long)]
    pub(crate) with_usage: bool,

    /// What becomes of an input that is longer than the model's window.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) on_long: OnLong,
}

/// What becomes of a long input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnLong {
    /// It is cut, and the end of the run tells how many were.
    #[default]
    Cut,
    /// It is an error, as one that cannot be read.
    Error,
}
