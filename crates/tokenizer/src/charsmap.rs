//! SentencePiece's compiled normalisation rules, looked at before the library reads them: it reserves memory for as long
//! a table as they claim to have, and ends the program where there is not so much.

use serde::Deserialize;
use serde_json::Value;

const KEY: &str = "precompiled_charsmap";
const QUOTED_KEY: &str = "\"precompiled_charsmap\"";

/// The one part of a `tokenizer.json` that is of interest here.
#[derive(Deserialize)]
pub(crate) struct Normalized {
    #[serde(default)]
    pub(crate) normalizer: Value,
}

/// What is wrong with the rules.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CharsMapError {
    #[error("`precompiled_charsmap` is no string")]
    NoString,
    #[error("`precompiled_charsmap` is damaged")]
    Damaged,
}

/// Checks the rules of a `tokenizer.json`, if it has any.
pub(crate) fn check(tokenizer: &[u8]) -> Result<(), CharsMapError> {
    // What is no text is no JSON: the library says so.
    let Ok(text) = std::str::from_utf8(tokenizer) else { return Ok(()) };
    if has_escaped_letters(text) {
        return check_normalizer(text);
    }
    // Files of megabytes have hundreds of kilobytes of rules: they are read where they stand.
    for (at, key) in text.match_indices(QUOTED_KEY) {
        match string_after(&text[at + key.len()..]) {
            Some(rules) => check_rules(rules)?,
            None => check_normalizer(text)?,
        }
    }
    Ok(())
}

/// Whether lower-case letters or underscores are written as escapes, which no program does: then keys do not stand in
/// the text as they are.
pub(crate) fn has_escaped_letters(text: &str) -> bool {
    ["\\u005", "\\u006", "\\u007"].iter().any(|escape| text.contains(escape))
}

/// The string that follows a key; none where something else does, as where the key is a token.
fn string_after(text: &str) -> Option<&str> {
    let value = text.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split_once('"').map(|(string, _)| string)
}

/// Checks the rules of all normalizers, and that they are strings.
fn check_normalizer(text: &str) -> Result<(), CharsMapError> {
    // What is no JSON is the library's to refuse.
    serde_json::from_str::<Normalized>(text).map_or(Ok(()), |file| check_value(&file.normalizer))
}

fn check_value(value: &Value) -> Result<(), CharsMapError> {
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            if key == KEY { check_rules(value.as_str().ok_or(CharsMapError::NoString)?) } else { check_value(value) }
        }),
        Value::Array(values) => values.iter().try_for_each(check_value),
        _ => Ok(()),
    }
}

/// Base 64 of: the bytes of a table as a 32-bit number, the table in 32-bit numbers, UTF-8 text.
fn check_rules(rules: &str) -> Result<(), CharsMapError> {
    let damaged = || CharsMapError::Damaged;
    let bytes = base64::decode(rules).map_err(|_| damaged())?;
    let (size, rest) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
    let size = usize::try_from(u32::from_le_bytes(*size)).map_err(|_| damaged())? / 4 * 4;
    let text = rest.get(size..).filter(|_| size > 0).ok_or_else(damaged)?;
    std::str::from_utf8(text).map(drop).map_err(|_| damaged())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_library_reads_is_let_through() {
        let file = |rules: &str| format!("{{\"normalizer\": {{\"type\": \"Sequence\", \"normalizers\": [{rules}]}}}}");
        let rules = |value: &str| file(&format!("{{\"type\": \"Precompiled\", \"precompiled_charsmap\" : {value}}}"));
        for (text, right) in [
            (file(""), true),
            // Four bytes of table, then "a" and an end.
            (rules("\"BAAAAAAAAABhAA==\""), true),
            (rules("\"BAAAAAAAAABhAA\""), true),
            (rules("\"BAAAAAAAAABhA\""), false),
            (rules("\"BAAAAAAAAABh!A==\""), false),
            (rules("\"BAAAAAAAAAD/AA==\""), false),
            (rules("\"CAAAAAAAAABhAA==\""), false),
            (rules("\"AAAA\""), false),
            (rules("\"AAAAAA==\""), false),
            (rules("\"\""), false),
            (rules("\"AP///w==\""), false),
            (rules("\"AP///w==\"").replace("charsmap", "charsm\\u0061p"), false),
            (rules("\"BAAAAAAAAABhAA==\"").replace("charsmap", "charsm\\u0061p"), true),
            (rules("null"), false),
            (rules("7"), false),
            ("{\"model\": {\"vocab\": {\"precompiled_charsmap\": 7}}}".to_owned(), true),
        ] {
            assert_eq!(check(text.as_bytes()).is_ok(), right, "{text}");
        }
    }
}
