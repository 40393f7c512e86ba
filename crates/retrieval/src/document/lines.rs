//! A document a line.

use embedkit_core::python_numbers::as_null;
use serde_json::{Map, Value};

use super::{Document, Documents};

/// The lines of a file of JSON: a text each, or an object with one.
pub(super) fn documents(text: &str) -> Documents {
    let mut found = Documents::default();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match document(line) {
            Ok(document) => found.documents.push(Document { row: Some(at + 1), ..document }),
            Err(reason) => found.refused.push(format!("line {}: {reason}", at + 1)),
        }
    }
    found
}

fn document(line: &str) -> Result<Document, String> {
    match serde_json::from_str(&as_null(line)).map_err(|error| format!("is no JSON: {error}"))? {
        Value::String(text) => Ok(Document::of_text(text)),
        Value::Object(fields) => Document::of_fields(fields),
        _ => Err("is neither a text nor an object".to_owned()),
    }
}

impl Document {
    /// A row by its fields: `text`, `title` and `id` or `_id` where it has them, and the others, which are kept.
    ///
    /// # Errors
    /// A row without `text`, in words that follow its place.
    pub fn of_fields(mut fields: Map<String, Value>) -> Result<Self, String> {
        let Some(Value::String(text)) = fields.remove("text") else {
            return Err("has no field `text` that is a text".to_owned());
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

/// The field of a row that is its id: the first that says something.
pub(crate) fn take_id(fields: &mut Map<String, Value>) -> Option<Value> {
    ["id", "_id"].into_iter().find_map(|name| fields.remove(name).filter(|id| !plain(id).is_empty()))
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
