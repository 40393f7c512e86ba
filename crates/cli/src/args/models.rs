//! Arguments of `models`.

#[cfg(feature = "onnx")]
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::CacheArgs;

/// `models …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// Lists the models that this program knows.
    List(ListArgs),
    /// Shows everything that is known of a model.
    Show {
        /// The model's id or alias.
        id: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Downloads models.
    Pull(CachedArgs),
    /// Checks what the cache has of models: sizes and digests.
    Verify(CachedArgs),
    /// Fetches again what is missing or wrong in the cache.
    Repair(CachedArgs),
    /// Removes models from the cache, which other programs may share.
    #[command(alias = "remove")]
    Rm(CachedArgs),
    /// Writes a folder's model with 8-bit weights, and says what that costs.
    #[cfg(feature = "onnx")]
    Quantize(QuantizeArgs),
}

/// `models quantize`.
#[cfg(feature = "onnx")]
#[derive(Debug, Args)]
pub(crate) struct QuantizeArgs {
    /// The folder of a model with 32-bit weights, which describes itself.
    #[arg(value_name = "DIR")]
    pub(crate) model_dir: PathBuf,
    /// The folder to write; it must not be there.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// The model's family, where the folder does not tell.
    #[arg(long, value_name = "FAMILY")]
    pub(crate) kind: Option<String>,
    /// The folder's graph; default: where exports put it.
    #[arg(long, value_name = "FILE")]
    pub(crate) model_file: Option<String>,
    /// The file of texts to compare results on, the first thousand of them, read as --input of other verbs. Default: some
    /// plain English sentences.
    #[arg(long, value_name = "FILE")]
    pub(crate) texts: Option<PathBuf>,
    /// Writes it even where results change much.
    #[arg(long)]
    pub(crate) force: bool,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `models list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Those only that have this word in their id, description or languages; `german` and `de` are the same.
    #[arg(value_name = "WORD")]
    pub(crate) words: Vec<String>,
    /// Those only that are downloaded.
    #[arg(long)]
    pub(crate) cached: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// Of this family only.
    #[arg(long)]
    pub(crate) family: Option<String>,
    /// Of this language (`de` or `german`) or multilingual only.
    #[arg(long)]
    pub(crate) language: Option<String>,
    /// With vectors of this width only, or that can be cut to it.
    #[arg(long)]
    pub(crate) dim: Option<usize>,
    /// Under this licence (an SPDX id) only.
    #[arg(long)]
    pub(crate) license: Option<String>,
    /// Not larger than this, in gigabytes.
    #[arg(long, value_name = "GB")]
    pub(crate) max_size: Option<f64>,
    /// As JSON: an array of rows.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `models pull`, `verify`, `repair` and `rm`.
#[derive(Debug, Args)]
pub(crate) struct CachedArgs {
    /// The models' ids or aliases, or how they end.
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Every model of the catalogue that is downloaded.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// As JSON: an object a line.
    #[arg(long)]
    pub(crate) json: bool,
}
