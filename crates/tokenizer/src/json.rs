//! JSON as Python writes it.

use serde::de::DeserializeOwned;

/// Why a text is not the JSON that was expected.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ParseError(serde_json::Error);

/// Reads JSON, and what Python's `json` module writes beyond the standard: `NaN`, `Infinity` and `-Infinity`.
///
/// JSON's data model has no such numbers: an infinity is read as 1.79e308, near the largest finite one, and `NaN` as
/// null. In an integer's place the former is refused, in a place that cannot be empty the latter.
///
/// ```
/// let limits: Vec<f64> = embedkit_tokenizer::json::parse(b"[0.5, -Infinity]")?;
/// assert_eq!(limits, [0.5, -1.79e308]);
/// # Ok::<(), embedkit_tokenizer::json::ParseError>(())
/// ```
///
/// # Errors
/// What serde_json finds wrong: no JSON, JSON of another shape, or more than 127 levels.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, ParseError> {
    let error = match serde_json::from_slice(json) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    match with_finite_numbers(json) {
        Some(finite) => serde_json::from_slice(&finite).map_err(ParseError),
        None => Err(ParseError(error)),
    }
}

/// Python's names of numbers, and what stands for them; where it can be, as long, so that errors name the right column.
const NUMBERS: [(&[u8], &[u8]); 2] = [(b"Infinity", b"1.79e308"), (b"NaN", b"null")];

/// The text with other numbers for those that JSON does not have; none where it has none of these.
fn with_finite_numbers(json: &[u8]) -> Option<Vec<u8>> {
    let mut finite = Vec::with_capacity(json.len());
    let mut found = false;
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        let starts_value = !json[..at].last().is_some_and(|byte| byte.is_ascii_alphanumeric() || b".+_".contains(byte));
        let number = NUMBERS.iter().find(|(name, _)| starts_value && json[at..].starts_with(name));
        let length = match number {
            _ if *byte == b'"' => string_length(&json[at..]),
            Some((name, _)) => name.len(),
            None => 1,
        };
        found |= number.is_some();
        finite.extend(number.map_or(&json[at..at + length], |(_, value)| value));
        at += length;
    }
    found.then_some(finite)
}

/// The strings of a JSON text, quotes included, in order.
pub(crate) fn strings(json: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = json;
    std::iter::from_fn(move || {
        let start = rest.iter().position(|byte| *byte == b'"')?;
        let (string, after) = rest[start..].split_at(string_length(&rest[start..]));
        rest = after;
        Some(string)
    })
}

/// Bytes of the string that JSON starts with, quotes included.
fn string_length(json: &[u8]) -> usize {
    let mut escaped = false;
    let end = json.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn pythons_numbers_are_read() {
        for (text, expected) in [
            (r#"{"a": NaN, "b": [Infinity, -Infinity]}"#, Some(json!({"a": null, "b": [1.79e308, -1.79e308]}))),
            (r#"[Infinity,NaN,"NaN\"Infinity\\", NaN]"#, Some(json!([1.79e308, null, "NaN\"Infinity\\", null]))),
            (r#"{"Infinity": "NaN"}"#, Some(json!({"Infinity": "NaN"}))),
            ("NaN", Some(Value::Null)),
            ("1Infinity", None),
            ("Infinity5", None),
            ("+Infinity", None),
            ("-NaN", None),
            ("NaNs", None),
            ("nan", None),
            ("[NaN, \"", None),
            ("[NaN,]", None),
            ("\"\\", None),
            ("", None),
        ] {
            assert_eq!(parse::<Value>(text.as_bytes()).ok(), expected, "{text}");
        }
        assert!(parse::<u64>(b"Infinity").is_err());
        assert!(parse::<f64>(b"NaN").is_err());
        assert_eq!(parse::<Option<f64>>(b"NaN").unwrap(), None);
    }

    #[test]
    fn errors_name_the_place() {
        let error = parse::<Value>(b"[Infinity, x]").unwrap_err();
        assert_eq!(error.to_string(), "expected value at line 1 column 12");
    }

    #[test]
    fn deep_nesting_is_refused() {
        for inside in ["", "NaN"] {
            let deep = format!("{}{inside}", "[".repeat(1_000_000));
            assert!(parse::<Value>(deep.as_bytes()).unwrap_err().to_string().contains("recursion limit"));
        }
    }
}
