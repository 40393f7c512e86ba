//! Arguments of `tune`.

use std::path::PathBuf;

use clap::Args;

use super::{InputArgs, ModelArgs, PurposeArgs};

/// `tune`.
#[derive(Debug, Args)]
pub(crate) struct TuneArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) purpose: PurposeArgs,

    /// Tunes a reranker: the inputs are scored by their relevance to this query.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["kind", "as_query", "as_passage"])]
    pub(crate) rerank_query: Option<String>,

    /// Inputs that are embedded for each measurement; those after them are not read.
    #[arg(long, value_name = "N", default_value_t = 256, help_heading = "Measuring")]
    pub(crate) sample: usize,

    /// How often each candidate is measured; its best time counts.
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Measuring")]
    pub(crate) rounds: usize,

    /// The file to write, for --tuning; it appears when it is complete. `-` is standard output.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
}
