//! SentencePiece's compiled normalisation rules, looked at before the library reads them: it ends the
//! program where they are cut off.

use serde::Deserialize;
use serde_json::Value;

const KEY: &str = "\"precompiled_charsmap\"";

/// The one part of a `tokenizer.json` that is of interest here.
#[derive(Deserialize)]
struct Normalized {
    #[serde(default)]
    normalizer: Value,
}

/// Checks the rules of a `tokenizer.json`, if it has any; the error says what is wrong with them.
pub(super) fn check(tokenizer: &[u8]) -> Result<(), String> {
    // What is no text is no JSON: the library says so.
    let Ok(text) = std::str::from_utf8(tokenizer) else { return Ok(()) };
    // Files of megabytes have hundreds of kilobytes of rules: they are read where they stand.
    for (at, _) in text.match_indices(KEY) {
        match string_after(&text[at + KEY.len()..]) {
            Some(rules) => check_rules(rules)?,
            None => check_values(text)?,
        }
    }
    Ok(())
}

/// The string that follows a key; none where something else does, as where the key is a token.
fn string_after(text: &str) -> Option<&str> {
    let value = text.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    value.split_once('"').map(|(string, _)| string)
}

/// Checks that the rules of all normalizers are strings.
fn check_values(text: &str) -> Result<(), String> {
    fn all_strings(value: &Value) -> bool {
        match value {
            Value::Object(fields) => fields
                .iter()
                .all(|(key, value)| if key == KEY.trim_matches('"') { value.is_string() } else { all_strings(value) }),
            Value::Array(values) => values.iter().all(all_strings),
            _ => true,
        }
    }
    match serde_json::from_str::<Normalized>(text) {
        Ok(file) if !all_strings(&file.normalizer) => Err("`precompiled_charsmap` is no string".to_owned()),
        _ => Ok(()),
    }
}

/// Base 64 of: the bytes of a table as a 32-bit number, the table in 32-bit numbers, UTF-8 text.
fn check_rules(rules: &str) -> Result<(), String> {
    let damaged = || "`precompiled_charsmap` is damaged".to_owned();
    let bytes = from_base64(rules).ok_or_else(damaged)?;
    let (size, rest) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
    let size = usize::try_from(u32::from_le_bytes(*size)).map_err(|_| damaged())? / 4 * 4;
    let text = rest.get(size..).filter(|_| size > 0).ok_or_else(damaged)?;
    std::str::from_utf8(text).map(drop).map_err(|_| damaged())
}

/// The bytes that a text of RFC 4648's base 64, padded, stands for.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - digits.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0).then_some(bytes)
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
            (rules("\"BAAAAAAAAABhAA\""), false),
            (rules("\"BAAAAAAAAABh!A==\""), false),
            (rules("\"BAAAAAAAAAD/AA==\""), false),
            (rules("\"CAAAAAAAAABhAA==\""), false),
            (rules("\"AAAA\""), false),
            (rules("\"AAAAAA==\""), false),
            (rules("\"\""), false),
            (rules("null"), false),
            (rules("7"), false),
            ("{\"model\": {\"vocab\": {\"precompiled_charsmap\": 7}}}".to_owned(), true),
        ] {
            assert_eq!(check(text.as_bytes()).is_ok(), right, "{text}");
        }
    }

    #[test]
    fn base64_is_read() {
        for (text, expected) in
            [("", Some(&b""[..])), ("Zg==", Some(b"f")), ("Zm8=", Some(b"fo")), ("Zm9v", Some(b"foo"))]
        {
            assert_eq!(from_base64(text).as_deref(), expected);
        }
        assert_eq!(from_base64("Zh=="), None, "bits are left over");
    }
}
