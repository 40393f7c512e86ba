//! Whether `tokenizer_config.json` says what `tokenizer.json` does where transformers' classes make parts of it anew.

use serde::Deserialize;
use serde_json::Value;

use crate::config::TokenizerConfig;
use crate::special_tokens::token_text;
use crate::{Result, TokenizerFiles};

/// What of `tokenizer.json` some classes make anew.
#[derive(Deserialize)]
struct Pipeline {
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
}

impl TokenizerFiles<'_> {
    /// Refuses what the class of this model, in one version of transformers or in all, takes from
    /// `tokenizer_config.json` and `tokenizer.json` has otherwise.
    pub(crate) fn check_class(&self, config: &TokenizerConfig<'_>, model: &str) -> Result<()> {
        if !["bert", "roberta", "llama"].contains(&model) {
            return Ok(());
        }
        let pipeline: Pipeline = self.tokenizer_json()?;
        if model == "roberta" {
            check_prefix_space(config, &pipeline.pre_tokenizer)?;
        }
        let (before, behind) = ends(&pipeline.post_processor);
        if model == "llama" {
            check_added(config, ("add_bos_token", "bos_token", "<s>"), before)?;
            check_added(config, ("add_eos_token", "eos_token", "</s>"), behind)
        } else {
            check_same(config, "cls_token", before)?;
            check_same(config, "sep_token", behind)
        }
    }
}

/// Every version goes by the configuration, in which an absent key is false.
fn check_prefix_space(config: &TokenizerConfig<'_>, pre_tokenizer: &Value) -> Result<()> {
    const KEY: &str = "add_prefix_space";
    let wanted = config.get(KEY).and_then(Value::as_bool).unwrap_or(false);
    match pre_tokenizer.get(KEY).and_then(Value::as_bool) {
        Some(done) if done != wanted && pre_tokenizer.get("type").is_some_and(|kind| kind == "ByteLevel") => {
            Err(config.invalid(format!(
                "`{KEY}` is {wanted}, and that of the pre-tokenizer in tokenizer.json is {done}: the first word of texts \
                 would be read otherwise than by transformers; make both the same"
            )))
        }
        _ => Ok(()),
    }
}

/// transformers 4 goes by the configuration, transformers 5 by `tokenizer.json`.
fn check_added(config: &TokenizerConfig<'_>, names: (&str, &str, &str), found: Option<&str>) -> Result<()> {
    let (key, name, usual) = names;
    let token = config.get(name).and_then(token_text).unwrap_or(usual);
    let is_added = found == Some(token);
    match config.get(key).and_then(Value::as_bool) {
        Some(wanted) if wanted != is_added => Err(config.invalid(format!(
            "`{key}` is {wanted}, and the post-processor of tokenizer.json {} {token:?} to texts: versions of transformers \
             go by the one or the other; make both the same",
            if is_added { "adds" } else { "does not add" }
        ))),
        _ => Ok(()),
    }
}

/// transformers 5 goes by the configuration, transformers 4 by `tokenizer.json`.
fn check_same(config: &TokenizerConfig<'_>, key: &str, found: Option<&str>) -> Result<()> {
    match (config.get(key).and_then(token_text), found) {
        (Some(wanted), Some(done)) if wanted != done => Err(config.invalid(format!(
            "`{key}` is {wanted:?}, and the post-processor of tokenizer.json puts {done:?} in its place: versions of \
             transformers go by the one or the other; make both the same"
        ))),
        _ => Ok(()),
    }
}

/// The special tokens that a post-processor puts before a text and behind it.
fn ends(post_processor: &Value) -> (Option<&str>, Option<&str>) {
    let token = |name: &str| post_processor.get(name).and_then(|token| token.get(0)).and_then(Value::as_str);
    match post_processor.get("type").and_then(Value::as_str) {
        Some("BertProcessing" | "RobertaProcessing") => (token("cls"), token("sep")),
        Some("TemplateProcessing") => {
            let pieces = post_processor.get("single").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            (special(pieces.first()), special(pieces.last()))
        }
        Some("Sequence") => {
            let steps = post_processor.get("processors").and_then(Value::as_array).into_iter().flatten();
            steps.map(ends).find(|ends| *ends != (None, None)).unwrap_or_default()
        }
        _ => (None, None),
    }
}

