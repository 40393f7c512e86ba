//! What is wrong with a body of JSON, without a word of what stands in it.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use super::{ApiError, ApiResult, Case};
use crate::shapes::{Body, TOO_MANY};

/// Most characters of a field's name that an answer repeats.
const SHOWN: usize = 40;

/// A body as what a route takes: an object.
///
/// # Errors
/// What is wrong with it, and with which of its fields.
pub(crate) fn read_json<T: DeserializeOwned>(body: &[u8]) -> ApiResult<T> {
    // A list with the fields' values in their order would be read as well, which nobody means.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::new(Case::Invalid, "the body is a list, and an object was expected"));
    }
    let read = serde_json::from_slice(body);
    read.map(|Body(value)| value).map_err(|error| invalid_json::<T>(body, &error))
}

/// The error that a body is not what a route takes. The body is read again, for the field at fault.
fn invalid_json<T: DeserializeOwned>(body: &[u8], error: &serde_json::Error) -> ApiError {
    let place = format!("line {}, column {}", error.line(), error.column());
    let told = match error.classify() {
        Category::Io => return ApiError::new(Case::Invalid, "the body cannot be read"),
        Category::Data => harmless(&error.to_string()),
        // What is no name of anything, where one was expected, is called wrong syntax too, as is an escape of no character.
        Category::Syntax | Category::Eof if is_json(body) => {
            let is_escape = error.to_string().contains("hex escape");
            if is_escape { HALF_A_PAIR.to_owned() } else { WRONG.to_owned() }
        }
        Category::Syntax | Category::Eof => {
            return ApiError::new(Case::Invalid, format!("the body is not valid JSON: {place}"));
        }
    };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let path = match serde_path_to_error::deserialize::<_, Body<T>>(&mut deserializer) {
        Err(error) => error.path().to_string(),
        Ok(_) => String::new(),
    };
    let path: String = path.chars().take(SHOWN).collect();
    let path = path.trim_matches(['.', '?']);
    if told.starts_with(TOO_MANY) {
        return ApiError::new(Case::TooMany, told).at_if(path);
    }
    match (named_field(&told), path) {
        (Some(field), "") => ApiError::field(field, format!("{told} ({place})")),
        (Some(field), path) => ApiError::field(format!("{path}.{field}"), format!("{path}: {told} ({place})")),
        (None, "") => ApiError::new(Case::Invalid, format!("{told} ({place})")),
        (None, path) => ApiError::field(path, format!("{path}: {told} ({place})")),
    }
}

fn is_json(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// Of a text with an escape that is half of a character.
const HALF_A_PAIR: &str = "a text has half of a surrogate pair (`\\ud800` to `\\udfff`) alone, which is no character";

/// What is said where nothing better is known.
const WRONG: &str = "a value is not what it should be";

/// The message without values: they are the caller's texts.
fn harmless(text: &str) -> String {
    let text = text.rfind(" at line ").map_or(text, |end| &text[..end]);
    if named_field(text).is_some() || text.starts_with(TOO_MANY) {
        return text.to_owned();
    }
    if let Some(ours) = text.strip_prefix(crate::shapes::OURS) {
        return ours.to_owned();
    }
    match text.rsplit_once("expected ") {
        Some((_, expected)) => format!("expected {}", in_words(expected)),
        None => WRONG.to_owned(),
    }
}

/// The field that a message names: one that is missing, or twice there.
fn named_field(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("missing field `").or_else(|| message.strip_prefix("duplicate field `"))?;
    rest.strip_suffix('`')
}

/// What was expected, for people who do not write Rust.
fn in_words(expected: &str) -> &str {
    match expected.split(' ').next().unwrap_or_default() {
        "usize" | "u64" | "u32" => "a whole number that is not negative",
        "i64" => "a whole number",
        "struct" => "an object",
        _ if expected == "a sequence" => "a list",
        _ => expected,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only their types count")]
    struct Shape {
        input: Vec<String>,
        format: Option<crate::shapes::Format>,
        width: Option<usize>,
        more: Option<Box<Shape>>,
    }

    fn told(body: &str) -> (String, Option<String>) {
        let error = read_json::<Shape>(body.as_bytes()).unwrap_err();
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
        assert_eq!(told("{\"input\": [").0, "the body is not valid JSON: line 1, column 11");
        let error = read_json::<Shape>(b"{\"input\": [\"\xff\"]}").unwrap_err();
        assert!(error.message.starts_with("the body is not valid JSON"), "{}", error.message);
        for (body, message, param) in [
            ("{}", "missing field `input`", "input"),
            (r#"{"input": [], "more": {}}"#, "more: missing field `input`", "more.input"),
            (r#"{"input": [], "input": []}"#, "duplicate field `input`", "input"),
            (r#"{"input": [], "width": -1}"#, "width: expected a whole number that is not negative", "width"),
            (r#"{"input": {}}"#, "input: expected a list", "input"),
            (r#"{"input": [], "more": 1}"#, "more: expected an object", "more"),
            (r#"{"input": [], "format": 1}"#, "format: a value is not what it should be", "format"),
        ] {
            let (said, at) = told(body);
            assert_eq!((said.split(" (line").next(), at.as_deref()), (Some(message), Some(param)), "{body}");
        }
    }

    #[test]
    fn half_of_a_surrogate_pair_is_told_of() {
        for half in [r"\ud800", r"\udfff", r"a\ud83d b", r"\udc00\ud800", r"\ud800\u0041", r"\ud800\n"] {
            let (message, param) = told(&format!(r#"{{"input": ["fine", "{half}"]}}"#));
            assert_eq!(param.as_deref(), Some("input[1]"), "{half}: {message}");
            assert!(message.starts_with("input[1]: a text has half of a surrogate pair"), "{half}: {message}");
        }
    }

    #[test]
    fn a_body_is_an_object() {
        for body in [r#"[["a"], null, null, null]"#, " [", "1", "null", "\"a\""] {
            let (message, param) = told(body);
            assert!(param.is_none() && message.contains("an object"), "{body}: {message}");
        }
    }
}
