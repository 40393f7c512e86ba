//! Whether `tokenizer_config.json` says what `tokenizer.json` does.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::config::TokenizerConfig;
use crate::{Error, Result, TokenizerFiles, json};

/// Models whose tokenizers, in transformers, change `tokenizer.json`'s rules to what `tokenizer_config.json` says.
const MODELS: [&str; 10] =
    ["bert", "distilbert", "electra", "funnel", "layoutlm", "lxmert", "mobilebert", "mpnet", "splinter", "squeezebert"];

#[derive(Deserialize)]
struct Pipeline {
    normalizer: Option<Normalizer>,
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
    /// `tokenizer_config.json` or `added_tokens.json` has tokens that `tokenizer.json` and `special_tokens_map.json` do
    /// not add, or adds them with other flags; and where the tokenizer's class would put a blank or special tokens around
    /// texts otherwise.
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
        self.check_added_tokens(&config)?;
        let model = self.tokenizers_model(&config)?;
        self.check_class(&config, &model)?;
        if !MODELS.contains(&&*model) {
            return Ok(());
        }
        let pipeline: Pipeline = self.tokenizer_json()?;
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

    /// What is needed of `tokenizer.json`.
    pub(crate) fn tokenizer_json<T: DeserializeOwned>(&self) -> Result<T> {
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
}
