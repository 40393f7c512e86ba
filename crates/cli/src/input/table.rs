//! Tables of comma- or tab-separated values, whose first line has the columns' names.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use super::feed::{Feed, Raw, Reading};
use crate::failure::Result;
use crate::ticket::Fields;

/// Gives the rows of a table, each as its line.
pub(super) fn read(mut text: impl BufRead, delimiter: u8, reading: &Reading, feed: &Feed) -> Result<()> {
    let delimiter = match delimiter {
        b',' => delimiter_of(text.fill_buf().map_err(|error| feed.io(error))?),
        other => other,
    };
    let failure = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => feed.io(error),
        kind => feed.failure(format!("cannot be read as a table: {kind:?}")),
    };
    let text = Quotes { text, count: Rc::default() };
    let quotes = text.count.clone();
    let mut table = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::Headers).from_reader(text);
    let names = table.byte_headers().map_err(failure)?;
    let names: Vec<String> = names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    if names.is_empty() || names == [""] {
        return Ok(());
    }
    check(&names, &reading.field).map_err(|reason| feed.failure(reason))?;
    let mut row = csv::ByteRecord::new();
    // The row before, if its last cell goes over several lines: where no other row follows, its quote may be open.
    let mut held: Option<(usize, Raw)> = None;
    loop {
        let result = table.read_byte_record(&mut row);
        let line = row.position().map_or(0, csv::Position::line) as usize;
        let (line, raw) = match result {
            Ok(false) => {
                let is_open = quotes.get() % 2 == 1;
                let last = held.map(|(line, raw)| (line, if is_open { Raw::Wrong(OPEN.to_owned()) } else { raw }));
                if let Some((line, raw)) = last {
                    feed.give(line, raw);
                }
                return Ok(());
            }
            Ok(true) => (line, cells(&names, &row, reading)),
            Err(error) => match error.kind() {
                csv::ErrorKind::UnequalLengths { pos, expected_len, len } => (
                    pos.as_ref().map_or(line, |pos| pos.line() as usize),
                    Raw::Wrong(format!("has {len} cells, where the first line has {expected_len}")),
                ),
                _ => return Err(failure(error)),
            },
        };
        if held.take().is_some_and(|(line, raw)| !feed.give(line, raw)) {
            return Ok(());
        }
        if ends_lines_later(&row) {
            held = Some((line, raw));
        } else if !feed.give(line, raw) {
            return Ok(());
        }
    }
}

/// What is wrong with a row whose last cell is all the rest of the file.
const OPEN: &str = "has a cell whose quote is not closed: all that follows would be in it";

/// What stands between a table's cells, as its first line tells: programs write semicolons where a comma is a decimal sign.
fn delimiter_of(start: &[u8]) -> u8 {
    let line = start.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let unquoted: Vec<u8> = line.split(|byte| *byte == b'"').step_by(2).flatten().copied().collect();
    let others = [b',', b';', b'\t', b'|'];
    others.into_iter().find(|delimiter| unquoted.contains(delimiter)).unwrap_or(b',')
}

/// Whether the row's last cell goes over several lines.
fn ends_lines_later(row: &csv::ByteRecord) -> bool {
    row.iter().next_back().is_some_and(|cell| cell.contains(&b'\n'))
}

/// A reader that counts quotes: where none is left open, there is one to close each.
struct Quotes<R> {
    text: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(bytes)?;
        let quotes = bytes[..count].iter().filter(|byte| **byte == b'"').count();
        self.count.set(self.count.get() + quotes as u64);
        Ok(count)
    }
}

fn check(names: &[String], field: &str) -> Result<(), String> {
    if let Some(twice) = names.iter().enumerate().find(|(at, name)| !name.is_empty() && names[..*at].contains(name)) {
        return Err(format!("has two columns of the name {:?}", twice.1));
    }
    match names.iter().any(|name| name == field) {
        true => Ok(()),
        false => Err(super::no_column(field, names)),
    }
}

fn cells(names: &[String], row: &csv::ByteRecord, reading: &Reading) -> Raw {
    let mut fields = Fields::new();
    for (name, cell) in names.iter().zip(row) {
        if !reading.keep_fields && *name != reading.field {
            continue;
        }
        let Ok(cell) = std::str::from_utf8(cell) else {
            return Raw::Wrong(format!("its cell `{name}` is not UTF-8; name the encoding with --input-encoding"));
        };
        if let Ok(value) = serde_json::value::to_raw_value(cell) {
            fields.insert(name.clone(), value);
        }
    }
    Raw::Row(fields)
}
