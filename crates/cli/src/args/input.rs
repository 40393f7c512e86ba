//! What is embedded, and as what.

use std::path::PathBuf;

use clap::Args;
use embedkit::{Purpose, Role};

use crate::formats::LineFormat;

/// The inputs.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// The inputs; without any, they are read from --input.
    #[arg(value_name = "TEXT", conflicts_with_all = ["input", "input_format", "keep_fields"])]
    pub(crate) texts: Vec<String>,

    /// The file of inputs; `-`, the default, is standard input. Each line is a JSON string, an object
    /// with the field `text`, or a plain text.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// How lines are read.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) input_format: LineFormat,

    /// Skips and counts lines that are not JSON, not UTF-8 or without the field, instead of stopping
    /// at the first one.
    #[arg(long)]
    pub(crate) skip_invalid: bool,

    /// Carries the other fields of each object over to its result.
    #[arg(long)]
    pub(crate) keep_fields: bool,
}

/// What the embeddings are for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Purpose")]
pub(crate) struct PurposeArgs {
    /// As queries: with the model's query prompt or task.
    #[arg(long, conflicts_with = "passage")]
    query: bool,

    /// As passages: with the model's passage prompt or task.
    #[arg(long)]
    passage: bool,

    /// Without the model's prompts.
    #[arg(long)]
    no_prompts: bool,

    /// For this task of the model's.
    #[arg(long)]
    task: Option<String>,
}

impl PurposeArgs {
    pub(crate) fn purpose(&self) -> Purpose {
        let role = match (self.query, self.passage) {
            (true, _) => Role::Query,
            (_, true) => Role::Passage,
            _ => Role::Plain,
        };
        let mut purpose = Purpose::new(role);
        purpose.task.clone_from(&self.task);
        purpose.without_prompt = self.no_prompts;
        purpose
    }
}
