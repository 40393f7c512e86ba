//! Folders that PyLate wrote.

use std::collections::BTreeMap;

use embedkit_core::sentence_transformers::{DenseConfig, Folder, Settings, Transformer};
use embedkit_core::tokenizer::{Tokenizer, TokenizerOptions};
use embedkit_core::{Error, GraphSearch, ModelDescription, ModelFiles, Padding, Result};
use serde::Deserialize;

use super::tokenizer::TokenizerSettings;
use super::{as_integer, set, set_projection};
use crate::FAMILY;

const CONFIG: &str = Settings::FILE;

/// `config_sentence_transformers.json`, with PyLate's keys; what is absent has PyLate's default.
#[derive(Deserialize)]
struct Config {
    query_prefix: Option<String>,
    document_prefix: Option<String>,
    query_length: Option<usize>,
    document_length: Option<usize>,
    do_query_expansion: Option<bool>,
    attend_to_expansion_tokens: Option<bool>,
    skiplist_words: Option<Vec<String>>,
    #[serde(default)]
    prompts: BTreeMap<String, String>,
    default_prompt_name: Option<String>,
}

impl Config {
    /// Whether PyLate wrote it: plain sentence-transformers folders have such a file too.
    fn is_late_interaction(&self) -> bool {
        self.query_length.or(self.document_length).is_some()
            || self.query_prefix.as_ref().or(self.document_prefix.as_ref()).is_some()
            || self.skiplist_words.is_some()
    }

    fn expands_queries(&self) -> bool {
        self.do_query_expansion.unwrap_or(true)
    }
}

/// One module of `modules.json`.
#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// The row that a folder amounts to.
pub(super) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    let graph = files.find_graph(&GraphSearch::new("feature-extraction"))?;
    let config = files.optional_json::<Config>(CONFIG)?.filter(Config::is_late_interaction).ok_or_else(|| {
        let message = "says nothing of queries and documents, as PyLate's do; give the model's row";
        Error::file(files.label(CONFIG), message)
    })?;
    let mut model = ModelDescription::new(files.name(), FAMILY, "colbert");
    model.model_file = graph;
    model.normalize = true;
    add_modules(files, &mut model)?;
    let tokenizer_files = files.tokenizer_files("")?;
    tokenizer_files.check_agreement()?;
    if tokenizer_files.pads_to_multiple()? {
        model.padding = Padding::Exact;
    }
    let tokenizer = TokenizerSettings::read(files, "")?;
    check_default_prompt(files, &config)?;
    add_lengths(&tokenizer, &config, &mut model)?;
    add_markers(files, &tokenizer, &config, &mut model)?;
    tokenizer.set_sides(&mut model, config.expands_queries())?;
    // PyLate strips every text, whatever the folder says.
    set(&mut model, "strip", true);
    // PyLate's own lengths go before the module's `max_seq_length`.
    let transformer = Transformer::read_alone(files, "")?;
    transformer.check_no_roles(files)?;
    if transformer.lowercase {
        set(&mut model, "lowercase-all", true);
    }
    let words = config.skiplist_words.unwrap_or_else(punctuation);
    set(&mut model, "skip-words", words);
    set(&mut model, "normalize-queries", true);
    Ok(model)
}

/// The linear modules after the transformer, where their weights are in the folder.
fn add_modules(files: &ModelFiles, model: &mut ModelDescription) -> Result<()> {
    let modules: Vec<Module> = files.optional_json(Folder::MODULES)?.unwrap_or_default();
    let mut projection = Vec::new();
    for module in modules {
        match module.kind.rsplit('.').next().unwrap_or_default() {
            // PyLate passes over pooling, and normalises whatever the modules say.
            "Transformer" | "Pooling" | "Normalize" => {}
            "Dense" => {
                model.dim = Some(DenseConfig::read_for_tokens(files, &module.path)?.output);
                projection.push(module.path);
            }
            other => {
                let message = format!("has the module {other:?}, which no architecture here runs");
                return Err(Error::file(files.label(Folder::MODULES), message));
            }
        }
    }
    set_projection(files, model, projection)
}

