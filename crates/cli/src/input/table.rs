//! Tables of comma- or tab-separated values, whose first line has the columns' names.

use std::io::Read;

use super::feed::{Feed, Raw, Reading};
use crate::failure::Result;
use crate::ticket::Fields;

/// Gives the rows of a table, each as its line.
pub(super) fn read(text: impl Read, delimiter: u8, reading: &Reading, feed: &Feed) -> Result<()> {
    let mut table = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text);
    let names = table.byte_headers().map_err(|error| feed.failure(error))?;
    let names: Vec<String> = names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    if names.is_empty() || names == [""] {
        return Ok(());
    }
    check(&names, &reading.field).map_err(|reason| feed.failure(reason))?;
    let mut row = csv::ByteRecord::new();
    loop {
        let result = table.read_byte_record(&mut row);
        let line = row.position().map_or(0, csv::Position::line) as usize;
        let (line, raw) = match result {
            Ok(false) => return Ok(()),
            Ok(true) => (line, cells(&names, &row, reading)),
            Err(error) => match error.kind() {
                csv::ErrorKind::UnequalLengths { pos, expected_len, len } => (
                    pos.as_ref().map_or(line, |pos| pos.line() as usize),
                    Raw::Wrong(format!("has {len} cells, where the first line has {expected_len}")),
                ),
                _ => return Err(feed.failure(error)),
            },
        };
        if !feed.give(line, raw) {
            return Ok(());
        }
    }
}

fn check(names: &[String], field: &str) -> Result<(), String> {
    if let Some(twice) = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)) {
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
