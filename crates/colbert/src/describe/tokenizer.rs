//! What the tokenizer's files say that late interaction hangs on: the mask token, and the ends of rows that are cut off and
//! filled up.

use std::path::PathBuf;

use embedkit_core::model::join;
use embedkit_core::tokenizer::TokenizerFiles;
use embedkit_core::{Error, ModelDescription, ModelFiles, Result};
use serde::Deserialize;

use super::set;

/// The tokenizer's files in a folder of the model's.
pub(super) struct TokenizerSettings {
    config: Config,
    /// The special tokens of `special_tokens_map.json`, which count where `tokenizer_config.json` has none.
    others: SpecialTokens,
    stored: Stored,
    /// How errors name `tokenizer_config.json`.
    place: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    #[serde(flatten)]
    special: SpecialTokens,
    tokenizer_class: Option<String>,
    truncation_side: Option<String>,
    padding_side: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SpecialTokens {
    mask_token: Token,
    eos_token: Token,
    pad_token: Token,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Token {
    Text(String),
    Object {
        content: String,
    },
    /// There is none, whatever the tokenizer's class has by default.
    Null(()),
    #[default]
    #[serde(skip)]
    Absent,
}

/// `tokenizer.json`, as far as it tells tokens that are added and the sides of rows.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Stored {
    added_tokens: Vec<AddedToken>,
    truncation: Option<End>,
    padding: Option<End>,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct End {
    direction: String,
}

impl TokenizerSettings {
    pub(super) fn read(files: &ModelFiles, folder: &str) -> Result<Self> {
        let place = |name| join(folder, name);
        let config = place(TokenizerFiles::TOKENIZER_CONFIG);
        Ok(Self {
            config: files.optional_json(&config)?.unwrap_or_default(),
            others: files.optional_json(&place(TokenizerFiles::SPECIAL_TOKENS_MAP))?.unwrap_or_default(),
            stored: files.json(&place(TokenizerFiles::TOKENIZER))?,
            place: files.label(&config),
        })
    }

    /// The id of a token that is added to the vocabulary.
    pub(super) fn added(&self, token: &str) -> Option<u32> {
        self.stored.added_tokens.iter().find(|added| added.content == token).map(|added| added.id)
    }

    /// What queries are filled up with: the mask token, else the end-of-sequence token, else the padding token.
    pub(super) fn mask_token(&self) -> Result<String> {
        let (config, others) = (&self.config.special, &self.others);
        let is_absent = |token: &Token| matches!(token, Token::Absent);
        let of_class =
            || self.mask_of_class().filter(|_| is_absent(&config.mask_token) && is_absent(&others.mask_token));
        let mask = config.mask_token.text().or(others.mask_token.text()).or_else(of_class);
        let eos = || config.eos_token.text().or(others.eos_token.text());
        let pad = || config.pad_token.text().or(others.pad_token.text());
        let token = mask.or_else(eos).or_else(pad).map(str::to_owned);
        token.ok_or_else(|| self.wrong("names no mask token, which queries are filled up with"))
    }

    /// The mask token of a tokenizer's class, where no file says one.
    fn mask_of_class(&self) -> Option<&'static str> {
        let class = self.config.tokenizer_class.as_deref()?;
        match class.strip_suffix("Fast").unwrap_or(class) {
            "BertTokenizer" | "DistilBertTokenizer" | "ElectraTokenizer" => Some("[MASK]"),
            "RobertaTokenizer" | "XLMRobertaTokenizer" | "MPNetTokenizer" => Some("<mask>"),
            _ => None,
        }
    }

    /// Sets the end of long texts that is cut off, by files as transformers reads them, and refuses rows that are filled
    /// up from their start where queries are.
    pub(super) fn set_sides(&self, model: &mut ModelDescription, fills_queries: bool) -> Result<()> {
        let is_left = |said: &Option<String>, stored: &Option<End>| match said {
            Some(side) => side == "left",
            None => stored.as_ref().is_some_and(|stored| stored.direction == "Left"),
        };
        if is_left(&self.config.truncation_side, &self.stored.truncation) {
            set(model, "cut-start", true);
        }
        if fills_queries && is_left(&self.config.padding_side, &self.stored.padding) {
            return Err(self.wrong(
                "`padding_side` is \"left\", here or in tokenizer.json, and mask tokens would go before a query: set it to \
                 \"right\", or take the expansion of queries out",
            ));
        }
        Ok(())
    }

    fn wrong(&self, message: &str) -> Error {
        Error::file(&self.place, message)
    }
}

impl Token {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Object { content: text } => Some(text),
            Self::Null(()) | Self::Absent => None,
        }
    }
}
