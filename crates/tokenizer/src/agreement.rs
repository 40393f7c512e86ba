//! Whether `tokenizer_config.json` says what `tokenizer.json` does.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::config::TokenizerConfig;
use crate::special_tokens::{special_tokens, token_text};
use crate::{Error, Result, TokenizerFiles, json};

/// Models whose tokenizers, in transformers, change `tokenizer.json`'s rules to what `tokenizer_config.json` says.
const MODELS: [&str; 10] =
    ["bert", "distilbert", "electra", "funnel", "layoutlm", "lxmert", "mobilebert", "mpnet", "splinter", "squeezebert"];

#[derive(Deserialize)]
struct Pipeline {
    normalizer: Option<Normalizer>,
    #[serde(default)]
    added_tokens: Vec<Added>,
}

#[derive(Deserialize)]
struct Added {
    content: String,
}

#[derive(Default, Deserialize)]
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

impl Vocabulary {
    fn has(&self, token: &str) -> bool {
        match &self.model.vocab {
            Value::Object(ids) => ids.contains_key(token),
            Value::Array(scores) => scores.iter().any(|entry| entry.get(0).and_then(Value::as_str) == Some(token)),
            _ => false,
        }
    }
}

/// The rules of BERT's; those of other kinds have none of these names.
#[derive(Deserialize)]
struct Normalizer {
    #[serde(rename = "type")]
    kind: String,
    lowercase: Option<bool>,
    strip_accents: Option<bool>,
    handle_chinese_chars: Option<bool>,
}

