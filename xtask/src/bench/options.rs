//! The verb's command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use bench_protocol::Options as Settings;
use clap::{Args, Subcommand};

use super::named::Named;
use super::retrieval::RetrievalOptions;
use super::serve_options::ServeOptions;
use crate::failure::{Failure, failed};

/// Texts that `--quick` takes.
const QUICK: usize = 64;

/// What is measured.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    pub(super) kind: Option<Kind>,
    #[command(flatten)]
    pub(super) options: Options,
}

/// What is measured other than speed.
#[derive(Debug, Subcommand)]
pub(super) enum Kind {
    /// Embeds 10,000 and 100,000 short texts, and 500 and 5,000 pictures, through the iterator; fails when peak memory
    /// grows by 5 %.
    Memory(MemoryOptions),
    /// Has 1 to 64 threads embed short texts with one model, alone and beside a caller with long batches.
    Callers(CallersOptions),
    /// Streams a million texts through the embedded model, then has 8 callers and long batches share a model, and
    /// reports how memory goes.
    Soak(SoakOptions),
    /// Asks the server over the loopback, with many clients of `wrk`, beside infinity, and peers that run already.
    Serve(ServeOptions),
    /// Indexes and searches 100,000 paragraphs by the default pipeline, in a loop of the library and by the program.
    Retrieval(RetrievalOptions),
    /// Keeps the last whole run in the documentation: its page, its chart and its JSON, and a line in the overview.
    Publish {
        /// What the run is called, such as `intel-xeon-2`.
        name: String,
    },
}

/// How sides are compared.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// JSON Lines with `text`; without it, work on texts is left out.
    #[arg(long, value_name = "FILE")]
    pub(super) corpus: Option<PathBuf>,
    /// all-MiniLM-L6-v2: model.onnx, tokenizer.json and so on; without it, dense work is left out.
    #[arg(long, value_name = "DIR")]
    pub(super) model_dir: Option<PathBuf>,
    /// The same model's int8 graph in that folder, where it is there.
    #[arg(long, value_name = "NAME", default_value = "model_quantized.onnx")]
    pub(super) int8_graph: String,
    /// Pictures; without it, some are drawn.
    #[arg(long, value_name = "DIR")]
    pub(super) images: Option<PathBuf>,
    /// Qdrant/clip-ViT-B-32-vision; without it, a smaller model is made.
    #[arg(long, value_name = "DIR")]
    pub(super) image_model_dir: Option<PathBuf>,
    /// A Python with the peers installed; without it, one is made under target/.
    #[arg(long, value_name = "PATH")]
    pub(super) python: Option<PathBuf>,
    /// Measures sentence-transformers' backend for ONNX and infinity's engine too: in this virtual environment, or in one
    /// that is made, which takes gigabytes.
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    pub(super) infinity: Option<Option<PathBuf>>,
    /// How many texts of the corpus.
    #[arg(long, value_name = "N", default_value = "512")]
    texts: NonZeroUsize,
    /// How often everything is measured; medians and the spread are told.
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZeroUsize,
    /// What a job takes at least: one that is quicker is done again, on the same texts, until it has taken so long.
    #[arg(long, value_name = "SECONDS", default_value = "3")]
    seconds: f64,
    /// To see that everything runs and agrees: 64 texts, one round, each job once.
    #[arg(long, conflicts_with_all = ["texts", "rounds", "seconds"])]
    quick: bool,
    /// Only these workloads.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Only sides whose names contain one of these, and embedkit.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(super) sides: Vec<String>,
    /// The side's program (`bench-embedkit`) of an earlier version, built by its own checkout: what a change gave.
    #[arg(long, value_name = "PROGRAM")]
    pub(super) earlier: Option<PathBuf>,
    /// One more embedkit side with these options (batch_tokens, batch_attention, batch_overhead, batch_size, threads,
    /// sessions); may be given several times.
    #[arg(long = "try", value_name = "A=N,B=N", value_parser = settings)]
    pub(super) tries: Vec<Settings>,
    /// Where the Markdown goes, beside target/bench/report.md.
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct MemoryOptions {
    /// all-MiniLM-L6-v2; without it, dense work is left out.
    #[arg(long, value_name = "DIR")]
    pub(super) model_dir: Option<PathBuf>,
    /// A Python with the peers installed; without it, one is made under target/.
    #[arg(long, value_name = "PATH")]
    pub(super) python: Option<PathBuf>,
    /// Only these of static, dense and image.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(super) only: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct CallersOptions {
    /// all-MiniLM-L6-v2.
    #[arg(long, value_name = "DIR")]
    pub(super) model_dir: PathBuf,
    /// JSON Lines with `text`, of which the long batches are made.
    #[arg(long, value_name = "FILE")]
    pub(super) corpus: PathBuf,
    /// How many texts of the corpus.
    #[arg(long, value_name = "N", default_value = "512")]
    pub(super) texts: NonZeroUsize,
}