/// Refuses a prompt that would go before texts of both sides.
fn check_default_prompt(files: &ModelFiles, config: &Config) -> Result<()> {
    let default = config.default_prompt_name.as_ref().filter(|name| config.prompts.get(*name) != Some(&String::new()));
    if let Some(name) = default {
        let message = format!(
            "`default_prompt_name` is {name:?}, which would go before texts of every kind: \
             name the prompts `query` and `document`, or give the model's row"
        );
        return Err(Error::file(files.label(CONFIG), message));
    }
    Ok(())
}

/// Prefixes are tokens that PyLate adds to the vocabulary; one that is no token is text.
fn add_markers(
    files: &ModelFiles,
    tokenizer: &TokenizerSettings,
    config: &Config,
    model: &mut ModelDescription,
) -> Result<()> {
    // The names of a side's prompt, in the order in which sentence-transformers looks for them.
    let sides: [(_, _, &[&str], _); 2] = [
        ("query-marker-id", "query", &["query"], config.query_prefix.as_deref().unwrap_or("[Q] ")),
        (
            "document-marker-id",
            "passage",
            &["document", "passage", "corpus"],
            config.document_prefix.as_deref().unwrap_or("[D] "),
        ),
    ];
    let mut has_marker = false;
    let mut has_prompt = false;
    for (parameter, role, names, prefix) in sides {
        let prompt = names.iter().find_map(|name| config.prompts.get(*name)).map_or("", String::as_str);
        has_prompt |= !prompt.is_empty();
        let marker = marker(files, tokenizer, prefix)?;
        let prompt = match marker {
            Some(_) => prompt.to_owned(),
            None => format!("{prefix}{prompt}"),
        };
        if let Some(marker) = marker {
            set(model, parameter, i64::from(marker));
            has_marker = true;
        }
        if !prompt.is_empty() {
            model.prompts.insert(role.to_owned(), prompt);
        }
    }
    if has_marker {
        set(model, "reserved", 1);
    }
    if has_prompt {
        model.notice =
            Some("its prompts go before queries and documents, as in PyLate where a call names them".to_owned());
    }
    Ok(())
}

/// The token that a prefix is: one that is added, or a word that the vocabulary has.
fn marker(files: &ModelFiles, tokenizer: &TokenizerSettings, prefix: &str) -> Result<Option<u32>> {
    if prefix.is_empty() {
        return Ok(None);
    }
    if let Some(id) = tokenizer.added(prefix) {
        return Ok(Some(id));
    }
    let mut options = TokenizerOptions::default();
    options.max_length = Some(ModelDescription::NO_LIMIT);
    let word = Tokenizer::load(&files.tokenizer_files("")?, &options)?.id(prefix);
    if word.is_some() && prefix.chars().all(char::is_alphanumeric) {
        let message = format!(
            "has the prefix {prefix:?}, a word of the vocabulary that PyLate would then find inside other words too: save \
             the model with PyLate, or add the word to the `added_tokens` of tokenizer.json"
        );
        return Err(Error::file(files.label(CONFIG), message));
    }
    Ok(word)
}

/// Windows and expansion: PyLate's lengths have the marker in them.
fn add_lengths(tokenizer: &TokenizerSettings, config: &Config, model: &mut ModelDescription) -> Result<()> {
    let (query_length, document_length) = (config.query_length.unwrap_or(32), config.document_length.unwrap_or(180));
    model.max_length = Some(query_length.max(document_length));
    set(model, "query-max-length", as_integer(query_length));
    set(model, "document-max-length", as_integer(document_length));
    if config.expands_queries() {
        let mask_token = tokenizer.mask_token()?;
        set(model, "query-length", as_integer(query_length));
        set(model, "mask-token", mask_token);
        set(model, "attend-to-expansion", config.attend_to_expansion_tokens.unwrap_or(false));
    }
    Ok(())
}

/// Words that documents lose their rows of, by default: each ASCII punctuation mark.
fn punctuation() -> Vec<String> {
    (0u8..128).filter(u8::is_ascii_punctuation).map(|mark| char::from(mark).to_string()).collect()
}
