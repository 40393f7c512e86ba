//! Which options have a use with which families: one table, looked at whenever a model is loaded, whatever the verb.
//!
//! What depends on an architecture (`--dim`, `--alpha`, …) is refused by the library, which asks the registry who takes
//! it. Here stand the options that are the program's own.

use embedkit::plugin::Family;
use embedkit::{ContentKind, EmbeddingKind, Registry};

use crate::args::is_given;
use crate::failure::{Failure, Result};

/// An option, and what a family must be like for it to have a use.
struct Rule {
    /// Its id among the arguments.
    id: &'static str,
    /// As it is typed.
    option: &'static str,
    needs: Needs,
}

/// What a family must be like.
enum Needs {
    /// Its models give one of these.
    Output(&'static [EmbeddingKind]),
    /// Its models take all of these.
    Input(&'static [ContentKind]),
}

const fn gives(id: &'static str, option: &'static str, kinds: &'static [EmbeddingKind]) -> Rule {
    Rule { id, option, needs: Needs::Output(kinds) }
}

const fn takes(id: &'static str, option: &'static str, kinds: &'static [ContentKind]) -> Rule {
    Rule { id, option, needs: Needs::Input(kinds) }
}

const VECTORS: &[EmbeddingKind] = &[EmbeddingKind::Dense, EmbeddingKind::Multi, EmbeddingKind::Several];
const MULTI: &[EmbeddingKind] = &[EmbeddingKind::Multi];
const SPARSE: &[EmbeddingKind] = &[EmbeddingKind::Sparse];
const TEXT: &[ContentKind] = &[ContentKind::Text];
const PAGES: &[ContentKind] = &[ContentKind::Text, ContentKind::Image];
const PAIRS: &[ContentKind] = &[ContentKind::Pair];

/// The options that not every family has a use for.
const RULES: &[Rule] = &[
    gives("pool_factor", "--pool-factor", MULTI),
    gives("include_extension", "--include-extension", MULTI),
    gives("sparse_top_k", "--top-k", SPARSE),
    gives("min_weight", "--min-weight", SPARSE),
    gives("explain", "--explain", SPARSE),
    gives("encoding", "--encoding", VECTORS),
    gives("calibration", "--calibration", VECTORS),
    takes("as_query", "--query", TEXT),
    takes("as_passage", "--passage", TEXT),
    takes("no_prompts", "--no-prompts", TEXT),
    takes("task", "--task", TEXT),
    takes("on_long", "--on-long", TEXT),
    takes("chunk", "--chunk", TEXT),
    takes("pdf", "--pdf", PAGES),
    takes("query_text", "--query-text", PAIRS),
];

/// Options that say something of others, without any of which they have no use. (The parser lets them pass where that other
/// one could not stand beside what else was typed.)
const COMPANIONS: &[(&str, &str, &[&str], &str)] = &[
    ("pages", "--pages", &["pdf"], "--pdf"),
    ("dpi", "--dpi", &["pdf"], "--pdf"),
    ("page_time", "--page-time", &["pdf"], "--pdf"),
    ("page_memory", "--page-memory", &["pdf"], "--pdf"),
    ("chunk_tokens", "--chunk-tokens", &["chunk"], "--chunk"),
    ("chunk_overlap", "--chunk-overlap", &["chunk"], "--chunk"),
    ("png", "--png", &["image", "pdf"], "pages: --image or --pdf"),
    ("opacity", "--opacity", &["image", "pdf"], "pages: --image or --pdf"),
    ("boxes", "--boxes", &["image", "pdf"], "pages: --image or --pdf"),
    ("percentiles", "--percentiles", &["image", "pdf"], "pages: --image or --pdf"),
];

/// What has no use beside pages: they are the inputs, and have no fields.
const NOT_WITH_PAGES: &[(&str, &str)] = &[
    ("texts", "TEXT"),
    ("document", "DOC"),
    ("input", "--input"),
    ("image", "--image"),
    ("as_query", "--query"),
    ("field", "--field"),
    ("input_format", "--input-format"),
    ("input_encoding", "--input-encoding"),
    ("keep_fields", "--keep-fields"),
    ("keep_text", "--keep-text"),
    ("chunk", "--chunk"),
    ("all", "--all"),
];

/// Refuses options that were typed without the one that they belong to, or beside one that leaves them no use.
pub(crate) fn check_companions() -> Result<()> {
    let is_alone = |others: &[&str]| !others.iter().any(|other| is_given(other));
    if let Some((_, option, _, for_what)) =
        COMPANIONS.iter().find(|(id, _, companions, _)| is_given(id) && is_alone(companions))
    {
        return Err(Failure::Usage(format!("{option} is for {for_what}, which is not among the arguments")));
    }
    match NOT_WITH_PAGES.iter().find(|(id, _)| is_given("pdf") && is_given(id)) {
        Some((_, option)) => {
            Err(Failure::Usage(format!("{option} cannot be used with --pdf, whose pages are the inputs")))
        }
        None => Ok(()),
    }
}

/// Refuses options that were typed and that models of this family have no use for.
pub(crate) fn check(family: &dyn Family) -> Result<()> {
    let is_unused = |rule: &&Rule| is_given(rule.id) && !rule.needs.are_met_by(family);
    let Some(rule) = RULES.iter().find(is_unused) else { return Ok(()) };
    let families = Registry::global().families();
    let takers: Vec<&str> =
        families.into_iter().filter(|other| rule.needs.are_met_by(*other)).map(|other| other.name()).collect();
    Err(Failure::Usage(format!(
        "{} is for {}, and this model is of the family {}; the families that take it: {}",
        rule.option,
        rule.needs.words(),
        family.name(),
        if takers.is_empty() { "none here".to_owned() } else { takers.join(", ") }
    )))
}

impl Needs {
    fn are_met_by(&self, family: &dyn Family) -> bool {
        match self {
            Self::Output(kinds) => kinds.contains(&family.output()),
            // A pair is two texts.
            Self::Input(kinds) => kinds.iter().all(|kind| {
                family.inputs().contains(kind)
                    || (*kind == ContentKind::Text && family.inputs().contains(&ContentKind::Pair))
            }),
        }
    }

    fn words(&self) -> String {
        let (verb, names): (&str, Vec<&str>) = match self {
            Self::Output(kinds) => ("give", kinds.iter().map(|kind| output(*kind)).collect()),
            Self::Input(kinds) => ("take", kinds.iter().map(|kind| input(*kind)).collect()),
        };
        let word = if matches!(self, Self::Output(_)) { " or " } else { " and " };
        format!("models that {verb} {}", names.join(word))
    }
}

fn output(kind: EmbeddingKind) -> &'static str {
    match kind {
        EmbeddingKind::Dense => "dense vectors",
        EmbeddingKind::Sparse => "sparse vectors",
        EmbeddingKind::Multi => "multi-vectors",
        EmbeddingKind::Score => "scores",
        EmbeddingKind::Several => "several kinds at once",
        _ => "results of their own",
    }
}

fn input(kind: ContentKind) -> &'static str {
    match kind {
        ContentKind::Text => "texts",
        ContentKind::Image => "images",
        ContentKind::Pair => "pairs of texts",
        _ => "inputs of their own",
    }
}
