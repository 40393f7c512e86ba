//! Arguments of rerankers and of late interaction.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use embedkit::Activation;

#[cfg(feature = "pdf")]
use super::PdfArgs;
use super::{InputArgs, ModelArgs, UsageArgs};

/// What documents are scored, and where the scores go.
#[derive(Debug, Args)]
pub(crate) struct ScoredArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// Gives the N best only.
    #[arg(long, value_name = "N", value_parser = super::at_least_one, help_heading = "Output")]
    pub(crate) top_k: Option<usize>,

    /// Gives the documents in their order instead of the best first.
    #[arg(long, help_heading = "Output")]
    pub(crate) keep_order: bool,

    #[command(flatten)]
    pub(crate) usage: UsageArgs,

    /// The file to write; it appears when it is complete. `-` is standard output.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
}

/// `rerank`.
#[derive(Debug, Args)]
pub(crate) struct RerankArgs {
    /// The query.
    #[arg(long, required_unless_present = "pairs")]
    pub(crate) query: Option<String>,

    /// Reads lines `{"query":…,"text":…}`, and gives a score a line in their order.
    #[arg(long, conflicts_with_all = ["query", "top_k", "keep_text"])]
    pub(crate) pairs: bool,

    /// What makes a document relevant, for rerankers that take an instruction; a line's own field `instruction` goes
    /// before it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) instruction: Option<String>,

    /// What is applied to the scores, instead of what the model's row says.
    #[arg(long, value_enum)]
    pub(crate) activation: Option<ActivationArg>,

    #[command(flatten)]
    pub(crate) scored: ScoredArgs,
}

/// What is applied to a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ActivationArg {
    /// Nothing: the raw logit.
    None,
    /// To between 0 and 1.
    Sigmoid,
    /// The probability of the last label.
    Softmax,
}

impl From<ActivationArg> for Activation {
    fn from(argument: ActivationArg) -> Self {
        match argument {
            ActivationArg::None => Self::None,
            ActivationArg::Sigmoid => Self::Sigmoid,
            ActivationArg::Softmax => Self::Softmax,
        }
    }
}

/// `score`.
#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    /// The query.
    #[arg(long)]
    pub(crate) query: String,

    #[cfg(feature = "pdf")]
    #[command(flatten)]
    pub(crate) pdf: PdfArgs,

    #[command(flatten)]
    pub(crate) scored: ScoredArgs,
}

/// `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The query.
    #[arg(long)]
    pub(crate) query: String,

    /// The document.
    #[arg(value_name = "DOC")]
    pub(crate) document: Option<String>,

    /// Images of pages, instead of a document's text.
    #[arg(long, value_name = "PAGE", num_args = 1..)]
    pub(crate) image: Vec<PathBuf>,

    #[cfg(feature = "pdf")]
    #[command(flatten)]
    pub(crate) pdf: PdfArgs,

    /// Shows special tokens too, and not only what the texts say.
    #[arg(long)]
    pub(crate) all: bool,

    #[command(flatten)]
    pub(crate) heat: HeatArgs,

    #[command(flatten)]
    pub(crate) model: ModelArgs,

    /// Writes a page of HTML here, instead of showing the words in colour; of pages, all of them with heat over what
    /// the query matched.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Writes the page, with heat over what the query matched.
    #[arg(long, value_name = "FILE")]
    pub(crate) png: Option<PathBuf>,
}

impl ExplainArgs {
    /// The PDF files whose pages are explained.
    pub(crate) fn pdf_files(&self) -> &[PathBuf] {
        #[cfg(feature = "pdf")]
        return &self.pdf.pdf;
        #[cfg(not(feature = "pdf"))]
        &[]
    }
}

/// How heat lies over pages.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pages")]
pub(crate) struct HeatArgs {
    /// How much of the page the hottest place covers, from 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.6)]
    pub(crate) opacity: f32,

    /// Draws boxes around the N patches of each page that are most similar.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) boxes: usize,

    /// The percentiles of similarity, over all pages, that are coldest and hottest: what is beyond them looks as they do.
    #[arg(long, value_name = "LOW-HIGH", default_value = "50-99.5", value_parser = percentiles)]
    pub(crate) percentiles: (f32, f32),
}

fn percentiles(argument: &str) -> Result<(f32, f32), String> {
    let numbers =
        argument.split_once('-').and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
    match numbers {
        Some((low, high)) if 0.0 <= low && low < high && high <= 100.0 => Ok((low, high)),
        Some((low, high)) => Err(format!("{low} to {high} is no range of percentiles, which are from 0 to 100")),
        None => Err("they are two numbers with a line between them, as 5-99".to_owned()),
    }
}

/// `muvera`.
#[derive(Debug, Args)]
pub(crate) struct MuveraArgs {
    /// The file of lines `{"embeddings":[[…]]}`, as `embed` writes them; `-`, the default, is standard input.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// As queries, instead of documents.
    #[arg(long)]
    pub(crate) query: bool,

    /// Width of the multi-vectors' rows.
    #[arg(long, value_name = "N")]
    pub(crate) dim: usize,

    /// Hyperplanes of a repetition; it has 2^N clusters.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) k_sim: u32,

    /// Width that a cluster's centre is projected to.
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub(crate) dim_proj: usize,

    /// Repetitions.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) r_reps: usize,

    /// Seed of the random projections.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) random_seed: u64,

    /// The file to write; it appears when it is complete. `-` is standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