/// The special token that a piece of a template is.
fn special(piece: Option<&Value>) -> Option<&str> {
    piece?.get("SpecialToken")?.get("id")?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::TokenizerFiles;

    fn check(tokenizer: &Value, config: &Value) -> Result<(), String> {
        let mut files = TokenizerFiles::new(tokenizer.to_string().into_bytes());
        files.tokenizer_config = Some(config.to_string().into_bytes().into());
        files.check_agreement().map_err(|error| error.to_string())
    }

    fn template(tokens: [Option<&str>; 2]) -> Value {
        let special = |token: Option<&str>| token.map(|token| json!({"SpecialToken": {"id": token, "type_id": 0}}));
        let text = Some(json!({"Sequence": {"id": "A", "type_id": 0}}));
        let pieces: Vec<Value> = [special(tokens[0]), text, special(tokens[1])].into_iter().flatten().collect();
        json!({"type": "TemplateProcessing", "single": pieces})
    }

    /// What transformers 4.57 and 5.3 make of the two files: the first word of a text after a blank or not.
    #[test]
    fn a_blank_before_texts_is_compared_where_every_version_goes_by_the_configuration() {
        for (class, wanted, done, refused) in [
            ("RobertaTokenizer", json!(true), false, true),
            ("RobertaTokenizerFast", json!(false), true, true),
            ("RobertaTokenizerFast", json!(null), true, true),
            ("RobertaTokenizerFast", json!(true), true, false),
            ("RobertaTokenizerFast", json!(false), false, false),
            ("RobertaTokenizerFast", json!(null), false, false),
            // By some versions, or by none.
            ("GPT2TokenizerFast", json!(true), false, false),
            ("Qwen2Tokenizer", json!(false), true, false),
            ("PreTrainedTokenizerFast", json!(true), false, false),
            ("XLMRobertaTokenizer", json!(false), true, false),
        ] {
            let tokenizer = json!({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": done}});
            let checked = check(&tokenizer, &json!({"tokenizer_class": class, "add_prefix_space": wanted}));
            assert_eq!(checked.is_err(), refused, "{class} {wanted} {done}: {checked:?}");
            assert!(checked.err().is_none_or(|error| error.contains("`add_prefix_space`")), "{class}");
        }
        // Other pre-tokenizers have a key of that name too.
        let metaspace = json!({"pre_tokenizer": {"type": "Metaspace", "add_prefix_space": true}});
        assert_eq!(check(&metaspace, &json!({"tokenizer_class": "RobertaTokenizer"})), Ok(()));
    }

    #[test]
    fn tokens_around_texts_are_compared_where_versions_differ() {
        let (bos, eos, both) = ([Some("<s>"), None], [None, Some("</s>")], [Some("<s>"), Some("</s>")]);
        for (class, ends, config, refused) in [
            ("LlamaTokenizerFast", bos, json!({"add_bos_token": true, "add_eos_token": false}), None),
            ("LlamaTokenizerFast", bos, json!({"add_bos_token": true}), None),
            ("LlamaTokenizerFast", bos, json!({}), None),
            ("LlamaTokenizer", both, json!({"add_bos_token": true, "add_eos_token": true}), None),
            ("LlamaTokenizer", bos, json!({"add_eos_token": true}), Some("add_eos_token")),
            ("LlamaTokenizerFast", both, json!({"add_eos_token": false}), Some("add_eos_token")),
            ("LlamaTokenizerFast", eos, json!({"add_bos_token": true}), Some("add_bos_token")),
            ("LlamaTokenizerFast", bos, json!({"add_bos_token": false}), Some("add_bos_token")),
            (
                "LlamaTokenizerFast",
                bos,
                json!({"bos_token": {"content": "[B]"}, "add_bos_token": true}),
                Some("add_bos_token"),
            ),
            ("Qwen2Tokenizer", bos, json!({"add_bos_token": false}), None),
            ("BertTokenizer", both, json!({"cls_token": "<s>", "sep_token": {"content": "</s>"}}), None),
            ("BertTokenizer", both, json!({"cls_token": "[CLS]"}), Some("cls_token")),
            ("RobertaTokenizerFast", both, json!({"sep_token": "[SEP]"}), Some("sep_token")),
            ("RobertaTokenizerFast", bos, json!({"sep_token": "[SEP]"}), None),
            ("PreTrainedTokenizerFast", both, json!({"cls_token": "[CLS]", "sep_token": "[SEP]"}), None),
            ("XLMRobertaTokenizer", both, json!({"cls_token": "[CLS]"}), None),
        ] {
            let pair = |at: usize| json!([ends[at], 7]);
            let old = json!({"type": "BertProcessing", "cls": pair(0), "sep": pair(1)});
            let sequence = json!({"type": "Sequence", "processors": [{"type": "ByteLevel"}, template(ends)]});
            for post_processor in [old, template(ends), sequence] {
                // Tokens that no text holds by chance are in the vocabulary.
                let vocab = json!({"[CLS]": 0, "[SEP]": 1, "[B]": 2, "<s>": 3, "</s>": 4});
                let tokenizer = json!({"post_processor": post_processor, "model": {"vocab": vocab}});
                let mut config = config.clone();
                config.as_object_mut().unwrap().insert("tokenizer_class".to_owned(), class.into());
                let checked = check(&tokenizer, &config);
                assert_eq!(checked.is_err(), refused.is_some(), "{tokenizer} {config}: {checked:?}");
                let names = |error: &String| refused.is_some_and(|key| error.contains(&format!("`{key}`")));
                assert!(checked.as_ref().err().is_none_or(names), "{config}: {checked:?}");
            }
        }
        // Without a post-processor nothing is added.
        let llama = json!({"tokenizer_class": "LlamaTokenizer", "add_bos_token": true});
        assert!(check(&json!({"post_processor": null}), &llama).unwrap_err().contains("does not add \"<s>\""));
    }
}
