//! Arguments of `index`, `search` and `eval`.

use std::path::PathBuf;

use clap::Args;
use embedkit::retrieval::evaluation::Metric;

use super::CacheArgs;

/// `index`.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    /// Files, folders with all below them, and names with wildcards.
    #[arg(value_name = "PATH", required_unless_present_any = ["rollback", "switch", "verify", "versions"])]
    pub(crate) inputs: Vec<PathBuf>,

    /// The folder of the collection. Files that it has already are not embedded again. With --versions, --rollback and
    /// --switch, also the address of a collection that was published.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,

    /// Publishes the collection to this address when it is complete: `edge:DIR`, Qdrant's engine in this process, or
    /// `http://host:6334/name`, a Qdrant server. What is there already is not sent again.
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["rollback", "switch", "verify", "versions"])]
    pub(crate) to: Option<String>,

    /// Seconds between the frames of a video that are embedded, where a pipeline searches images and `ffmpeg` is
    /// installed.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub(crate) frame_seconds: f64,

    /// The file that says what is searched with what. Default: the collection's own, else the built-in model, BM25 and
    /// late interaction over the built-in model's table.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) pipeline: Option<PathBuf>,

    /// Versions that stay, the new one among them.
    #[arg(long, value_name = "N", value_parser = super::at_least_one, default_value_t = 2)]
    pub(crate) keep: usize,

    /// Lists the collection's versions instead.
    #[arg(long, conflicts_with_all = ["inputs", "rollback", "switch"])]
    pub(crate) versions: bool,

    /// Compares every file of all versions with its digest, instead, and lists the versions.
    #[arg(long, conflicts_with_all = ["inputs", "rollback", "switch", "versions"])]
    pub(crate) verify: bool,

    /// Goes back to the version before the one that is searched, instead.
    #[arg(long, conflicts_with_all = ["inputs", "switch"])]
    pub(crate) rollback: bool,

    /// Makes this version the one that is searched, instead.
    #[arg(long, value_name = "VERSION", conflicts_with = "inputs")]
    pub(crate) switch: Option<String>,

    /// Reports as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// `search`.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// The folder of the collection, or the address that it was published to: `edge:DIR`, `http://host:6334/name`.
    #[arg(value_name = "DIR")]
    pub(crate) collection: PathBuf,

    /// What is searched for.
    pub(crate) query: String,

    /// How many chunks are shown.
    #[arg(short = 'k', long, value_name = "N", value_parser = super::at_least_one, default_value_t = 10)]
    pub(crate) top_k: usize,

    /// Finds only chunks with this value of a field: `path=docs/a.md`, `tags=draft`. May be repeated: values of one field are
    /// alternatives, and all fields must match.
    #[arg(long = "filter", value_name = "KEY=VALUE")]
    pub(crate) filters: Vec<String>,

    /// Writes an image of each hit into this folder, with what the query matched as a heat map over it: of pages,
    /// images and frames that were indexed by a model of pages.
    #[arg(long, value_name = "DIR")]
    pub(crate) heat_map: Option<PathBuf>,

    /// Searches this version, not the current one.
    #[arg(long, value_name = "VERSION")]
    pub(crate) collection_version: Option<String>,

    /// Shows the way each score came about.
    #[arg(long)]
    pub(crate) explain: bool,

    /// Writes an object a line.
    #[arg(long)]
    pub(crate) json: bool,

    /// Writes a page of HTML here, instead of a list.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub(crate) html: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}

/// `eval`.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Pipelines: files, `default`, or models' ids, each alone; also runs in TREC's format, files that end in `.run`. The
    /// first is what the others are compared with. With --make, the files that a set is made of.
    #[arg(value_name = "PIPELINE", required_unless_present = "history")]
    pub(crate) pipelines: Vec<PathBuf>,

    /// A folder in BEIR's layout (corpus.jsonl, queries.jsonl, qrels/test.tsv), or a table with the columns `query` and
    /// `relevant`, ids of documents between `;`.
    #[arg(long, value_name = "PATH", required_unless_present_any = ["history", "make"])]
    pub(crate) data: Option<PathBuf>,

    /// The documents of a table; may be repeated.
    #[arg(long, value_name = "PATH")]
    pub(crate) documents: Vec<PathBuf>,

    /// Whose judgements of the folder count.
    #[arg(long, value_name = "NAME", default_value = "test")]
    pub(crate) split: String,

    /// What is measured: ndcg, recall, mrr, map or hit, with @ and a rank; may be repeated. The first decides whether a
    /// pipeline is worse. Default: ndcg@10, recall@100, mrr@10, map@100, hit@10.
    #[arg(short, long = "metric", value_name = "METRIC")]
    pub(crate) metrics: Vec<Metric>,

    /// Shows the N queries on which two pipelines differ most, with both rankings.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) differences: usize,

    /// Writes each pipeline's run into this folder, in TREC's format.
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,

    /// Adds the figures to this file, a line each.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Shows the evaluations of such a file, instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pipelines", "make"])]
    pub(crate) history: Option<PathBuf>,

    /// Measures what is lost and saved by variants of the pipeline: narrower and smaller vectors, pooling, MUVERA, each
    /// stage alone, and weights of the fusion, which are chosen on one half of the queries and reported on the other.
    #[arg(long)]
    pub(crate) sweep: bool,

    /// Writes the sweep's table and images to this page.
    #[arg(long, value_name = "FILE", requires = "sweep")]
    pub(crate) html: Option<PathBuf>,

    /// Makes a set of one's own documents in this folder, which is empty or not there, instead: of queries whose answer is
    /// known.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["data", "sweep"])]
    pub(crate) make: Option<PathBuf>,

    /// Queries of the set that is made, at most.
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub(crate) queries: usize,

    /// Reports as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) cache: CacheArgs,
}
