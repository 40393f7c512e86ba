//! Normalisers that would make a text much longer, looked at before the library reads them: it normalises added tokens
//! at once.

use serde_json::Value;

use crate::charsmap::Normalized;

/// The most that replacements may lengthen a text by. Well-known models replace a blank by a character of three bytes.
const LARGEST_GROWTH: usize = 64;

/// A tokenizer's replacements make texts far longer.
#[derive(Debug, thiserror::Error)]
#[error("its normalizer's replacements could make a text more than {LARGEST_GROWTH} times as long")]
pub(crate) struct Grows;

/// Checks that the replacements of a `tokenizer.json`, each of which reads what the one before it wrote, do not
/// multiply a text without bound.
pub(crate) fn check(tokenizer: &[u8]) -> Result<(), Grows> {
    // What is no text is no JSON, and a text without either has no replacements: most word pieces' files.
    let text = std::str::from_utf8(tokenizer).unwrap_or_default();
    if !text.contains("\"pattern\"") && !crate::charsmap::has_escaped_letters(text) {
        return Ok(());
    }
    match serde_json::from_str::<Normalized>(text).map_or(1, |file| growth(&file.normalizer)) {
        growth if growth <= LARGEST_GROWTH => Ok(()),
        _ => Err(Grows),
    }
}

/// How many times as long, at most, all replacements in a normaliser make a text.
fn growth(normalizer: &Value) -> usize {
    match normalizer {
        Value::Array(all) => all.iter().map(growth).fold(1, usize::saturating_mul),
        Value::Object(fields) => match (fields.get("pattern"), fields.get("content").and_then(Value::as_str)) {
            (Some(pattern), Some(content)) => match shortest_match(pattern).unwrap_or(0) {
                // Found between any two bytes, and beside each.
                0 => content.len().saturating_add(1),
                shortest => content.len().div_ceil(shortest).max(1),
            },
            _ => fields.values().map(growth).fold(1, usize::saturating_mul),
        },
        _ => 1,
    }
}

/// Bytes of the shortest text that a pattern finds: at least so many.
fn shortest_match(pattern: &Value) -> Option<usize> {
    if let Some(text) = pattern.get("String") {
        return Some(text.as_str()?.len());
    }
    let regex = pattern.get("Regex")?.as_str()?;
    // What may make a regular expression find nothing, in a place: better one too many than one too few.
    let may_be_empty = regex.is_empty()
        || regex.contains(['*', '?', '|', '(', '^', '$'])
        || ["{0", "{,", "\\A", "\\B", "\\b", "\\G", "\\K", "\\Z", "\\z", "\\<", "\\>"]
            .iter()
            .any(|part| regex.contains(part));
    Some(usize::from(!may_be_empty))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_replacements_that_multiply_are_refused() {
        let replace =
            |pattern: Value, content: &str| json!({"type": "Replace", "pattern": pattern, "content": content});
        let letter = |times: usize| replace(json!({"String": "a"}), &"a".repeat(times));
        for (normalizers, right) in [
            (vec![], true),
            (vec![json!({"type": "NFKC"}), replace(json!({"String": " "}), "▁")], true),
            (vec![replace(json!({"Regex": " {2,}"}), "▁"), replace(json!({"String": "``"}), "\"")], true),
            (vec![letter(16), letter(4)], true),
            (vec![letter(16); 9], false),
            (vec![letter(65)], false),
            (vec![replace(json!({"String": "aaaa"}), &"a".repeat(65))], true),
            (vec![replace(json!({"Regex": ""}), &"a".repeat(64))], false),
            (vec![replace(json!({"Regex": "\\\\s+"}), " "); 20], true),
            (vec![replace(json!({"Regex": "\\\\b"}), " "); 20], false),
            (vec![replace(json!({"Regex": "x*"}), " "); 20], false),
            (vec![letter(16), json!({"type": "Sequence", "normalizers": [letter(16)]})], false),
            (vec![letter(usize::from(u16::MAX)); 20], false),
        ] {
            let json = json!({"normalizer": {"type": "Sequence", "normalizers": normalizers}}).to_string();
            let escaped = json.replace("pattern", "p\\u0061ttern");
            for json in [json, escaped] {
                assert_eq!(check(json.as_bytes()).is_ok(), right, "{json:.200}");
            }
        }
    }
}
