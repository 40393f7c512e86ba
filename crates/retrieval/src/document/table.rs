//! A document a row of a table.

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::{Document, Documents};

/// The rows of a table whose first row names its columns.
pub(super) fn documents(text: &str, delimiter: u8) -> Result<Documents, String> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let columns = reader.headers().map_err(|error| format!("is no table: {error}"))?.clone();
    let mut found = Documents::default();
    for (at, cells) in reader.records().enumerate() {
        let document = cells.map_err(|error| error.to_string()).and_then(|cells| document(&columns, &cells));
        match document {
            Ok(document) => found.documents.push(Document { row: Some(at + 1), ..document }),
            Err(reason) => found.refused.push(format!("row {}: {reason}", at + 1)),
        }
    }
    Ok(found)
}

/// A row: its column `text`, else all columns with their names.
fn document(columns: &StringRecord, cells: &StringRecord) -> Result<Document, String> {
    let pairs = || columns.iter().zip(cells).filter(|(_, cell)| !cell.trim().is_empty());
    if columns.iter().any(|name| name == "text") {
        let fields: Map<String, Value> = pairs().map(|(name, cell)| (name.to_owned(), cell.into())).collect();
        return Document::of_fields(fields);
    }
    let text: Vec<String> = pairs().map(|(name, cell)| format!("{name}: {cell}")).collect();
    Ok(Document::of_text(text.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_documents() {
        let found = documents("id,text,year\n1,\"a, b\",1999\n2,,2000\n3,c\n", b',').unwrap();
        let [first] = &found.documents[..] else { panic!("{found:?}") };
        assert_eq!((first.text.as_str(), first.id.as_deref(), first.row), ("a, b", Some("1"), Some(1)));
        assert_eq!(first.fields["year"], "1999");
        assert!(found.refused[0].starts_with("row 2: has no field"), "{:?}", found.refused);
        assert!(found.refused[1].starts_with("row 3: "), "{:?}", found.refused);
        let found = documents("name\tcolour\nfox\tred\n", b'\t').unwrap();
        assert_eq!(found.documents[0].text, "name: fox\ncolour: red");
    }
}
