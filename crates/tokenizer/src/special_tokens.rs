//! `special_tokens_map.json`.

use indexmap::IndexMap;
use serde_json::Value;
use tokenizers::AddedToken;

use crate::{Error, Result, TokenizerFiles};

/// The tokens of `special_tokens_map.json`, in the file's order: those that the vocabulary lacks get ids in this order.
/// None when the file is absent. What is neither a text nor an object with one is passed over, as the reference does:
/// newer files have objects of other tokens, and switches, beside the tokens.
pub(crate) fn special_tokens(files: &TokenizerFiles<'_>) -> Result<Vec<AddedToken>> {
    const NAME: &str = TokenizerFiles::SPECIAL_TOKENS_MAP;
    let map: IndexMap<String, Value> = files.json(NAME, files.special_tokens_map.as_deref())?;
    let mut tokens = Vec::new();
    for (key, value) in &map {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values.iter().filter(|value| names_token(value)) {
            let token = special_token(value);
            tokens.push(
                token.ok_or_else(|| {
                    Error::file(files.label(NAME), format!("`{key}` holds {value}, which is no token"))
                })?,
            );
        }
    }
    Ok(tokens)
}

fn names_token(value: &Value) -> bool {
    value.is_string() || value.get("content").is_some_and(|content| !content.is_null())
}

/// A token; none where the value is none. Flags that are absent are those of special tokens.
fn special_token(value: &Value) -> Option<AddedToken> {
    let mut token = AddedToken::from(token_text(value)?, true);
    for (key, flag) in [
        ("single_word", &mut token.single_word),
        ("lstrip", &mut token.lstrip),
        ("rstrip", &mut token.rstrip),
        ("normalized", &mut token.normalized),
    ] {
        if let Some(value) = value.get(key) {
            *flag = value.as_bool()?;
        }
    }
    Some(token)
}

/// A token stands in configurations as text, or as an object with its text as `content`.
pub(crate) fn token_text(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("content").and_then(Value::as_str))
}
