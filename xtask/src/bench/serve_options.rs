//! How the server is measured.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How the server is measured.
#[derive(Clone, Debug, Args)]
pub(super) struct ServeOptions {
    /// JSON Lines with `text`.
    #[arg(long, value_name = "FILE")]
    pub(super) corpus: PathBuf,
    /// all-MiniLM-L6-v2: model.onnx, tokenizer.json and so on; without it, the compiled-in model is measured alone.
    #[arg(long, value_name = "DIR")]
    pub(super) model_dir: Option<PathBuf>,
    /// Starts infinity with the same model as a peer: in this virtual environment, or in one that is made, which takes
    /// gigabytes.
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    pub(super) infinity: Option<Option<PathBuf>>,
    /// A peer that runs already, as NAME=URL of its embeddings, of the same model; its process after a comma tells its
    /// memory.
    #[arg(long = "peer", value_name = "NAME=URL[,PID]")]
    pub(super) peers: Vec<String>,
    /// Only these parts.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    only: Vec<Part>,
    /// How many clients ask at the same time.
    #[arg(long, value_name = "A,B", value_delimiter = ',', default_values_t = [1, 8, 64])]
    pub(super) clients: Vec<usize>,
    /// Seconds of each measurement.
    #[arg(long, value_name = "S", default_value = "10")]
    pub(super) seconds: u32,
    /// How often load is measured, by turns; medians are told.
    #[arg(long, value_name = "N", default_value = "3")]
    pub(super) rounds: usize,
    /// The program; default: a release is built.
    #[arg(long, value_name = "FILE")]
    pub(super) program: Option<PathBuf>,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Short texts, one a request, for MiniLM.
    Short,
    /// Mixed texts, 32 a request, for MiniLM.
    Mixed,
    /// Short texts beside a long job, for MiniLM.
    Beside,
    /// Large answers.
    Answers,
    /// Short texts and mixed ones for the compiled-in model.
    Static,
}

impl ServeOptions {
    /// Whether a part is asked for.
    pub(super) fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}
