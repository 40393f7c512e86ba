//! What can be said on the command line.

#[cfg(feature = "retrieval")]
mod chunks;
mod files;
mod given;
mod input;
#[cfg(feature = "onnx")]
mod interaction;
mod model;
mod models;
mod output;
#[cfg(feature = "pdf")]
mod pdf;
#[cfg(feature = "retrieval")]
mod retrieval;
#[cfg(feature = "onnx")]
mod runtime;
#[cfg(feature = "serve")]
mod serve;
mod shard;
mod sparse;
#[cfg(feature = "onnx")]
mod tune;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

#[cfg(feature = "retrieval")]
pub(crate) use chunks::ChunkArgs;
pub(crate) use files::refuse_output_as_input;
pub(crate) use given::{given, given_as, is_given, name as name_of, note as note_given, verb};
pub(crate) use input::{InputArgs, PurposeArgs};
#[cfg(feature = "onnx")]
pub(crate) use interaction::{ExplainArgs, HeatArgs, MuveraArgs, RerankArgs, ScoreArgs, ScoredArgs};
pub(crate) use model::{CacheArgs, FolderArgs, ModelArgs, PoolingArg};
#[cfg(feature = "onnx")]
pub(crate) use model::{GraphArgs, ImageArgs, QuantizeArg};
#[cfg(feature = "hub")]
pub(crate) use models::CachedArgs;
#[cfg(feature = "onnx")]
pub(crate) use models::QuantizeArgs;
pub(crate) use models::{ListArgs, ModelsCommand};
pub(crate) use output::{OnLong, OutputArgs, UsageArgs, only_json_lines};
#[cfg(feature = "pdf")]
pub(crate) use pdf::{PdfArgs, RENDER_PDF};
#[cfg(feature = "retrieval")]
pub(crate) use retrieval::{EvalArgs, IndexArgs, SearchArgs};
#[cfg(feature = "runtime-install")]
pub(crate) use runtime::InstallArgs;
#[cfg(feature = "onnx")]
pub(crate) use runtime::RuntimeCommand;
#[cfg(feature = "serve")]
pub(crate) use serve::ServeArgs;
pub(crate) use shard::Shard;
pub(crate) use sparse::SparseArgs;
#[cfg(feature = "onnx")]
pub(crate) use tune::TuneArgs;

use crate::color::Color;

/// Dense, sparse and multi-vector embeddings for text and images.
///
/// Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 failed,
/// 2 asked for wrongly, 130 interrupted. EMBEDKIT_LOG=debug shows what goes on.
#[derive(Debug, Parser)]
#[command(name = "embedkit", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Adds the models of a TOML file of `[[model]]` rows; may be repeated.
    #[arg(long, value_name = "FILE", global = true, hide_short_help = true)]
    pub(crate) manifest: Vec<PathBuf>,

    /// Whether what people read has colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, global = true, hide_short_help = true)]
    pub(crate) color: Color,

    /// Shows more of what goes on; twice shows all.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,

    /// Shows errors only, and no progress.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

