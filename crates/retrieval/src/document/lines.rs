//! A document a line.

use std::collections::HashMap;

use embedkit_core::python_numbers::as_null;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Document, Documents};

/// The lines of a file of JSON: a text each, or an object with one.
pub(super) fn documents(text: &str) -> Documents {
    let mut found = Documents::default();
    // Files of old programs have carriage returns alone, and no line feed anywhere.
    let end = if text.contains('\n') { '\n' } else { '\r' };
    for (at, line) in text.split(end).enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match document(line) {
            Ok(document) => found.documents.push(Document { row: Some(at + 1), ..document }),
            Err(reason) => found.refused.push(format!("line {}: {reason}", at + 1)),
        }
    }
    found
}

fn document(line: &str) -> Result<Document, String> {
    let line = &*as_null(line);
    match serde_json::from_str(line).map_err(|error| format!("is no JSON: {error}"))? {
        Value::String(text) => Ok(Document::of_text(text)),
        Value::Object(fields) => Document::of_fields(with_written_ids(fields, line)),
        _ => Err("is neither a text nor an object".to_owned()),
    }
}

impl Document {
    /// A row by its fields: `text`, which may be null, `title` and `id` or `_id` where it has them, and the others, which are
    /// kept.
    ///
    /// # Errors
    /// A row without `text`, in words that follow its place.
    pub fn of_fields(mut fields: Map<String, Value>) -> Result<Self, String> {
        let text = match fields.remove("text") {
            Some(Value::String(text)) => text,
            Some(Value::Null) => String::new(),
            _ => return Err("has no field `text` that is a text".to_owned()),
        };
        let id = take_id(&mut fields).map(|id| plain(&id));
        let title = match fields.remove("title") {
            Some(Value::String(title)) => title.trim().to_owned(),
            Some(other) => plain(&other),
            None => String::new(),
        };
        Ok(Self { id, title, fields, ..Self::of_text(text) })
    }
}

/// The fields that are a row's id.
const IDS: [&str; 2] = ["id", "_id"];

/// The fields of an object with its ids as they are written, where they are numbers that may be others when they are read:
/// of more digits than a number of 64 bits has.
pub(crate) fn with_written_ids(mut fields: Map<String, Value>, object: &str) -> Map<String, Value> {
    if IDS.iter().any(|name| fields.get(*name).is_some_and(Value::is_f64)) {
        let written: HashMap<String, &RawValue> = serde_json::from_str(object).unwrap_or_default();
        for (name, id) in fields.iter_mut().filter(|(name, id)| IDS.contains(&name.as_str()) && id.is_f64()) {
            if let Some(written) = written.get(name) {
                *id = written.get().into();
            }
        }
    }
    fields
}

/// The field of a row that is its id: the first that says something.
pub(crate) fn take_id(fields: &mut Map<String, Value>) -> Option<Value> {
    IDS.into_iter().find_map(|name| fields.remove(name).filter(|id| !plain(id).is_empty()))
}

/// A value as people write it: a text without its marks.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_documents_and_bad_ones_are_listed() {
        let found = documents(
            "\"a\"\n\n{\"_id\": 7, \"title\": \"T\", \"text\": \"b\", \"year\": 1999}\n{}\n[1]\n{\"text\": 1}\nx\n",
        );
        let [first, second] = &found.documents[..] else { panic!("{found:?}") };
        assert_eq!((first.text.as_str(), first.row, first.id.as_ref()), ("a", Some(1), None));
        assert_eq!((second.title.as_str(), second.id.as_deref(), second.row), ("T", Some("7"), Some(3)));
        assert_eq!(second.fields["year"], 1999);
        assert_eq!(found.refused.len(), 4);
        assert!(found.refused[0].starts_with("line 4: has no field `text`"), "{:?}", found.refused);
        assert!(found.refused[3].starts_with("line 7: is no JSON"), "{:?}", found.refused);
    }

    #[test]
    fn lines_may_end_in_carriage_returns_alone() {
        let found = documents("\"a\"\r{\"text\": \"b\"}\r\r\"c\"\r");
        assert_eq!(
            found.documents.iter().map(|of| (of.text.as_str(), of.row)).collect::<Vec<_>>(),
            [("a", Some(1)), ("b", Some(2)), ("c", Some(4))]
        );
        assert_eq!(documents("\"a\"\r\n\"b\"\r\n").documents[1].row, Some(2));
    }

    #[test]
    fn a_row_has_a_text_which_may_be_null() {
        let found = documents("{\"title\": \"T\", \"text\": null}\n{\"title\": \"T\"}\n");
        assert_eq!((found.documents.len(), found.refused.len()), (1, 1), "{found:?}");
        assert_eq!((found.documents[0].title.as_str(), found.documents[0].text.as_str()), ("T", ""));
    }

    #[test]
    fn numbers_that_are_ids_keep_their_text() {
        for number in ["123456789012345678901", "123456789012345678902", "18446744073709551615", "-1", "0.10", "1e3"] {
            for name in ["id", "_id"] {
                let found = documents(&format!("{{\"{name}\": {number}, \"text\": \"a\", \"x\": 1.50}}"));
                assert_eq!(found.documents[0].id.as_deref(), Some(number));
                assert_eq!(found.documents[0].fields["x"], 1.5);
            }
        }
    }

    #[test]
    fn the_id_is_the_first_that_says_something() {
        for (ids, expected) in [
            (r#""id": null, "_id": "five""#, Some("five")),
            (r#""_id": "five", "id": """#, Some("five")),
            (r#""id": 5, "_id": "five""#, Some("5")),
            (r#""_id": 0"#, Some("0")),
            (r#""id": null, "_id": """#, None),
            (r#""year": 1"#, None),
        ] {
            let found = documents(&format!("{{{ids}, \"text\": \"a\"}}"));
            assert_eq!(found.documents[0].id.as_deref(), expected, "{ids}");
        }
    }

    #[test]
    fn numbers_as_python_writes_them_are_null() {
        let found = documents("{\"text\": \"NaN\", \"score\": NaN, \"best\": [-Infinity, 1]}\n");
        let [document] = &found.documents[..] else { panic!("{found:?}") };
        assert_eq!(document.text, "NaN");
        assert_eq!(document.fields["score"], Value::Null);
        assert_eq!(document.fields["best"], serde_json::json!([null, 1]));
    }
}
