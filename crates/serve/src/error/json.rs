//! What is wrong with a body of JSON, without a word of what stands in it.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{ApiError, Case};
use crate::shapes::TOO_MANY;

/// Most characters of a field's name that an answer repeats.
const SHOWN: usize = 40;

/// The error that a body is not what a route takes. The body is read again, for the field at fault.
pub(crate) fn invalid_json<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> ApiError {
    let place = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        Category::Syntax | Category::Eof => {
            return ApiError::new(Case::Invalid, format!("the body is not valid JSON: {place}"));
        }
        Category::Io => return ApiError::new(Case::Invalid, "the body cannot be read"),
        Category::Data => {}
    }
    let text = error.to_string();
    let told = harmless(&text);
    if text.starts_with(TOO_MANY) {
        return ApiError::new(Case::TooMany, told);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let path = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(error) => error.path().to_string(),
        Ok(_) => String::new(),
    };
    let path: String = path.chars().take(SHOWN).collect();
    match path.trim_matches('.') {
        "" | "?" => ApiError::new(Case::Invalid, format!("{told} ({place})")),
        path => ApiError::field(path, format!("{path}: {told} ({place})")),
    }
}

/// The message without values: they are the caller's texts.
fn harmless(text: &str) -> String {
    let text = text.rfind(" at line ").map_or(text, |end| &text[..end]);
    if text.starts_with("missing field") || text.starts_with("duplicate field") || text.starts_with(TOO_MANY) {
        return text.to_owned();
    }
    if let Some(ours) = text.strip_prefix(crate::shapes::OURS) {
        return ours.to_owned();
    }
    match text.rfind("expected ") {
        Some(at) => text[at..].to_owned(),
        None => "a value is not what it should be".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Shape {
        #[expect(dead_code, reason = "only its type counts")]
        input: Vec<String>,
    }

    fn told(body: &str) -> (String, Option<String>) {
        let error = serde_json::from_str::<Shape>(body).unwrap_err();
        let error = invalid_json::<Shape>(body.as_bytes(), &error);
        (error.message, error.param)
    }

    #[test]
    fn the_field_is_named_and_its_value_is_not() {
        let (message, param) = told(r#"{"input": ["fine", {"secret": 1}]}"#);
        assert_eq!(param.as_deref(), Some("input[1]"));
        assert_eq!(message, "input[1]: expected a string (line 1, column 19)");
        let (message, param) = told(r#"{"input": "secret expected words"}"#);
        assert_eq!(param.as_deref(), Some("input"));
        assert!(!message.contains("secret"), "{message}");
        assert_eq!(told("{}").0, "missing field `input` (line 1, column 2)");
        assert_eq!(told("{\"input\": [").0, "the body is not valid JSON: line 1, column 11");
    }
}
