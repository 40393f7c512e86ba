//! Scored documents: how `rerank` and `score` give their results.

use std::io::Write as _;
use std::path::PathBuf;

use embedkit::vector::{Scored, top_k};
use serde::Serialize;

use crate::args::{ScoredArgs, only_json_lines};
use crate::failure::{Failure, Result};
use crate::output::{JsonLines, Row, Sink, Target};
use crate::ticket::Ticket;

/// A document's score.
#[derive(Serialize)]
pub(super) struct ScoreRow {
    pub(super) score: f32,
}

impl Row for ScoreRow {
    fn keys(&self) -> &'static [&'static str] {
        &["score"]
    }
}

/// Where the arguments say that scores go.
pub(super) fn sink(args: &ScoredArgs) -> Result<Box<dyn Sink<ScoreRow>>> {
    let lines = JsonLines::new(Target::open(only_json_lines(args.output.as_ref())?)?);
    Ok(match (args.top_k, args.keep_order) {
        (None, true) => Box::new(lines),
        (top_k, keep_order) => Box::new(Ranked { lines, documents: Vec::new(), top_k, keep_order }),
    })
}

/// Holds scores until all are there, since the best comes first.
struct Ranked {
    lines: JsonLines,
    documents: Vec<(Ticket, f32)>,
    top_k: Option<usize>,
    keep_order: bool,
}

impl Sink<ScoreRow> for Ranked {
    fn put(&mut self, ticket: &Ticket, row: ScoreRow) -> Result<()> {
        self.documents.push((ticket.clone(), row.score));
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        let k = self.top_k.unwrap_or(self.documents.len());
        let mut best = top_k(self.documents.iter().map(|(_, score)| *score), k);
        if self.keep_order {
            best.sort_by_key(|scored| scored.index);
        }
        for Scored { index, score } in best {
            self.lines.put(&self.documents[index].0, ScoreRow { score })?;
        }
        <JsonLines as Sink<ScoreRow>>::finish(Box::new(self.lines))
    }
}

/// Writes values as JSON, a line each.
pub(super) fn lines<T: Serialize>(output: Option<&PathBuf>, values: impl Iterator<Item = Result<T>>) -> Result<()> {
    let mut target = Target::open(only_json_lines(output)?)?;
    for value in values {
        let line = serde_json::to_string(&value?).map_err(|error| Failure::Failed(error.to_string()))?;
        writeln!(target, "{line}").map_err(|error| target.failure(error))?;
    }
    target.commit()
}
