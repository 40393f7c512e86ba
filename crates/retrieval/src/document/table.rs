//! A document a row of a table.

use std::collections::HashSet;

use csv::{ReaderBuilder, StringRecord, Trim};
use serde_json::{Map, Value};

use super::{Document, Documents};

/// A table whose first row names its columns.
pub(crate) struct Table {
    pub(crate) columns: StringRecord,
    /// A row of another length has an error instead.
    pub(crate) rows: Vec<Result<StringRecord, csv::Error>>,
}

impl Table {
    /// Reads a table of a file that ends in `kind`. Cells of `tsv` stand between tabs, others between what the first line has:
    /// programs write semicolons where a comma is a decimal sign.
    pub(crate) fn read(text: &str, kind: &str) -> Result<Self, String> {
        let delimiter = if kind == "tsv" { b'\t' } else { delimiter_of(text) };
        let mut reader = ReaderBuilder::new().delimiter(delimiter).trim(Trim::Headers).from_reader(text.as_bytes());
        let columns = reader.headers().map_err(|error| format!("is no table: {error}"))?.clone();
        let mut names = HashSet::new();
        if let Some(twice) = columns.iter().find(|name| !name.is_empty() && !names.insert(*name)) {
            return Err(format!("has two columns of the name {twice:?}"));
        }
        let rows: Vec<_> = reader.records().collect();
        // Where no quote is left open, there is one to close each.
        let last = rows.last().and_then(|row| row.as_ref().ok()?.iter().next_back());
        if last.is_some_and(|cell| cell.contains('\n')) && text.matches('"').count() % 2 == 1 {
            return Err("has a cell whose quote is not closed: all that follows would be in it".to_owned());
        }
        Ok(Self { columns, rows })
    }
}

fn delimiter_of(text: &str) -> u8 {
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    let unquoted: String = line.split('"').step_by(2).collect();
    [b',', b';', b'\t', b'|'].into_iter().find(|delimiter| unquoted.contains(char::from(*delimiter))).unwrap_or(b',')
}

/// The rows of a table.
pub(super) fn documents(text: &str, kind: &str) -> Result<Documents, String> {
    let Table { columns, rows } = Table::read(text, kind)?;
    let mut found = Documents::default();
    for (at, cells) in rows.into_iter().enumerate() {
        match cells.map_err(|error| error.to_string()).and_then(|cells| document(&columns, &cells)) {
            Ok(document) => found.documents.push(Document { row: Some(at + 1), ..document }),
            Err(reason) => found.refused.push(format!("row {}: {reason}", at + 1)),
        }
    }
    Ok(found)
}

/// A row: its column `text`, which may be empty, else all columns with their names. Other empty cells are none.
fn document(columns: &StringRecord, cells: &StringRecord) -> Result<Document, String> {
    let is_filled = |(name, cell): &(&str, &str)| *name == "text" || !cell.trim().is_empty();
    let pairs = columns.iter().zip(cells).filter(is_filled);
    if columns.iter().any(|name| name == "text") {
        let fields: Map<String, Value> = pairs.map(|(name, cell)| (name.to_owned(), cell.into())).collect();
        return Document::of_fields(fields);
    }
    let text: Vec<String> = pairs.map(|(name, cell)| format!("{name}: {cell}")).collect();
    Ok(Document::of_text(text.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_documents() {
        let found = documents("id,text,year\n1,\"a, b\",1999\n2,,2000\n3,c\n", "csv").unwrap();
        let [first, empty] = &found.documents[..] else { panic!("{found:?}") };
        assert_eq!((first.text.as_str(), first.id.as_deref(), first.row), ("a, b", Some("1"), Some(1)));
        assert_eq!(first.fields["year"], "1999");
        assert_eq!((empty.text.as_str(), empty.id.as_deref(), empty.row), ("", Some("2"), Some(2)));
        assert!(found.refused[0].starts_with("row 3: "), "{:?}", found.refused);
        let found = documents("name\tcolour\nfox\tred\n", "tsv").unwrap();
        assert_eq!(found.documents[0].text, "name: fox\ncolour: red");
    }

    #[test]
    fn tables_of_other_programs_are_read_and_rows_are_not_lost() {
        let found = documents("text ; id\nBrot ist frisch, sagt er;a1\n", "csv").unwrap();
        let [bread] = &found.documents[..] else { panic!("{found:?}") };
        assert_eq!((bread.text.as_str(), bread.id.as_deref()), ("Brot ist frisch, sagt er", Some("a1")));
        assert_eq!(documents("text|id\na, b;c|7\n", "csv").unwrap().documents[0].text, "a, b;c");
        for open in ["id\ttext\n1\tone\n2\t\"two\n3\tthree\n", "id\ttext\n1\t\"two\n3"] {
            assert!(documents(open, "tsv").unwrap_err().contains("not closed"), "{open}");
        }
        assert_eq!(documents("id,text\n1,\"two\nlines\"\n", "csv").unwrap().documents[0].text, "two\nlines");
        assert!(documents("text,id,text\na,1,b\n", "csv").unwrap_err().contains("two columns of the name \"text\""));
        // Columns that nobody named, and commas where tabs part cells.
        assert_eq!(documents("text,,\na,,\n", "csv").unwrap().documents[0].text, "a");
        assert_eq!(documents("text\nHello, world\n", "tsv").unwrap().documents[0].text, "Hello, world");
        assert_eq!(documents("text\tid\na\t1\n", "csv").unwrap().documents[0].text, "a");
        assert_eq!(documents("text;id\ra, b;1\rc;2\r", "csv").unwrap().documents[1].text, "c");
    }
}
