//! What can be said on the command line.

mod input;
mod interaction;
mod model;
#[cfg(feature = "pdf")]
mod pdf;
#[cfg(feature = "retrieval")]
mod retrieval;
#[cfg(feature = "serve")]
mod serve;
mod sparse;
mod tune;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use input::{InputArgs, PurposeArgs};
pub(crate) use interaction::{ExplainArgs, MuveraArgs, RerankArgs, ScoreArgs, ScoredArgs};
pub(crate) use model::{CacheArgs, FolderArgs, ModelArgs, PoolingArg};
#[cfg(feature = "pdf")]
pub(crate) use pdf::{PdfArgs, RENDER_PDF};
#[cfg(feature = "retrieval")]
pub(crate) use retrieval::{EvalArgs, IndexArgs, SearchArgs};
#[cfg(feature = "serve")]
pub(crate) use serve::ServeArgs;
pub(crate) use sparse::SparseArgs;
pub(crate) use tune::TuneArgs;

use crate::formats::{Encoding, Format};

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
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) manifest: Vec<PathBuf>,

    /// Shows more of what goes on; twice shows all.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,

    /// Shows errors only, and no progress.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

impl Cli {
    /// The log lines that are shown. What ONNX Runtime says of a failure stands in the error too.
    pub(crate) fn log_filter(&self) -> &'static str {
        match self.verbose {
            _ if self.quiet => "error,onnxruntime=off",
            // A server says what it serves, and a line a request.
            0 if self.serves() => "warn,embedkit_serve=info,onnxruntime=off",
            0 => "warn,onnxruntime=off",
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
    Rerank(RerankArgs),
    /// Scores documents by late interaction (MaxSim) with a query.
    Score(ScoreArgs),
    /// Shows which words of a document a query's words matched, by late interaction.
    Explain(ExplainArgs),
    /// Turns multi-vectors into single vectors whose dot product approximates their MaxSim.
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
    Tune(Box<TuneArgs>),
    /// Lists, shows and fetches models.
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Installs ONNX Runtime, or shows which one is used.
    #[command(subcommand)]
    Runtime(RuntimeCommand),
    /// Shows what this program finds: runtime, providers, cache, models.
    Doctor(CacheArgs),
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
#[derive(Debug, Args)]
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
    pub(crate) sparse: SparseArgs,

    #[cfg(feature = "pdf")]
    #[command(flatten)]
    pub(crate) pdf: PdfArgs,

    /// Pools a document's vectors to about one in N (late-interaction models).
    #[arg(long, value_name = "N", help_heading = "Late-interaction models")]
    pub(crate) pool_factor: Option<usize>,
}

/// Where results go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// The file to write; it appears when it is complete. `-` is standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The format of the results.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    /// How the values of vectors are stored.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) encoding: Encoding,

    /// About a thousand vectors, as `embed` writes them, that tell the range of each dimension for
    /// int8; without it the range is -1 to 1, which is that of normalised vectors.
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
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
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) purpose: PurposeArgs,
}

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
}

/// `models list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Of this family only.
    #[arg(long)]
    pub(crate) family: Option<String>,
    /// Of this language (a BCP 47 tag) or multilingual only.
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

/// `models pull`, `verify` and `repair`.
#[derive(Debug, Args)]
pub(crate) struct CachedArgs {
    /// The models' ids or aliases.
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// As JSON: an object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `runtime …`.
#[derive(Debug, Subcommand)]
pub(crate) enum RuntimeCommand {
    /// Installs an ONNX Runtime for this user: with pip, unless --release or --file says otherwise.
    Install {
        #[command(flatten)]
        source: InstallArgs,
        /// The folder of installed runtimes; default: $EMBEDKIT_RUNTIME_DIR, else one in the user's cache folder.
        #[arg(long, value_name = "DIR")]
        runtime_dir: Option<PathBuf>,
    },
    /// Shows where ONNX Runtime is looked for, and which one is used. Runs none that comes after it.
    Status {
        /// The folder of installed runtimes; default: $EMBEDKIT_RUNTIME_DIR, else one in the user's cache folder.
        #[arg(long, value_name = "DIR")]
        runtime_dir: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where an ONNX Runtime to install comes from.
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// The version, as 1.31.1; default: the newest that pip finds.
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// The Python program that has pip.
    #[arg(long, value_name = "PROGRAM", conflicts_with = "file")]
    pub(crate) python: Option<std::ffi::OsString>,
    /// Takes the project's release archive of this version instead.
    #[cfg(feature = "hub")]
    #[arg(long, requires = "version", conflicts_with_all = ["file", "python"])]
    pub(crate) release: bool,
    /// The release archive's SHA-256.
    #[cfg(feature = "hub")]
    #[arg(long, value_name = "HEX", requires = "release")]
    pub(crate) sha256: Option<String>,
    /// Takes this file instead: the library, a release archive or a wheel.
    #[arg(long, value_name = "FILE", conflicts_with = "version")]
    pub(crate) file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
