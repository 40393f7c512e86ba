//! One JSON object a line.

use std::io::Write;

use serde::ser::{Serialize, Serializer};

use super::{Row, Sink, Target};
use crate::failure::Result;
use crate::ticket::{Fields, Ticket};

/// Writes JSON Lines.
pub(crate) struct JsonLines(Target);

impl JsonLines {
    pub(crate) fn new(target: Target) -> Self {
        Self(target)
    }
}

#[derive(serde::Serialize)]
struct Line<'a, R: Row> {
    index: usize,
    #[serde(flatten)]
    row: R,
    #[serde(flatten)]
    kept: Kept<'a>,
}

/// Kept fields, without those whose names are the result's.
struct Kept<'a> {
    fields: &'a Fields,
    taken: &'static [&'static str],
}

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_free = |name: &str| name != "index" && !self.taken.contains(&name);
        serializer.collect_map(self.fields.iter().filter(|(name, _)| is_free(name)))
    }
}

impl<R: Row> Sink<R> for JsonLines {
    fn put(&mut self, ticket: &Ticket, row: R) -> Result<()> {
        let taken = row.keys();
        let line = Line { index: ticket.index, row, kept: Kept { fields: &ticket.fields, taken } };
        let written = serde_json::to_writer(&mut self.0, &line).map_err(std::io::Error::from);
        written.and_then(|()| self.0.write_all(b"\n")).map_err(|error| self.0.failure(error))?;
        self.0.pause()
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.commit()
    }
}
