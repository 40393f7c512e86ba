//! The longest row that a model takes.

use serde_json::{Map, Value};

use crate::config::TokenizerConfig;
use crate::{Error, Result, TokenizerFiles};

/// Which of the numbers in a model's files is its longest row, special tokens included.
///
/// | `tokenizer_config.json` and `config.json` | `Fastembed` | `SentenceTransformers` |
/// | --- | --- | --- |
/// | `model_max_length` 256 | 256 | 256 |
/// | `model_max_length` 256, `max_length` 128 | 128 | 256 |
/// | `model_max_length` 512, `max_position_embeddings` 256 | 512 | 256 |
/// | `model_max_length` 1e30 or absent, `max_position_embeddings` 256 | none | 256 |
/// | `model_max_length` 1e30 or absent, `max_length` 128 | 128 | none |
/// | `max_position_embeddings` -1 | none | none |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WindowRule {
    /// fastembed 0.9's: the stricter of `model_max_length` and `max_length`, where they are positive integers of 64
    /// bits. The model's number of positions does not count.
    #[default]
    Fastembed,
    /// sentence-transformers 6's, for folders that state no `max_seq_length`: the stricter of `model_max_length` and
    /// `max_position_embeddings`. `max_length` is an argument of a call that was stored, and does not count.
    ///
    /// RoBERTa and its kin cannot use all of their positions: those up to the padding token's are never taken. Where
    /// only the positions bound a row, sentence-transformers fails on texts that need these; here they are cut.
    SentenceTransformers,
}

impl WindowRule {
    /// The longest row in tokens by this rule; none where the files do not say.
    ///
    /// # Errors
    /// [`Error::InvalidFile`] for a file that is no JSON object and, by the rule of sentence-transformers, for a number
    /// that is not a length.
    pub fn longest_row(self, files: &TokenizerFiles<'_>) -> Result<Option<usize>> {
        self.of(&TokenizerConfig::read(files)?)
    }

    fn of(self, config: &TokenizerConfig<'_>) -> Result<Option<usize>> {
        let limits = match self {
            Self::Fastembed => ["model_max_length", "max_length"].map(|key| config.get(key).and_then(length)),
            Self::SentenceTransformers => [tokenizer_limit(config)?, positions(config.files)?],
        };
        Ok(limits.into_iter().flatten().min())
    }

    /// The longest row, which the files must state.
    pub(crate) fn required(self, config: &TokenizerConfig<'_>) -> Result<usize> {
        let needs = match self {
            Self::Fastembed => "neither `model_max_length` nor `max_length` is a positive integer",
            Self::SentenceTransformers => {
                "neither its `model_max_length` nor the `max_position_embeddings` of config.json is a limit"
            }
        };
        const REMEDY: &str = "set `max-length` in the model's row or the builder";
        match self.of(config)? {
            Some(length) => Ok(length),
            None if config.files.tokenizer_config.is_none() => Err(Error::MissingFile {
                path: config.files.label(TokenizerFiles::TOKENIZER_CONFIG),
                needed_for: format!("it states the longest input; or {REMEDY}"),
            }),
            None => Err(config.invalid(format!("{needs}; {REMEDY}"))),
        }
    }
}

/// A positive integer of 64 bits.
fn length(value: &Value) -> Option<usize> {
    let length = value.as_u64().filter(|length| *length > 0 && *length <= i64::MAX as u64)?;
    Some(usize::try_from(length).unwrap_or(usize::MAX))
}

/// `model_max_length`; none where it is absent or a number as large as transformers writes for "no limit".
fn tokenizer_limit(config: &TokenizerConfig<'_>) -> Result<Option<usize>> {
    const KEY: &str = "model_max_length";
    /// Python's 1e30 is written as a float or, with all its digits, as an integer; both are read as a float.
    const NO_LIMIT: f64 = i64::MAX as f64;
    match config.get(KEY) {
        None => Ok(None),
        Some(value) if value.as_f64().is_some_and(|number| number >= NO_LIMIT) => Ok(None),
        Some(value) => length(value)
            .map(Some)
            .ok_or_else(|| config.invalid(format!("`{KEY}` is {value}, and should be a positive integer"))),
    }
}

/// The positions of the model that a row can take; none where `config.json` does not say.
fn positions(files: &TokenizerFiles<'_>) -> Result<Option<usize>> {
    const KEY: &str = "max_position_embeddings";
    let config: Map<String, Value> = files.json(TokenizerFiles::CONFIG, files.config.as_deref())?;
    match config.get(KEY) {
        None | Some(Value::Null) => Ok(None),
        // XLNet's "no limit".
        Some(value) if value.as_i64() == Some(-1) => Ok(None),
        Some(value) => {
            let unused = positions_before_text(&config);
            length(value).and_then(|all| all.checked_sub(unused)).map(Some).ok_or_else(|| {
                let message = format!("`{KEY}` is {value}, and should be an integer above {unused}");
                Error::file(files.label(TokenizerFiles::CONFIG), message)
            })
        }
    }
}

