//! Folders that PyLate wrote.

use std::collections::BTreeMap;

use embedkit_core::sentence_transformers::DenseConfig;
use embedkit_core::{Error, GraphSearch, ModelDescription, ModelFiles, Result};
use serde::Deserialize;

use super::{as_integer, mask_token, set, set_projection};
use crate::FAMILY;

const CONFIG: &str = "config_sentence_transformers.json";
const MODULES: &str = "modules.json";

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
}

/// `sentence_bert_config.json`; PyLate's own lengths go before its `max_seq_length`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TransformerConfig {
    do_lower_case: bool,
}

/// One module of `modules.json`.
#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// `tokenizer.json`, as far as it tells markers.
#[derive(Deserialize)]
struct Tokenizer {
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    content: String,
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
    files.tokenizer_files()?.check_agreement()?;
    add_markers(files, &config, &mut model)?;
    add_lengths(files, &config, &mut model)?;
    // PyLate strips every text, whatever the folder says.
    set(&mut model, "strip", true);
    let transformer: TransformerConfig = files.optional_json("sentence_bert_config.json")?.unwrap_or_default();
    if transformer.do_lower_case {
        set(&mut model, "lowercase", true);
    }
    let words = config.skiplist_words.unwrap_or_else(punctuation);
    set(&mut model, "skip-words", words);
    set(&mut model, "normalize-queries", true);
    Ok(model)
}

/// The linear modules after the transformer, where their weights are in the folder.
fn add_modules(files: &ModelFiles, model: &mut ModelDescription) -> Result<()> {
    let modules: Vec<Module> = files.optional_json(MODULES)?.unwrap_or_default();
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
                return Err(Error::file(files.label(MODULES), message));
            }
        }
    }
    set_projection(files, model, projection)
}

/// Prefixes are tokens that PyLate adds to the vocabulary; one that is no token is text.
fn add_markers(files: &ModelFiles, config: &Config, model: &mut ModelDescription) -> Result<()> {
    let default = config.default_prompt_name.as_ref().filter(|name| config.prompts.get(*name) != Some(&String::new()));
    if let Some(name) = default {
        let message = format!(
            "`default_prompt_name` is {name:?}, which would go before texts of every kind: \
             name the prompts `query` and `document`, or give the model's row"
        );
        return Err(Error::file(files.label(CONFIG), message));
    }
    let tokenizer: Tokenizer = files.json("tokenizer.json")?;
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
    for (parameter, role, names, prefix) in sides {
        let prompt = names.iter().find_map(|name| config.prompts.get(*name)).map_or("", String::as_str);
        let marker = tokenizer.added_tokens.iter().find(|token| token.content == prefix && !prefix.is_empty());
        let prompt = match marker {
            Some(_) => prompt.to_owned(),
            None => format!("{prefix}{prompt}"),
        };
        if let Some(marker) = marker {
            set(model, parameter, i64::from(marker.id));
            has_marker = true;
        }
        if !prompt.is_empty() {
            model.prompts.insert(role.to_owned(), prompt);
        }
    }
    if has_marker {
        set(model, "reserved", 1);
    }
    Ok(())
}

/// Windows and expansion: PyLate's lengths have the marker in them.
fn add_lengths(files: &ModelFiles, config: &Config, model: &mut ModelDescription) -> Result<()> {
    let (query_length, document_length) = (config.query_length.unwrap_or(32), config.document_length.unwrap_or(180));
    model.max_length = Some(query_length.max(document_length));
    set(model, "query-max-length", as_integer(query_length));
    set(model, "document-max-length", as_integer(document_length));
    if config.do_query_expansion.unwrap_or(true) {
        let mask_token = mask_token(files)?;
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
