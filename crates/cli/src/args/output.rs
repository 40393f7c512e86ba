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
    #[arg(long, value_name = "SECONDS", default_value_t = 60, hide = true)]
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
        let of_name = self.output.as_deref().map_or(Ok(Named::Nothing), named)?;
        match (self.format, of_name) {
            (Some(asked), Named::Format(named)) if asked != named => Err(Failure::Usage(format!(
                "--format {} is not what --output asks for by its name, which is {}: leave one out, or name another file",
                asked.name(),
                named.name()
            ))),
            (Some(format), _) | (None, Named::Format(format)) => Ok(format),
            (None, Named::Nothing) => Ok(Format::Jsonl),
            (None, Named::Other(complaint)) => Err(Failure::Usage(complaint)),
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

/// What a file's name asks for.
enum Named {
    Nothing,
    Format(Format),
    /// What is not written, and what is instead.
    Other(String),
}

/// What a file's name asks for. What would be compressed is refused whatever else is said: no file is.
fn named(path: &Path) -> Result<Named> {
    const OTHERS: [&str; 12] =
        ["json", "csv", "tsv", "xlsx", "pkl", "pickle", "pt", "h5", "hdf5", "feather", "arrow", "db"];
    const COMPRESSED: [&str; 7] = ["gz", "zst", "bz2", "xz", "lz4", "br", "zip"];
    if let Some(format) = Format::of_file(path) {
        return Ok(Named::Format(format));
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
    let (path, extension) = (path.display(), &*extension);
    if COMPRESSED.contains(&extension) {
        return Err(Failure::Usage(format!(
            "{path}: files are not compressed: leave .{extension} out, or pipe what goes to standard output through a \
             program that compresses"
        )));
    }
    Ok(match OTHERS.contains(&extension) {
        true => Named::Other(format!(
            "{path}: .{extension} files are not written; take .jsonl, .npy, .npz, .safetensors or .parquet, or say --format"
        )),
        false => Named::Nothing,
    })
}

/// The output of a verb that has JSON Lines alone.
pub(crate) fn only_json_lines(output: Option<&PathBuf>) -> Result<Option<&PathBuf>> {
    let Some(path) = output else { return Ok(None) };
    match named(path)? {
        Named::Nothing | Named::Format(Format::Jsonl) => Ok(output),
        Named::Format(_) | Named::Other(_) => {
            Err(Failure::Usage(format!("{}: these results are JSON Lines: name a .jsonl file", path.display())))
        }
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