impl Cli {
    /// The log lines that are shown. What ONNX Runtime says of a failure stands in the error too, and what Qdrant's engine says
    /// of its own settings is nothing that anybody could change.
    pub(crate) fn log_filter(&self) -> &'static str {
        match self.verbose {
            _ if self.quiet => "error,onnxruntime=off",
            // A server says what it serves, and a line a request.
            0 if self.serves() => "warn,embedkit_serve=info,onnxruntime=off",
            0 => "warn,onnxruntime=off,qdrant_edge::common::flags=off,qdrant_edge::common::mmap=off",
            1 => "info",
            _ => "debug",
        }
    }

    #[cfg(feature = "serve")]
    fn serves(&self) -> bool {
        matches!(self.command, Command::Serve(_))
    }

    #[cfg(not(feature = "serve"))]
    fn serves(&self) -> bool {
        false
    }

    /// Whether the log is JSON, an object a line.
    #[cfg(feature = "serve")]
    pub(crate) fn logs_json(&self) -> bool {
        matches!(&self.command, Command::Serve(args) if args.logs_json())
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Turns texts or images into embeddings.
    Embed(Box<EmbedArgs>),
    /// Counts the tokens of texts, as the model sees them.
    Tokens(TokensArgs),
    /// Shows how similar texts are to each other: the cosine of each pair.
    Similarity(SimilarityArgs),
    /// Scores documents by their relevance to a query, with a reranker.
    #[cfg(feature = "onnx")]
    Rerank(RerankArgs),
    /// Scores documents by late interaction (MaxSim) with a query.
    #[cfg(feature = "onnx")]
    Score(ScoreArgs),
    /// Shows which words of a document a query's words matched, by late interaction.
    #[cfg(feature = "onnx")]
    Explain(ExplainArgs),
    /// Turns multi-vectors into single vectors whose dot product approximates their MaxSim.
    #[cfg(feature = "onnx")]
    Muvera(MuveraArgs),
    /// Makes files searchable: reads, cuts and embeds them into a collection, a folder of plain files.
    #[cfg(feature = "retrieval")]
    Index(IndexArgs),
    /// Searches a collection, and shows which words matched.
    #[cfg(feature = "retrieval")]
    Search(SearchArgs),
    /// Measures how well pipelines and models search, and which of them is better.
    ///
    /// Exit code 1 when a pipeline is worse than the first by more than chance.
    #[cfg(feature = "retrieval")]
    Eval(Box<EvalArgs>),
    /// Measures how a model runs best on this machine, for --tuning.
    ///
    /// Takes minutes; nothing else should run meanwhile. Give inputs of the lengths that will be embedded.
    #[cfg(feature = "onnx")]
    Tune(Box<TuneArgs>),
    /// Lists, shows and fetches models.
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Installs ONNX Runtime, or shows which one is used.
    #[cfg(feature = "onnx")]
    #[command(subcommand)]
    Runtime(RuntimeCommand),
    /// Shows what this program finds: runtime, providers, cache, models.
    Doctor {
        #[command(flatten)]
        cache: CacheArgs,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Serves models over HTTP, for the clients of OpenAI, text-embeddings-inference, Cohere and Jina.
    #[cfg(feature = "serve")]
    Serve(Box<ServeArgs>),
    /// Writes a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Renders pages of a PDF file for another process of this program.
    #[cfg(feature = "pdf")]
    #[command(name = RENDER_PDF, hide = true)]
    RenderPdf,
}

/// `embed`.
#[derive(Clone, Debug, Args)]
pub(crate) struct EmbedArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) purpose: PurposeArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) usage: UsageArgs,
    #[command(flatten)]
    pub(crate) sparse: SparseArgs,

    #[cfg(feature = "retrieval")]
    #[command(flatten)]
    pub(crate) chunks: ChunkArgs,

    #[cfg(feature = "pdf")]
    #[command(flatten)]
    pub(crate) pdf: PdfArgs,

    /// Embeds one share of the inputs, for jobs on many machines: I counts from 0. Of a folder, every N-th file, into the
    /// folder --output; of a file, every N-th input. A share that is there already, of this model, is passed over.
    #[cfg(feature = "parquet")]
    #[arg(
        long,
        value_name = "I/N",
        value_parser = clap::value_parser!(Shard),
        requires_all = ["input", "output"],
        conflicts_with_all = ["resume", "explain"],
        help_heading = "Output"
    )]
    pub(crate) shard: Option<Shard>,

    /// Pools a document's vectors to about one in N (late-interaction models).
    #[arg(long, value_name = "N", help_heading = "Late-interaction models")]
    pub(crate) pool_factor: Option<usize>,

    /// How they are pooled.
    #[arg(long, value_enum, default_value_t, requires = "pool_factor", help_heading = "Late-interaction models")]
    pub(crate) pool_method: PoolMethod,
}

/// How vectors of a document become fewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PoolMethod {
    /// Embedkit's: all vectors take part, and means have the rows' own lengths.
    #[default]
    Own,
    /// PyLate's: the first vector stays, and means are plain.
    Pylate,
}

impl EmbedArgs {
    /// Whether texts are cut into chunks.
    pub(crate) fn has_chunks(&self) -> bool {
        #[cfg(feature = "retrieval")]
        return self.chunks.chunk;
        #[cfg(not(feature = "retrieval"))]
        false
    }

    /// Whether chunks' vectors are made of tokens that saw the chunks around them.
    pub(crate) fn chunks_late(&self) -> bool {
        #[cfg(feature = "retrieval")]
        return self.chunks.late_chunking;
        #[cfg(not(feature = "retrieval"))]
        false
    }

    /// Whether inputs are pages of a file.
    pub(crate) fn has_pages(&self) -> bool {
        #[cfg(feature = "pdf")]
        return !self.pdf.pdf.is_empty();
        #[cfg(not(feature = "pdf"))]
        false
    }
}

/// `tokens`.
#[derive(Debug, Args)]
pub(crate) struct TokensArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) purpose: PurposeArgs,

    /// The query that texts are counted with, for rerankers.
    #[arg(long, value_name = "TEXT")]
    pub(crate) query_text: Option<String>,

    /// As JSON, an object a line: what is written anyway.
    #[arg(long, hide = true)]
    json: bool,

    /// Counts what late-interaction models add to a text: its marker, and a query's mask tokens.
    #[arg(long)]
    pub(crate) include_extension: bool,

    /// The file to write; it appears when it is complete. `-` is standard output.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
}

/// `similarity`.
#[derive(Debug, Args)]
pub(crate) struct SimilarityArgs {
    /// The texts; at least two.
    #[arg(required = true, num_args = 2.., value_name = "TEXT")]
    pub(crate) texts: Vec<String>,
    /// As JSON: the texts, and the matrix.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) purpose: PurposeArgs,
}

/// A number that others can be compared with.
fn finite(argument: &str) -> Result<f32, String> {
    match argument.parse::<f32>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err("it is no finite number".to_owned()),
        Err(error) => Err(format!("{error}")),
    }
}

/// A number of at least one.
fn at_least_one(argument: &str) -> Result<usize, String> {
    match argument.parse() {
        Ok(0) => Err("it is at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn a_weight_is_a_finite_number() {
        assert_eq!(super::finite("-0.5"), Ok(-0.5));
        for wrong in ["nan", "inf", "-inf", "1e39", "1e309", "", "x"] {
            assert!(super::finite(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
