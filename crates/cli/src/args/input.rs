//! What is embedded, and as what.

use std::path::PathBuf;

use clap::Args;
use embedkit::{Purpose, Role};

use crate::formats::InputFormat;

/// The inputs.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArgs {
    /// The inputs; without any, they are read from --input.
    #[arg(value_name = "TEXT", conflicts_with_all = ["input", "input_format", "field", "input_encoding", "keep_fields"])]
    pub(crate) texts: Vec<String>,

    /// The file of inputs; `-`, the default, is standard input. Lines of text, JSON Lines, a JSON document, CSV, TSV or
    /// Parquet, as its name and beginning tell.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,

    /// The field or column that holds the input; default: `text`, or `image` for models of images.
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,

    /// How inputs are read. A blank line is no input, unless this is `lines`.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) input_format: InputFormat,

    /// The encoding of the file, as `windows-1252` or `utf-16le`; default: UTF-8, or what its first bytes tell.
    #[arg(long, value_name = "NAME")]
    pub(crate) input_encoding: Option<String>,

    /// Skips and counts inputs that cannot be read, are without the field or cannot be embedded, instead of stopping
    /// at the first one.
    #[arg(long)]
    pub(crate) skip_invalid: bool,

    /// Carries the other fields of each object or row over to its result. One of the result's own names is written
    /// as `input_NAME`.
    #[arg(long)]
    pub(crate) keep_fields: bool,

    /// Carries the input itself over to its result.
    #[arg(long, alias = "with-text")]
    pub(crate) keep_text: bool,
}

#[cfg(feature = "onnx")]
impl InputArgs {
    /// The inputs of a file, read as its name and beginning tell.
    pub(crate) fn of_file(path: PathBuf) -> Self {
        Self {
            texts: Vec::new(),
            input: Some(path),
            field: None,
            input_format: InputFormat::default(),
            input_encoding: None,
            skip_invalid: false,
            keep_fields: false,
            keep_text: false,
        }
    }
}

/// What the embeddings are for.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Purpose")]
pub(crate) struct PurposeArgs {
    /// As queries: with the model's query prompt or task.
    #[arg(id = "as_query", long = "query", conflicts_with = "as_passage")]
    query: bool,

    /// As passages: with the model's passage prompt or task.
    #[arg(id = "as_passage", long = "passage")]
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
