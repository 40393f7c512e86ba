//! Which options have a use with which families: a table that is looked at whenever a model is loaded, whatever the verb.
//!
//! What depends on an architecture (`--dim`, `--alpha`, …) is refused by the library, which asks the registry who takes
//! it. Here stand the options that are the program's own.

use embedkit::plugin::Family;
use embedkit::{ContentKind, EmbeddingKind, Registry};

use crate::args::given_as;
use crate::failure::{Failure, Result};

/// An option, and what a family must be like for it to have a use.
struct Rule {
    /// Its id among the arguments.
    id: &'static str,
    needs: Needs,
}

/// What a family must be like.
enum Needs {
    /// Its models give one of these.
    Output(&'static [EmbeddingKind]),
    /// Its models take all of these.
    Input(&'static [ContentKind]),
    /// Its models give a vector for each token of a text, and take nothing else.
    Tokens,
}

const fn gives(id: &'static str, kinds: &'static [EmbeddingKind]) -> Rule {
    Rule { id, needs: Needs::Output(kinds) }
}

const fn takes(id: &'static str, kinds: &'static [ContentKind]) -> Rule {
    Rule { id, needs: Needs::Input(kinds) }
}

const VECTORS: &[EmbeddingKind] = &[EmbeddingKind::Dense, EmbeddingKind::Multi, EmbeddingKind::Several];
const MULTI: &[EmbeddingKind] = &[EmbeddingKind::Multi];
const SPARSE: &[EmbeddingKind] = &[EmbeddingKind::Sparse];
const TEXT: &[ContentKind] = &[ContentKind::Text];
const PAGES: &[ContentKind] = &[ContentKind::Text, ContentKind::Image];
const PAIRS: &[ContentKind] = &[ContentKind::Pair];

/// The options that not every family has a use for.
const RULES: &[Rule] = &[
    gives("pool_factor", MULTI),
    gives("include_extension", MULTI),
    Rule { id: "late_chunking", needs: Needs::Tokens },
    gives("sparse_top_k", SPARSE),
    gives("min_weight", SPARSE),
    gives("explain", SPARSE),
    gives("encoding", VECTORS),
    gives("calibration", VECTORS),
    takes("as_query", TEXT),
    takes("as_passage", TEXT),
    takes("no_prompts", TEXT),
    takes("task", TEXT),
    takes("on_long", TEXT),
    takes("chunk", TEXT),
    takes("pdf", PAGES),
    takes("query_text", PAIRS),
];

/// Refuses options that were typed and that models of this family have no use for.
pub(crate) fn check(family: &dyn Family) -> Result<()> {
    let unused = |rule: &'static Rule| Some((rule, given_as(rule.id).filter(|_| !rule.needs.are_met_by(family))?));
    let Some((rule, option)) = RULES.iter().find_map(unused) else { return Ok(()) };
    let families = Registry::global().families();
    let takers: Vec<&str> =
        families.into_iter().filter(|other| rule.needs.are_met_by(*other)).map(|other| other.name()).collect();
    Err(Failure::Usage(format!(
        "{option} is for {}, and this model is of the family {}; the families that take it: {}",
        rule.needs.words(),
        family.name(),
        if takers.is_empty() { "none here".to_owned() } else { takers.join(", ") }
    )))
}

impl Needs {
    fn are_met_by(&self, family: &dyn Family) -> bool {
        match self {
            Self::Output(kinds) => kinds.contains(&family.output()),
            Self::Tokens => family.output() == EmbeddingKind::Multi && family.inputs() == TEXT,
            // A pair is two texts.
            Self::Input(kinds) => kinds.iter().all(|kind| {
                family.inputs().contains(kind)
                    || (*kind == ContentKind::Text && family.inputs().contains(&ContentKind::Pair))
            }),
        }
    }

    fn words(&self) -> String {
        let (verb, names): (&str, Vec<&str>) = match self {
            Self::Tokens => ("give", vec!["multi-vectors of texts alone"]),
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
