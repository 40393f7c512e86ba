//! `modules.json`.

use serde::Deserialize;
use serde_json::Value;

use super::config::{Config, Level};
use super::dense::DenseConfig;
use super::multi_vector::{MultiVectorMask, TokenPooling};
use super::router::Router;
use super::splade::SpladePooling;
use super::steps::layer_norm_width;
use super::{Folder, PoolingModule, Step, Transformer};
use crate::model::{is_inside, join};
use crate::{Error, ModelFiles, Result};

/// A module that a text goes through.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Module {
    /// A network from token ids to token vectors.
    Transformer(Transformer),
    /// Token vectors to one vector.
    Pooling(PoolingModule),
    /// From a text's vector to another.
    Step(Step),
    /// From each token's vector to another.
    TokenStep(Step),
    /// Which tokens have a vector among a text's.
    MultiVectorMask(MultiVectorMask),
    /// Vectors of tokens to fewer.
    TokenPooling(TokenPooling),
    /// Logits of each token to one sparse vector.
    SpladePooling(SpladePooling),
    /// A table of token vectors, in this folder.
    StaticEmbedding(String),
    /// A table of token weights, in this folder.
    SparseStaticEmbedding(String),
    /// Another way for queries than for documents.
    Router(Router<Self>),
}

impl Module {
    /// What sentence-transformers calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Transformer(_) => "Transformer",
            Self::Pooling(_) => "Pooling",
            Self::Step(Step::Normalize) | Self::TokenStep(Step::Normalize) => "Normalize",
            Self::Step(Step::Dense(_)) | Self::TokenStep(Step::Dense(_)) => "Dense",
            Self::Step(Step::LayerNorm(_)) | Self::TokenStep(Step::LayerNorm(_)) => "LayerNorm",
            Self::MultiVectorMask(_) => "MultiVectorMask",
            Self::TokenPooling(_) => "HierarchicalTokenPooling",
            Self::SpladePooling(_) => "SpladePooling",
            Self::StaticEmbedding(_) => "StaticEmbedding",
            Self::SparseStaticEmbedding(_) => "SparseStaticEmbedding",
            Self::Router(_) => "Router",
        }
    }

    /// Reads the module of a type that lies in a folder; none for those that do nothing.
    pub(super) fn read(files: &ModelFiles, kind: &str, folder: String, listed_in: &str) -> Result<Option<Self>> {
        let wrong = |message: String| Error::file(files.label(listed_in), message);
        if !is_inside(&folder) {
            return Err(wrong(format!("has the module folder {folder:?}, which is not inside the model's folder")));
        }
        let folder = folder.trim_start_matches("./").trim_end_matches('/').to_owned();
        let name = known(kind).map_err(wrong)?;
        let config = || join(&folder, "config.json");
        let module = match name {
            "Transformer" => Self::Transformer(Transformer::read(files, folder, "feature-extraction")?),
            "MLMTransformer" => Self::Transformer(Transformer::read(files, folder, "fill-mask")?),
            "Pooling" => Self::Pooling(PoolingModule::read(files, &config())?),
            "Normalize" => Self::step(Step::Normalize, Config::read(files, config())?.finish_at_level()?),
            "Dense" => {
                let level = DenseConfig::read(files, &folder)?.level;
                Self::step(Step::Dense(folder), level)
            }
            "MultiVectorMask" => Self::MultiVectorMask(MultiVectorMask::read(files, &config())?),
            "HierarchicalTokenPooling" => Self::TokenPooling(TokenPooling::read(files, &config())?),
            "LayerNorm" => {
                layer_norm_width(files, &folder)?;
                Self::Step(Step::LayerNorm(folder))
            }
            // It does nothing outside of training.
            "Dropout" => return Ok(None),
            "SpladePooling" => Self::SpladePooling(SpladePooling::read(files, &config())?),
            "StaticEmbedding" => Self::StaticEmbedding(folder),
            "SparseStaticEmbedding" => {
                let mut config = Config::read(files, config())?;
                // Whether training changes the weights.
                config.pass_over(&["frozen"]);
                config.finish()?;
                Self::SparseStaticEmbedding(folder)
            }
            "Router" | "Asym" => {
                let module = |kind: &str, folder, listed_in: &str| Self::read(files, kind, folder, listed_in);
                Self::Router(Router::read(files, &folder, module)?)
            }
            other => return Err(wrong(nothing_runs(other))),
        };
        Ok(Some(module))
    }

    fn step(step: Step, level: Level) -> Self {
        match level {
            Level::Texts => Self::Step(step),
            Level::Tokens => Self::TokenStep(step),
        }
    }
}

/// The name of a module's class, if it is one that is run here; else what is wrong with it.
fn known(kind: &str) -> std::result::Result<&str, String> {
    const KNOWN: [&str; 13] = [
        "Transformer",
        "MLMTransformer",
        "Pooling",
        "Normalize",
        "Dense",
        "LayerNorm",
        "Dropout",
        "SpladePooling",
        "StaticEmbedding",
        "SparseStaticEmbedding",
        "Router",
        "MultiVectorMask",
        "HierarchicalTokenPooling",
    ];
    let name = kind.rsplit('.').next().unwrap_or_default();
    if !kind.starts_with("sentence_transformers.") {
        return Err(format!("has the module {kind:?}, which is not sentence-transformers' own"));
    }
    if KNOWN.contains(&name) || name == "Asym" { Ok(name) } else { Err(nothing_runs(name)) }
}

fn nothing_runs(module: &str) -> String {
    format!("has the module {module}, which nothing here runs")
}

/// The modules of a folder, in their order.
pub(super) fn read_all(files: &ModelFiles) -> Result<Vec<Module>> {
    #[derive(Deserialize)]
    struct Entry {
        path: String,
        #[serde(rename = "type")]
        kind: String,
        /// Names of the arguments that callers may give the module.
        #[serde(default)]
        kwargs: Option<Value>,
    }

    let entries: Vec<Entry> = files.json(Folder::MODULES)?;
    // A module that is not run is a greater fault than one whose files are absent.
    for entry in &entries {
        known(&entry.kind).map_err(|message| Error::file(files.label(Folder::MODULES), message))?;
    }
    let mut modules = Vec::new();
    for entry in entries {
        if let Some(Value::Array(names)) = &entry.kwargs
            && !names.is_empty()
            && !entry.kind.starts_with("sentence_transformers.")
        {
            let message = format!("has a module with `kwargs` of its own: {}", Value::from(names.clone()));
            return Err(Error::file(files.label(Folder::MODULES), message));
        }
        modules.extend(Module::read(files, &entry.kind, entry.path, Folder::MODULES)?);
    }
    if modules.is_empty() {
        return Err(Error::file(files.label(Folder::MODULES), "has no module"));
    }
    Ok(modules)
}
