//! Whether `tokenizer_config.json` and `added_tokens.json` add the tokens that `tokenizer.json` does.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::TokenizerConfig;
use crate::special_tokens::{special_tokens, token_text};
use crate::{Error, Result, TokenizerFiles};

/// The keys of `tokenizer_config.json` that name special tokens which texts are given, as markers are. Those that stand for
/// what is unknown, masked or filled up, or around texts, are in no text, and may be in no file either.
const SPECIAL: [&str; 2] = ["additional_special_tokens", "extra_special_tokens"];

/// How a token is found in texts: words that merely hold it, blanks on its sides, the text before or after normalisation.
const FLAGS: [&str; 4] = ["single_word", "lstrip", "rstrip", "normalized"];

/// What of `tokenizer.json` decides which tokens are found in texts.
#[derive(Deserialize)]
struct Pipeline {
    #[serde(default)]
    added_tokens: Vec<Value>,
}

#[derive(Deserialize)]
struct Vocabulary {
    #[serde(default)]
    model: Model,
}

#[derive(Default, Deserialize)]
struct Model {
    /// Of any kind: ids by token, or tokens with their scores.
    #[serde(default)]
    vocab: Value,
}

impl Model {
    fn has(&self, token: &str) -> bool {
        match &self.vocab {
            Value::Object(ids) => ids.contains_key(token),
            Value::Array(scores) => scores.iter().any(|entry| entry.get(0).and_then(Value::as_str) == Some(token)),
            _ => false,
        }
    }
}

/// A token that another file than `tokenizer.json` adds.
struct Wanted<'c> {
    text: &'c str,
    is_special: bool,
    /// The file and the key.
    file: &'static str,
    key: &'static str,
    /// The object with its flags, where it has any.
    flags: Option<&'c Value>,
}

impl TokenizerFiles<'_> {
    /// Refuses a token that transformers would find in texts and `tokenizer.json` does not, or finds elsewhere. A special token that
    /// the vocabulary has is not refused: texts hold none by chance.
    pub(crate) fn check_added_tokens(&self, config: &TokenizerConfig<'_>) -> Result<()> {
        let more: Map<String, Value> = self.json(Self::ADDED_TOKENS, self.added_tokens.as_deref())?;
        let wanted = wanted(config, &more);
        if wanted.is_empty() {
            return Ok(());
        }
        let pipeline: Pipeline = self.tokenizer_json()?;
        let added: HashMap<&str, &Value> =
            pipeline.added_tokens.iter().filter_map(|token| Some((token_text(token)?, token))).collect();
        let special = special_tokens(self)?;
        // A vocabulary is large, and read where something hangs on it.
        let mut vocabulary: Option<Vocabulary> = None;
        for token in wanted {
            let Wanted { text, file, key, .. } = token;
            let invalid = |message: String| {
                let named = if key.is_empty() { String::new() } else { format!("`{key}` ") };
                Err(Error::file(self.label(file), format!("{named}{message}")))
            };
            if let Some(done) = added.get(text) {
                if let Some(flag) = token.other_flag(done) {
                    return invalid(format!(
                        "has {text:?} with another `{flag}` than the `added_tokens` of tokenizer.json: texts that hold it \
                         would be read otherwise than by transformers; make both the same"
                    ));
                }
                continue;
            }
            let mut is_known = special.iter().any(|special| special.content == text);
            if !is_known && token.is_special {
                let read = vocabulary.take().map_or_else(|| self.tokenizer_json(), Ok)?;
                is_known = vocabulary.insert(read).model.has(text);
            }
            if !is_known {
                return invalid(format!(
                    "has {text:?}, which the `added_tokens` of tokenizer.json lack: texts that hold it would be read \
                     otherwise than by transformers; save the tokenizer again, or take the entry out"
                ));
            }
        }
        Ok(())
    }
}

impl Wanted<'_> {
    /// The first flag that `tokenizer.json` has another way. Those of special tokens are not compared: texts hold none by
    /// chance.
    fn other_flag(&self, done: &Value) -> Option<&'static str> {
        let flags = self.flags.filter(|_| !self.is_special)?;
        FLAGS.into_iter().find(|flag| {
            let wanted = flags.get(flag).and_then(Value::as_bool);
            wanted.is_some_and(|wanted| done.get(flag).and_then(Value::as_bool).is_some_and(|done| done != wanted))
        })
    }
}

