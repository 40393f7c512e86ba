//! One JSON object a line.

use std::io::Write;

use serde::Serialize;
use serde::ser::Serializer;

use super::{Row, Sink, Target, kept};
use crate::failure::Result;
use crate::ticket::Ticket;

/// Writes JSON Lines.
pub(crate) struct JsonLines(Target);

impl JsonLines {
    pub(crate) fn new(target: Target) -> Self {
        Self(target)
    }

    /// The bytes that were written.
    #[cfg(feature = "parquet")]
    pub(super) fn length(&mut self) -> Result<u64> {
        self.0.length()
    }
}

#[derive(Serialize)]
struct Line<'a, R: Row> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<usize>,
    #[serde(flatten)]
    row: R,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<bool>,
    #[serde(flatten)]
    kept: Kept<'a>,
}

struct Kept<'a> {
    ticket: &'a Ticket,
    taken: &'static [&'static str],
}

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(kept::named(self.ticket, self.taken))
    }
}

impl<R: Row> Sink<R> for JsonLines {
    fn put(&mut self, ticket: &Ticket, row: R) -> Result<()> {
        let kept = Kept { ticket, taken: row.keys() };
        let usage = ticket.usage.as_ref();
        let line = Line {
            index: ticket.index,
            line: ticket.line(),
            chunk: ticket.chunk.map(|chunk| chunk.number),
            start: ticket.chunk.map(|chunk| chunk.start),
            end: ticket.chunk.map(|chunk| chunk.end),
            row,
            tokens: usage.map(|usage| usage.tokens),
            truncated: usage.map(|usage| usage.truncated),
            kept,
        };
        let written = serde_json::to_writer(&mut self.0, &line).map_err(std::io::Error::from);
        written.and_then(|()| self.0.write_all(b"\n")).map_err(|error| self.0.failure(error))?;
        self.0.let_out_what_waited()
    }

    fn pause(&mut self) -> Result<()> {
        self.0.let_out()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.commit()
    }
}