#[derive(Debug, Args)]
pub(super) struct SoakOptions {
    #[command(flatten)]
    pub(super) callers: CallersOptions,
    /// How long it takes.
    #[arg(long, value_name = "N", default_value = "60")]
    pub(super) minutes: u32,
}

impl Options {
    /// Whether a workload is asked for.
    pub(super) fn wants(&self, workload: &str) -> bool {
        wants(&self.only, workload)
    }

    /// The programs that are named.
    pub(super) fn named(&self) -> Named {
        Named { python: self.python.clone(), earlier: self.earlier.clone(), infinity: self.infinity.clone().flatten() }
    }

    pub(super) fn texts(&self) -> usize {
        if self.quick { QUICK } else { self.texts.get() }
    }

    pub(super) fn rounds(&self) -> usize {
        if self.quick { 1 } else { self.rounds.get() }
    }

    /// What a job takes at least.
    pub(super) fn seconds(&self) -> f64 {
        if self.quick { 0.0 } else { self.seconds }
    }
}

impl MemoryOptions {
    /// Whether a task is asked for.
    pub(super) fn wants(&self, task: &str) -> bool {
        wants(&self.only, task)
    }
}

fn wants(only: &[String], name: &str) -> bool {
    only.is_empty() || only.iter().any(|wanted| wanted == name)
}

/// `batch_tokens=1024,sessions=2`
fn settings(list: &str) -> Result<Settings, Failure> {
    let mut values = serde_json::Map::new();
    for setting in list.split(',') {
        let (name, value) = setting.split_once('=').ok_or_else(|| failed(format!("{setting} has no value")))?;
        let value: NonZeroUsize =
            value.parse().map_err(|_| failed(format!("{name}: {value} is not a positive number")))?;
        values.insert(name.to_owned(), value.get().into());
    }
    let known = serde_json::from_value::<Settings>(values.clone().into());
    known
        .ok()
        .filter(|known| serde_json::to_value(known).ok() == Some(values.into()))
        .ok_or_else(|| failed(format!("{list} names an option that is not known")))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        bench: Bench,
    }

    fn parse(arguments: &[&str]) -> Result<Bench, clap::Error> {
        Line::try_parse_from(["bench"].iter().chain(arguments)).map(|line| line.bench)
    }

    #[test]
    fn options_are_read() {
        let Bench { kind, options } =
            parse(&["--quick", "--try", "batch_tokens=512,sessions=2", "--only", "mixed,short"]).unwrap();
        assert!(kind.is_none());
        assert_eq!((options.texts(), options.rounds(), options.seconds()), (QUICK, 1, 0.0));
        assert!(options.wants("short") && !options.wants("long"));
        assert_eq!((options.tries[0].batch_tokens, options.tries[0].sessions), (Some(512), Some(2)));
        let soak = parse(&["soak", "--model-dir", "m", "--corpus", "c", "--minutes", "5"]).unwrap();
        assert!(matches!(soak.kind, Some(Kind::Soak(SoakOptions { minutes: 5, .. }))));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for wrong in [
            &["--corpus"][..],
            &["--texts", "0"],
            &["--rain", "1"],
            &["--try", "rain=1"],
            &["--try", "threads"],
            &["--try", "threads=0"],
            &["--quick", "--rounds", "2"],
            &["callers"],
            &["memory", "--minutes", "3"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
