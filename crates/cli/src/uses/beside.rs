//! Options that have no use at a verb, without another option or beside one.

use crate::args::{given_as, is_given, verb};
use crate::failure::{Failure, Result};

/// Options that have no use.
struct Idle {
    /// The verb; none: any.
    verb: Option<&'static str>,
    /// Beside any of these.
    beside: Beside,
    options: &'static [&'static str],
    /// What goes after their name.
    why: &'static str,
}

/// What leaves options without a use.
enum Beside {
    /// The verb itself.
    Always,
    /// One of these that was typed.
    Any(&'static [&'static str]),
    /// That none of these was typed. (The parser lets options pass that need another one, where that could not stand beside
    /// what else was typed.)
    None(&'static [&'static str]),
}

const fn at(verb: &'static str, options: &'static [&'static str], why: &'static str) -> Idle {
    Idle { verb: Some(verb), beside: Beside::Always, options, why }
}

const fn with(
    verb: Option<&'static str>,
    others: &'static [&'static str],
    options: &'static [&'static str],
    why: &'static str,
) -> Idle {
    Idle { verb, beside: Beside::Any(others), options, why }
}

const fn without(others: &'static [&'static str], options: &'static [&'static str], why: &'static str) -> Idle {
    Idle { verb: None, beside: Beside::None(others), options, why }
}

/// How a model runs, and what its vectors are.
const OF_RUNS: &[&str] = &[
    "dim",
    "batch_size",
    "batch_invariant",
    "threads",
    "tuning",
    "sessions",
    "quantize",
    "providers",
    "require_provider",
    "devices",
    "tf32",
    "normalize",
    "output_name",
    "max_pixels",
    "decode_memory",
];
const OF_FIELDS: &[&str] = &["field", "input_format", "input_encoding", "keep_fields", "keep_text"];
const OF_PDF: &[&str] = &["pages", "dpi", "page_time", "page_memory"];
const OF_CHUNKS: &[&str] = &["chunk_tokens", "chunk_overlap", "late_chunking"];
const OF_HEAT: &[&str] = &["png", "opacity", "boxes", "percentiles"];
/// What is said of an evaluation.
const OF_EVALUATIONS: &[&str] = &["data", "documents", "split", "metrics", "differences", "runs", "record", "html"];

const TABLE: &[Idle] = &[
    at("tokens", OF_RUNS, "is for verbs that run the model, as embed; tokens counts, and runs none"),
    at("tune", &["keep_fields", "keep_text"], "is for verbs that give results; tune gives settings"),
    without(&["pdf"], OF_PDF, "is for --pdf, which is not among the arguments"),
    without(&["chunk"], OF_CHUNKS, "is for --chunk, which is not among the arguments"),
    without(&["resume"], &["part_time"], "is for --resume, which is not among the arguments"),
    without(&["image", "pdf"], OF_HEAT, "is for pages: --image or --pdf, neither of which is among the arguments"),
    without(&["make"], &["queries"], "is for --make, which is not among the arguments"),
    without(
        &["release", "file"],
        &["sha256"],
        "is for --release or --file, neither of which is among the arguments: pip checks what it downloads itself",
    ),
    with(
        None,
        &["pdf"],
        &["texts", "document", "input", "image", "as_query", "chunk", "late_chunking", "all"],
        "cannot be used with --pdf, whose pages are the inputs",
    ),
    with(None, &["pdf"], OF_FIELDS, "cannot be used with --pdf, whose pages are the inputs and have no fields"),
    with(
        Some("embed"),
        &["late_chunking"],
        &["pool_factor", "pool_method"],
        "is for the vectors of multi-vectors, and --late-chunking makes one of them",
    ),
    with(Some("explain"), &["image"], &["document", "all"], "is for texts, and --image names pages"),
    with(
        Some("index"),
        &["versions", "verify", "rollback", "switch"],
        &["pipeline", "keep", "frame_seconds", "cache_dir"],
        "is for indexing; --versions, --verify, --rollback and --switch index nothing",
    ),
    with(Some("eval"), &["history"], OF_EVALUATIONS, "is for evaluating; --history shows what was recorded"),
    with(
        Some("eval"),
        &["history"],
        &["queries", "cache_dir", "sweep"],
        "is for evaluating; --history shows what was recorded",
    ),
    with(Some("eval"), &["make"], OF_EVALUATIONS, "is for evaluating; --make makes a set, and evaluates nothing"),
    with(Some("eval"), &["make"], &["cache_dir"], "is for models, and --make needs none"),
    with(
        Some("eval"),
        &["sweep"],
        &["differences", "runs", "record"],
        "is for pipelines that are compared; --sweep measures variants of one",
    ),
    with(Some("eval"), &["json"], &["differences"], "is for people to read; leave out --json"),
];

/// Refuses what was typed and has no use at the verb or beside the other options.
pub(crate) fn check() -> Result<()> {
    let verb = verb();
    let applies = |idle: &&Idle| idle.verb.is_none_or(|of| of == verb) && idle.beside.is_so();
    let mut idle = TABLE.iter().filter(applies);
    let found = idle.find_map(|idle| Some((idle.options.iter().find_map(|id| given_as(id))?, idle.why)));
    match found {
        Some((option, why)) => Err(Failure::Usage(format!("{option} {why}"))),
        None => Ok(()),
    }
}

/// Whether an option has never a use at a verb.
pub(crate) fn idle_at(verb: &str, id: &str) -> bool {
    let of_verb = |idle: &&Idle| idle.verb == Some(verb) && matches!(idle.beside, Beside::Always);
    TABLE.iter().filter(of_verb).any(|idle| idle.options.contains(&id))
}

impl Beside {
    fn is_so(&self) -> bool {
        match self {
            Self::Always => true,
            Self::Any(others) => others.iter().any(|other| is_given(other)),
            Self::None(others) => !others.iter().any(|other| is_given(other)),
        }
    }
}

#[cfg(all(test, feature = "full"))]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::*;
    use crate::args::Cli;

    /// An id that is misspelled would refuse nothing.
    #[test]
    fn every_id_is_an_options() {
        let command = Cli::command();
        let has = |verb: &Command, id: &str| verb.get_arguments().any(|argument| argument.get_id() == id);
        for idle in TABLE {
            let is_of = |verb: &&Command| idle.verb.is_none_or(|of| of == verb.get_name());
            // Some stand below another.
            let verbs = command.get_subcommands().flat_map(|verb| std::iter::once(verb).chain(verb.get_subcommands()));
            let verbs: Vec<&Command> = verbs.filter(is_of).collect();
            let others = match idle.beside {
                Beside::Always => &[],
                Beside::Any(others) | Beside::None(others) => others,
            };
            for id in idle.options.iter().chain(others) {
                assert!(verbs.iter().any(|verb| has(verb, id)), "{id} at {:?}", idle.verb);
            }
        }
    }
}
