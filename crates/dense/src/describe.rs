//! What a model folder says about itself: sentence-transformers and model2vec folders.

use std::collections::BTreeMap;

use embedkit_core::tokenizer::WindowRule;
use embedkit_core::{Error, ModelDescription, ModelFiles, Pooling, Result};
use serde::Deserialize;

use crate::FAMILY;

/// The token table of a static model.
const TABLE: &str = "model.safetensors";

/// One module of `modules.json`.
#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    kind: String,
}

/// `1_Pooling/config.json`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PoolingConfig {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_lasttoken: bool,
    /// Newer folders name the mode instead.
    pooling_mode: Option<String>,
    word_embedding_dimension: Option<usize>,
}

/// `config_sentence_transformers.json`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SentenceConfig {
    prompts: BTreeMap<String, String>,
}

/// `sentence_bert_config.json`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TransformerConfig {
    max_seq_length: Option<usize>,
}

/// `config.json` of a model2vec folder.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StaticConfig {
    normalize: Option<bool>,
}

/// The row that a folder amounts to.
pub(crate) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    let id = files.root().and_then(|root| root.file_name()).map_or("model", |name| name.to_str().unwrap_or("model"));
    match files.find_graph() {
        Ok(graph) => describe_transformer(files, id, graph),
        Err(_) if files.has(TABLE) => describe_static(files, id),
        Err(no_graph) => Err(no_graph),
    }
}

fn describe_static(files: &ModelFiles, id: &str) -> Result<ModelDescription> {
    let mut model = ModelDescription::new(id, FAMILY, "static");
    let config: StaticConfig = files.optional_json("config.json")?.unwrap_or_default();
    model.model_file = TABLE.to_owned();
    model.normalize = config.normalize.unwrap_or(true);
    Ok(model)
}

fn describe_transformer(files: &ModelFiles, id: &str, graph: &str) -> Result<ModelDescription> {
    const MODULES: &str = "modules.json";
    let mut model = ModelDescription::new(id, FAMILY, "transformer");
    model.model_file = graph.to_owned();
    let modules: Vec<Module> = match files.has(MODULES) {
        true => files.json(MODULES)?,
        false => {
            return Err(Error::MissingFile {
                path: files.label(MODULES),
                needed_for: "it tells pooling and normalisation; without it, give the model's row".to_owned(),
            });
        }
    };
    for module in &modules {
        match module.kind.rsplit('.').next().unwrap_or_default() {
            "Transformer" => {}
            "Pooling" => {
                let config = format!("{}/config.json", module.path);
                let pooling: PoolingConfig = files.json(&config)?;
                model.dim = pooling.word_embedding_dimension;
                model.pooling = pooling_of(&pooling).ok_or_else(|| {
                    Error::file(files.label(&config), "names no pooling that is supported: cls, mean or lasttoken")
                })?;
            }
            "Normalize" => model.normalize = true,
            other => {
                let message = format!("has the module {other:?}, which no architecture here runs");
                return Err(Error::file(files.label(MODULES), message));
            }
        }
    }
    let sentence: SentenceConfig = files.optional_json("config_sentence_transformers.json")?.unwrap_or_default();
    model.prompts = roles(sentence.prompts);
    let transformer: TransformerConfig = files.optional_json("sentence_bert_config.json")?.unwrap_or_default();
    model.max_length = match transformer.max_seq_length {
        Some(length) => Some(length),
        None => WindowRule::SentenceTransformers.longest_row(&files.tokenizer_files()?)?,
    };
    Ok(model)
}

fn pooling_of(config: &PoolingConfig) -> Option<Pooling> {
    match config.pooling_mode.as_deref() {
        Some("cls") => return Some(Pooling::Cls),
        Some("mean") => return Some(Pooling::Mean),
        Some("lasttoken") => return Some(Pooling::LastToken),
        _ => {}
    }
    match (config.pooling_mode_cls_token, config.pooling_mode_mean_tokens, config.pooling_mode_lasttoken) {
        (true, false, false) => Some(Pooling::Cls),
        (false, true, false) => Some(Pooling::Mean),
        (false, false, true) => Some(Pooling::LastToken),
        _ => None,
    }
}

/// Folders call the passage's prompt `document` too.
fn roles(mut prompts: BTreeMap<String, String>) -> BTreeMap<String, String> {
    if let Some(prompt) = prompts.get("document").cloned() {
        prompts.entry("passage".to_owned()).or_insert(prompt);
    }
    prompts
}
