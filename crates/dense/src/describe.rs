//! What a model folder says about itself: sentence-transformers and model2vec folders.

use embedkit_core::model::join;
use embedkit_core::sentence_transformers::{Folder, Module, PoolingModule, Settings, Step, Transformer};
use embedkit_core::tokenizer::TokenizerFiles;
use embedkit_core::{Error, GraphSearch, ModelDescription, ModelFiles, Pooling, Result};
use serde::Deserialize;

use crate::FAMILY;

/// The task that graphs of this family are exported for.
const TASK: &str = "feature-extraction";
/// The token table of a static model.
const TABLE: &str = "model.safetensors";
const CONFIG: &str = "config.json";

/// The row that a folder amounts to.
pub(crate) fn describe(files: &ModelFiles) -> Result<ModelDescription> {
    if is_model2vec(files)? {
        return describe_model2vec(files);
    }
    match Folder::read(files)? {
        Some(folder) => describe_folder(files, &folder),
        // The graph's absence is the greater fault.
        None => files.find_graph(&GraphSearch::new(TASK)).and_then(|_| {
            Err(Error::MissingFile {
                path: files.label(Folder::MODULES),
                needed_for: "it tells how tokens' vectors become one; without it, name the pooling, or give the \
                             model's row"
                    .to_owned(),
            })
        }),
    }
}

/// The row of a folder whose caller says how tokens' vectors become one.
pub(crate) fn describe_graph(files: &ModelFiles) -> Result<ModelDescription> {
    if files.has(Folder::MODULES) || is_model2vec(files)? {
        return describe(files);
    }
    let mut model = ModelDescription::new(files.name(), FAMILY, "transformer");
    model.model_file = files.find_graph(&GraphSearch::new(TASK))?;
    Ok(model)
}

/// `config.json` of a model2vec folder.
#[derive(Deserialize)]
#[serde(default)]
struct Model2VecConfig {
    model_type: Option<String>,
    normalize: Option<bool>,
    /// Tokens of a text that count; null: all of them.
    max_length: Option<usize>,
    /// A key that nothing else writes.
    embedding_dtype: Option<String>,
}

impl Default for Model2VecConfig {
    fn default() -> Self {
        Self { model_type: None, normalize: None, max_length: Some(512), embedding_dtype: None }
    }
}

/// Whether model2vec wrote the folder, beside what it writes for sentence-transformers: a table of its own, and a
/// configuration that says so or no module that the table is not for.
fn is_model2vec(files: &ModelFiles) -> Result<bool> {
    if !files.has(TABLE) {
        return Ok(false);
    }
    let config: Model2VecConfig = files.optional_json(CONFIG)?.unwrap_or_default();
    if config.model_type.as_deref() == Some("model2vec") {
        return Ok(true);
    }
    let has_other_description = files.has(Folder::MODULES) || files.find_graph(&GraphSearch::new(TASK)).is_ok();
    Ok((config.embedding_dtype.is_some() || !has_other_description) && is_table(files)?)
}

/// Whether the safetensors file's header names model2vec's table. It is mapped, so that of a large file no more is read.
fn is_table(files: &ModelFiles) -> Result<bool> {
    let bytes = files.open(TABLE, true)?;
    Ok(safetensors::SafeTensors::deserialize(&bytes).map_or(true, |tensors| tensors.tensor("embeddings").is_ok()))
}

fn describe_model2vec(files: &ModelFiles) -> Result<ModelDescription> {
    let mut model = ModelDescription::new(files.name(), FAMILY, "static");
    let config: Option<Model2VecConfig> = files.optional_json(CONFIG)?;
    model.model_file = TABLE.to_owned();
    // A table alone, which model2vec itself does not read, is fastembed's, whose vectors are normalised.
    model.normalize = config.as_ref().is_none_or(|config| config.normalize.unwrap_or(false));
    let config = config.unwrap_or_default();
    model.max_length = Some(config.max_length.unwrap_or(ModelDescription::NO_LIMIT));
    Ok(model)
}

