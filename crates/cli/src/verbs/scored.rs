//! Scored documents: how `rerank` and `score` give their results.

use std::io::Write as _;
use std::path::PathBuf;

use embedkit::vector::{Scored, top_k};
use serde::Serialize;

use crate::args::ScoredArgs;
use crate::failure::{Failure, Result};
use crate::output::Target;

/// A line of the results.
#[derive(Serialize)]
struct Line<'t> {
    index: usize,
    score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'t str>,
}

/// Writes documents' scores: the best first, or in the documents' order.
pub(super) fn write(args: &ScoredArgs, documents: &[String], scores: Vec<f32>) -> Result<()> {
    let k = args.top_k.unwrap_or(scores.len());
    let mut best = top_k(scores, k);
    if args.keep_order {
        best.sort_by_key(|scored| scored.index);
    }
    let line = |scored: &Scored| Line {
        index: scored.index,
        score: scored.score,
        text: args.with_text.then(|| documents[scored.index].as_str()),
    };
    lines(args.output.as_ref(), best.iter().map(|scored| Ok(line(scored))))
}

/// Writes values as JSON, a line each.
pub(super) fn lines<T: Serialize>(output: Option<&PathBuf>, values: impl Iterator<Item = Result<T>>) -> Result<()> {
    let mut target = Target::open(output)?;
    for value in values {
        let line = serde_json::to_string(&value?).map_err(|error| Failure::Failed(error.to_string()))?;
        writeln!(target, "{line}").map_err(|error| target.failure(error))?;
    }
    target.commit()
}