/// The tokens that transformers adds, in its own order of what it goes by: `added_tokens.json` only where there is no
/// `added_tokens_decoder`.
fn wanted<'c>(config: &'c TokenizerConfig<'_>, more: &'c Map<String, Value>) -> Vec<Wanted<'c>> {
    const DECODER: &str = "added_tokens_decoder";
    let config_file = TokenizerFiles::TOKENIZER_CONFIG;
    let special = SPECIAL.into_iter().flat_map(|key| {
        let texts = config.get(key).into_iter().flat_map(tokens_of);
        texts.map(move |text| Wanted { text, is_special: true, file: config_file, key, flags: None })
    });
    let mut wanted: Vec<_> = special.collect();
    if let Some(decoder) = config.get(DECODER).and_then(Value::as_object) {
        wanted.extend(decoder.values().filter_map(|token| {
            let is_special = token.get("special").and_then(Value::as_bool) == Some(true);
            Some(Wanted { text: token_text(token)?, is_special, file: config_file, key: DECODER, flags: Some(token) })
        }));
    } else {
        let names: Vec<&str> = wanted.iter().map(|special| special.text).collect();
        wanted.extend(more.keys().map(|text| Wanted {
            text,
            is_special: names.contains(&text.as_str()),
            file: TokenizerFiles::ADDED_TOKENS,
            key: "",
            flags: None,
        }));
    }
    wanted
}

/// The tokens that a value names: one, a list of them, or one for each of a model's own names.
fn tokens_of(value: &Value) -> Vec<&str> {
    match (token_text(value), value) {
        (Some(text), _) => vec![text],
        (None, Value::Array(tokens)) => tokens.iter().filter_map(token_text).collect(),
        (None, Value::Object(tokens)) => tokens.values().filter_map(token_text).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::TokenizerFiles;

    fn check(tokenizer: &Value, config: &Value, added: Option<&Value>) -> Result<(), String> {
        let mut files = TokenizerFiles::new(tokenizer.to_string().into_bytes());
        files.special_tokens_map = Some(b"{\"mask_token\": \"special\"}".as_slice().into());
        files.tokenizer_config = Some(config.to_string().into_bytes().into());
        files.added_tokens = added.map(|added| added.to_string().into_bytes().into());
        files.check_agreement().map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_that_is_added_beside_the_vocabulary_is_refused_by_name() {
        for (vocab, refused) in [
            (json!({"a": 0, "[MASK]": 1}), true),
            (json!({"a": 0, "in vocab": 1}), false),
            (json!([["a", -1.5], ["in vocab", -2.0]]), false),
            (json!([["a", -1.5]]), true),
            (json!(null), true),
        ] {
            let tokenizer = json!({"added_tokens": [{"id": 7, "content": "added"}], "model": {"vocab": vocab}});
            for (token, special, refused) in [
                ("added", false, false),
                ("special", true, false),
                ("in vocab", true, refused),
                ("in vocab", false, true),
            ] {
                let entry = json!({"content": token, "special": special});
                let mut ways = vec![(json!({"added_tokens_decoder": {"7": entry}}), None, "added_tokens_decoder")];
                // Special tokens stand under names of their own too, and all in a file of their own in older folders.
                if special {
                    assert_eq!(check(&tokenizer, &json!({"bos_token": token}), None), Ok(()));
                    ways.push((json!({"additional_special_tokens": ["added", token]}), None, "additional_special"));
                    ways.push((json!({"extra_special_tokens": {"image_token": entry}}), None, "extra_special_tokens"));
                } else {
                    ways.push((json!({}), Some(json!({token: 7})), "added_tokens.json"));
                }
                for (config, file, key) in ways {
                    let checked = check(&tokenizer, &config, file.as_ref());
                    let told = checked.as_ref().is_err_and(|e| e.contains("\"in vocab\"") && e.contains(key));
                    assert_eq!((checked.is_err(), told), (refused, refused), "{vocab} {config}: {checked:?}");
                }
            }
        }
        // With `added_tokens_decoder`, nothing else reads the older file.
        let decoder = json!({"added_tokens_decoder": {}});
        assert_eq!(check(&json!({"model": {}}), &decoder, Some(&json!({"a": 1}))), Ok(()));
    }

    #[test]
    fn a_token_that_is_found_otherwise_is_refused_by_its_flag() {
        for flag in super::FLAGS {
            for (special, done, wanted, refused) in [
                (false, json!(false), json!(true), true),
                (false, json!(true), json!(false), true),
                (false, json!(true), json!(true), false),
                (false, json!(true), json!(null), false),
                (true, json!(true), json!(false), false),
            ] {
                let tokenizer = json!({"added_tokens": [{"id": 7, "content": "t", flag: done}], "model": {}});
                let config = json!({"added_tokens_decoder": {"7": {"content": "t", "special": special, flag: wanted}}});
                let checked = check(&tokenizer, &config, None);
                assert_eq!(checked.is_err(), refused, "{config}: {checked:?}");
                assert!(checked.err().is_none_or(|e| e.contains(flag) && e.contains("\"t\"")), "{config}");
            }
        }
    }
}