/// Positions that no text takes: of models that number theirs from the padding token's id on.
fn positions_before_text(config: &Map<String, Value>) -> usize {
    /// Those whose position ids transformers makes with `create_position_ids_from_input_ids`.
    const COUNT_FROM_PADDING: [&str; 10] = [
        "camembert",
        "data2vec-text",
        "ibert",
        "longformer",
        "luke",
        "mpnet",
        "roberta",
        "roberta-prelayernorm",
        "xlm-roberta",
        "xlm-roberta-xl",
    ];
    let model = config.get("model_type").and_then(Value::as_str).unwrap_or_default();
    if !COUNT_FROM_PADDING.contains(&model) {
        return 0;
    }
    let padding = config.get("pad_token_id").and_then(length).unwrap_or(1);
    padding.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a case gives; `Err` names a word of the message.
    type Expected = Result<Option<usize>, &'static str>;

    fn check(rule: WindowRule, tokenizer_config: &Value, config: &Value, expected: Expected) {
        let mut files = TokenizerFiles::new(&b""[..]);
        let bytes = |value: &Value| (!value.is_null()).then(|| value.to_string().into_bytes().into());
        (files.tokenizer_config, files.config) = (bytes(tokenizer_config), bytes(config));
        let case = format!("{rule:?} {tokenizer_config} {config}");
        match (rule.longest_row(&files), expected) {
            (Ok(length), Ok(expected)) => assert_eq!(length, expected, "{case}"),
            (Err(error), Err(word)) => assert!(error.to_string().contains(word), "{case}: {error}"),
            (got, expected) => unreachable!("{case}: {got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn the_files_are_read_by_the_rule() {
        use WindowRule::{Fastembed, SentenceTransformers};
        let absent = Value::Null;
        let positions = |positions| json!({"max_position_embeddings": positions});
        let digits: Value = serde_json::from_str("1000000000000000019884624838656").unwrap();
        for (tokenizer_config, config, fastembed, sentence_transformers) in [
            (json!({"model_max_length": 256, "max_length": 128}), absent.clone(), Ok(Some(128)), Ok(Some(256))),
            (json!({"model_max_length": 40, "max_length": 50}), absent.clone(), Ok(Some(40)), Ok(Some(40))),
            (json!({"model_max_length": 512}), positions(256), Ok(Some(512)), Ok(Some(256))),
            (json!({"model_max_length": 128}), positions(256), Ok(Some(128)), Ok(Some(128))),
            (json!({"model_max_length": 1e30}), positions(256), Ok(None), Ok(Some(256))),
            (json!({"model_max_length": digits}), positions(256), Ok(None), Ok(Some(256))),
            (json!({"model_max_length": i64::MAX}), positions(256), Ok(Some(i64::MAX as usize)), Ok(Some(256))),
            (json!({"model_max_length": u64::MAX}), positions(256), Ok(None), Ok(Some(256))),
            (json!({"model_max_length": null}), positions(256), Ok(None), Ok(Some(256))),
            (json!({}), positions(256), Ok(None), Ok(Some(256))),
            (absent.clone(), positions(256), Ok(None), Ok(Some(256))),
            (json!({"model_max_length": 1e30, "max_length": 30}), absent.clone(), Ok(Some(30)), Ok(None)),
            (json!({"max_length": 30}), positions(-1), Ok(Some(30)), Ok(None)),
            (json!({"model_max_length": 64}), positions(-1), Ok(Some(64)), Ok(Some(64))),
            (json!({"model_max_length": 64}), json!({}), Ok(Some(64)), Ok(Some(64))),
            (absent.clone(), absent.clone(), Ok(None), Ok(None)),
            // What is no length is passed over by the one rule, as the reference does, and refused by the other.
            (json!({"model_max_length": "40", "max_length": true}), absent.clone(), Ok(None), Err("\"40\"")),
            (json!({"model_max_length": 0}), absent.clone(), Ok(None), Err("is 0")),
            (json!({"model_max_length": -4}), absent.clone(), Ok(None), Err("is -4")),
            (json!({"model_max_length": 12.0}), absent.clone(), Ok(None), Err("12.0")),
            (json!({"model_max_length": 64}), positions(0), Ok(Some(64)), Err("is 0")),
            (json!({"model_max_length": 64}), json!({"max_position_embeddings": "9"}), Ok(Some(64)), Err("\"9\"")),
            (json!({"model_max_length": 64}), json!([]), Ok(Some(64)), Err("config.json")),
            (json!([]), absent.clone(), Err("tokenizer_config.json"), Err("tokenizer_config.json")),
            // RoBERTa's kin.
            (
                json!({"model_max_length": 1e30}),
                json!({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}),
                Ok(None),
                Ok(Some(512)),
            ),
            (
                json!({"model_max_length": 512}),
                json!({"model_type": "mpnet", "max_position_embeddings": 514}),
                Ok(Some(512)),
                Ok(Some(512)),
            ),
            (
                json!({"model_max_length": 1e30}),
                json!({"model_type": "bert", "max_position_embeddings": 514, "pad_token_id": 1}),
                Ok(None),
                Ok(Some(514)),
            ),
            (
                json!({"model_max_length": 1e30}),
                json!({"model_type": "roberta", "max_position_embeddings": 1}),
                Ok(None),
                Err("above 2"),
            ),
        ] {
            check(Fastembed, &tokenizer_config, &config, fastembed);
            check(SentenceTransformers, &tokenizer_config, &config, sentence_transformers);
        }
    }
}