impl TokenizerFiles<'_> {
    /// Refuses files of which the one brings texts to lower case, takes accents off or sets Chinese characters apart
    /// and the other says that it does not. transformers goes by `tokenizer_config.json`, everything that reads
    /// `tokenizer.json` alone by that. So it does where special tokens in texts are to be read as other words, and where
    /// `added_tokens_decoder` has tokens that `tokenizer.json` and `special_tokens_map.json` do not add.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] naming the key, and for files that cannot be read.
    pub fn check_agreement(&self) -> Result<()> {
        let config = TokenizerConfig::read(self)?;
        if config.get("split_special_tokens").and_then(Value::as_bool) == Some(true) {
            let message = "`split_special_tokens` is true, and special tokens in texts would be read as such, which \
                           tokenizer.json alone decides; take the key out if that is right";
            return Err(config.invalid(message.to_owned()));
        }
        let added = config.get("added_tokens_decoder").and_then(Value::as_object);
        let added: Vec<&Value> = added.into_iter().flat_map(Map::values).collect();
        let is_bert = MODELS.contains(&&*self.tokenizers_model(&config)?);
        if added.is_empty() && !is_bert {
            return Ok(());
        }
        let pipeline: Pipeline = self.tokenizer_json()?;
        self.check_added(&added, &pipeline, &config)?;
        if !is_bert {
            return Ok(());
        }
        let Some(rules) = pipeline.normalizer.filter(|rules| rules.kind == "BertNormalizer") else { return Ok(()) };
        for (key, rule, done) in [
            ("do_lower_case", "lowercase", rules.lowercase),
            // Where nothing is said of accents, they go with lower case.
            ("strip_accents", "strip_accents", rules.strip_accents.or(rules.lowercase)),
            ("tokenize_chinese_chars", "handle_chinese_chars", rules.handle_chinese_chars),
        ] {
            let wanted = config.get(key).and_then(Value::as_bool);
            if let (Some(wanted), Some(done)) = (wanted, done)
                && wanted != done
            {
                return Err(config.invalid(format!(
                    "`{key}` is {wanted}, and the `{rule}` of tokenizer.json is {done}: texts would be read otherwise \
                     than by transformers; make both the same"
                )));
            }
        }
        Ok(())
    }

    /// Refuses a token of `added_tokens_decoder` that would not be found in texts as one. A special token that the vocabulary
    /// has is not refused: texts hold none by chance.
    fn check_added(&self, added: &[&Value], pipeline: &Pipeline, config: &TokenizerConfig<'_>) -> Result<()> {
        let special = special_tokens(self)?;
        let is_added = |token: &str| {
            pipeline.added_tokens.iter().any(|added| added.content == token)
                || special.iter().any(|special| special.content == token)
        };
        let is_special = |token: &Value| token.get("special").and_then(Value::as_bool) == Some(true);
        // A vocabulary is large, and read where something hangs on it.
        let mut vocabulary: Option<Vocabulary> = None;
        for token in added {
            let Some(text) = token_text(token).filter(|text| !is_added(text)) else { continue };
            if is_special(token) {
                let read = vocabulary.take().map_or_else(|| self.tokenizer_json(), Ok)?;
                if vocabulary.insert(read).has(text) {
                    continue;
                }
            }
            return Err(config.invalid(format!(
                "`added_tokens_decoder` has {text:?}, which the `added_tokens` of tokenizer.json lack: texts that hold it \
                 would be read otherwise than by transformers; save the tokenizer again, or take the entry out"
            )));
        }
        Ok(())
    }

    /// What is needed of `tokenizer.json`.
    fn tokenizer_json<T: DeserializeOwned>(&self) -> Result<T> {
        let path = self.label(Self::TOKENIZER);
        json::parse(&self.tokenizer).map_err(|error| Error::file_because(path, "is not a tokenizer", error))
    }

    /// The model whose tokenizer transformers takes: that of the class which is named, or the model's own.
    fn tokenizers_model(&self, config: &TokenizerConfig<'_>) -> Result<String> {
        if let Some(class) = config.get("tokenizer_class").and_then(Value::as_str) {
            let class = class.to_lowercase();
            let class = class.strip_suffix("fast").unwrap_or(&class);
            return Ok(class.strip_suffix("tokenizer").unwrap_or(class).to_owned());
        }
        let model: Map<String, Value> = self.json(Self::CONFIG, self.config.as_deref())?;
        Ok(model.get("model_type").and_then(Value::as_str).unwrap_or_default().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::TokenizerFiles;

    #[test]
    fn files_that_contradict_each_other_are_refused_by_the_key() {
        let bert = |lower: bool, accents: Option<bool>| {
            json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": accents, "lowercase": lower})
        };
        let fast = "BertTokenizerFast";
        for (normalizer, class, key, value, refused) in [
            (bert(true, None), fast, "do_lower_case", json!(true), false),
            (bert(true, None), fast, "do_lower_case", json!(null), false),
            (bert(true, None), fast, "do_lower_case", json!(false), true),
            (bert(false, None), "MPNetTokenizer", "do_lower_case", json!(true), true),
            (bert(true, None), fast, "strip_accents", json!(true), false),
            (bert(true, None), fast, "strip_accents", json!(false), true),
            (bert(true, Some(false)), fast, "strip_accents", json!(false), false),
            (bert(false, None), fast, "strip_accents", json!(true), true),
            (bert(true, None), "BertTokenizer", "tokenize_chinese_chars", json!(false), true),
            // By other classes the key changes nothing.
            (bert(true, None), "PreTrainedTokenizerFast", "do_lower_case", json!(false), false),
            (bert(true, None), "ConvBertTokenizer", "do_lower_case", json!(false), false),
            (json!({"type": "Lowercase"}), fast, "do_lower_case", json!(false), false),
            (json!(null), fast, "do_lower_case", json!(true), false),
            (json!(null), "PreTrainedTokenizerFast", "split_special_tokens", json!(true), true),
            (json!(null), fast, "split_special_tokens", json!(false), false),
        ] {
            let tokenizer = json!({"normalizer": normalizer, "model": {"vocab": {"a": 1}}});
            let mut files = TokenizerFiles::new(tokenizer.to_string().into_bytes());
            files.tokenizer_config =
                Some(json!({"tokenizer_class": class, key: value}).to_string().into_bytes().into());
            let checked = files.check_agreement().map_err(|error| error.to_string());
            let told = checked.as_ref().err().is_some_and(|message| message.contains(&format!("`{key}` is {value}")));
            assert_eq!((checked.is_err(), told), (refused, refused), "{class} {key} {value}: {checked:?}");
        }
        // Without a class, the model says which it is.
        for (model, refused) in [("bert", true), ("xlm-roberta", false)] {
            let mut files = TokenizerFiles::new(json!({"normalizer": bert(true, None)}).to_string().into_bytes());
            files.tokenizer_config = Some(b"{\"do_lower_case\": false}".as_slice().into());
            files.config = Some(json!({"model_type": model}).to_string().into_bytes().into());
            assert_eq!(files.check_agreement().is_err(), refused, "{model}");
        }
        TokenizerFiles::new(b"{}".as_slice()).check_agreement().unwrap();
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
            let mut files = TokenizerFiles::new(tokenizer.to_string().into_bytes());
            files.special_tokens_map = Some(b"{\"mask_token\": \"special\"}".as_slice().into());
            for (token, special, refused) in [
                ("added", false, false),
                ("special", true, false),
                ("in vocab", true, refused),
                ("in vocab", false, true),
            ] {
                let config = json!({"added_tokens_decoder": {"7": {"content": token, "special": special}}});
                files.tokenizer_config = Some(config.to_string().into_bytes().into());
                let checked = files.check_agreement().map_err(|error| error.to_string());
                let told = checked.as_ref().err().is_some_and(|message| message.contains("\"in vocab\""));
                assert_eq!((checked.is_err(), told), (refused, refused), "{vocab} {token}: {checked:?}");
            }
        }
    }
}