fn describe_folder(files: &ModelFiles, folder: &Folder) -> Result<ModelDescription> {
    if let Some(dims) = folder.settings.max_active_dims {
        let message = format!("`max_active_dims` is {dims}, and dense vectors have no such bound");
        return Err(Error::file(files.label(Settings::FILE), message));
    }
    let (first, rest) = folder.modules.split_first().ok_or_else(|| no_pooling(files))?;
    let mut model = match first {
        Module::Transformer(transformer) => describe_transformer(files, transformer, rest)?,
        Module::StaticEmbedding(folder) => describe_static(files, folder, rest)?,
        other => return Err(Folder::unexpected(files, other, "which no dense model starts with")),
    };
    folder.settings.set_prompts(&mut model);
    Ok(model)
}

fn no_pooling(files: &ModelFiles) -> Error {
    Error::file(files.label(Folder::MODULES), "has no module Pooling, which tells how tokens' vectors become one")
}

fn describe_transformer(files: &ModelFiles, transformer: &Transformer, rest: &[Module]) -> Result<ModelDescription> {
    let mut model = ModelDescription::new(files.name(), FAMILY, "transformer");
    if transformer.task != TASK {
        let message = format!("has a Transformer for the task {}, which gives no dense vectors", transformer.task);
        return Err(Error::file(files.label(Folder::MODULES), message));
    }
    transformer.set_graph(files, GraphSearch::new(TASK), &mut model)?;
    let steps = match rest {
        [Module::Pooling(pooling), steps @ ..] if !transformer.gives_text_vectors => {
            set_pooling(&mut model, pooling);
            steps
        }
        steps if transformer.gives_text_vectors => steps,
        [] => return Err(no_pooling(files)),
        [other, ..] => return Err(Folder::unexpected(files, other, "where Pooling should follow the Transformer")),
    };
    set_steps(files, &mut model, steps)?;
    Ok(model)
}

fn set_pooling(model: &mut ModelDescription, pooling: &PoolingModule) {
    model.pooling = pooling.pooling.clone();
    // What several poolings give together changes with the caller's choice among them.
    model.dim = pooling.dim.filter(|_| !matches!(pooling.pooling, Pooling::Joined(_)));
    if !pooling.include_prompt {
        model.parameters.insert("exclude-prompt".to_owned(), true.into());
    }
}

/// Sets what is done to vectors after pooling; where the last of it is normalisation, the row has that itself.
fn set_steps(files: &ModelFiles, model: &mut ModelDescription, modules: &[Module]) -> Result<()> {
    let mut steps = Vec::new();
    for module in modules {
        let Module::Step(step) = module else {
            return Err(Folder::unexpected(files, module, "which has no place after a text's vector is made"));
        };
        model.dim = step.width(files)?.or(model.dim);
        steps.push(step.clone());
    }
    model.normalize = steps.pop_if(|last| *last == Step::Normalize).is_some();
    if !steps.is_empty() {
        let steps = toml::Value::try_from(&steps).map_err(|e| Error::manifest(&model.id, e.to_string()))?;
        model.parameters.insert("steps".to_owned(), steps);
    }
    Ok(())
}

/// A static model that sentence-transformers wrote: unknown tokens count, and no text is cut unless `tokenizer.json`
/// says so.
fn describe_static(files: &ModelFiles, folder: &str, rest: &[Module]) -> Result<ModelDescription> {
    #[derive(Deserialize)]
    struct Stored {
        truncation: Option<Truncation>,
    }
    #[derive(Deserialize)]
    struct Truncation {
        max_length: usize,
        #[serde(default)]
        direction: String,
    }

    let mut model = ModelDescription::new(files.name(), FAMILY, "static");
    model.model_file = join(folder, TABLE);
    folder.clone_into(&mut model.tokenizer_folder);
    let tokenizer = join(folder, TokenizerFiles::TOKENIZER);
    // Read for its error, which names what writes the file.
    files.tokenizer_files(folder)?;
    let stored: Stored = files.json(&tokenizer)?;
    if let Some(truncation) = stored.truncation.as_ref().filter(|stored| stored.direction == "Left") {
        let message = format!(
            "`truncation` keeps the last {} tokens; of a static model the first are kept",
            truncation.max_length
        );
        return Err(Error::file(files.label(&tokenizer), message));
    }
    model.max_length = Some(stored.truncation.map_or(ModelDescription::NO_LIMIT, |truncation| truncation.max_length));
    model.parameters.insert("unknown-tokens".to_owned(), true.into());
    set_steps(files, &mut model, rest)?;
    Ok(model)
}
