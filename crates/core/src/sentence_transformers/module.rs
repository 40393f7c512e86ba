//! `modules.json`.

use serde::Deserialize;

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
        reader(kind).map_err(wrong)?(files, folder)
    }

    fn step(step: Step, level: Level) -> Self {
        match level {
            Level::Texts => Self::Step(step),
            Level::Tokens => Self::TokenStep(step),
        }
    }
}

/// Reads the module that lies in a folder; none for those that do nothing.
type Read = fn(&ModelFiles, String) -> Result<Option<Module>>;

/// What reads the modules of a class, if they are run here; else what is wrong with it.
fn reader(kind: &str) -> std::result::Result<Read, String> {
    if !kind.starts_with("sentence_transformers.") {
        return Err(format!("has the module {kind:?}, which is not sentence-transformers' own"));
    }
    let read: Read = match kind.rsplit('.').next().unwrap_or_default() {
        "Transformer" => {
            |files, folder| Ok(Some(Module::Transformer(Transformer::read(files, folder, "feature-extraction")?)))
        }
        "MLMTransformer" => {
            |files, folder| Ok(Some(Module::Transformer(Transformer::read(files, folder, "fill-mask")?)))
        }
        "Pooling" => |files, folder| Ok(Some(Module::Pooling(PoolingModule::read(files, &config(&folder))?))),
        "Normalize" => |files, folder| {
            let level = Config::read(files, config(&folder))?.finish_at_level()?;
            Ok(Some(Module::step(Step::Normalize, level)))
        },
        "Dense" => |files, folder| {
            let level = DenseConfig::read(files, &folder)?.level;
            Ok(Some(Module::step(Step::Dense(folder), level)))
        },
        "MultiVectorMask" => {
            |files, folder| Ok(Some(Module::MultiVectorMask(MultiVectorMask::read(files, &config(&folder))?)))
        }
        "HierarchicalTokenPooling" => {
            |files, folder| Ok(Some(Module::TokenPooling(TokenPooling::read(files, &config(&folder))?)))
        }
        "LayerNorm" => |files, folder| {
            layer_norm_width(files, &folder)?;
            Ok(Some(Module::Step(Step::LayerNorm(folder))))
        },
        // It does nothing outside of training.
        "Dropout" => |_, _| Ok(None),
        "SpladePooling" => {
            |files, folder| Ok(Some(Module::SpladePooling(SpladePooling::read(files, &config(&folder))?)))
        }
        "StaticEmbedding" => |_, folder| Ok(Some(Module::StaticEmbedding(folder))),
        "SparseStaticEmbedding" => |files, folder| {
            let mut config = Config::read(files, config(&folder))?;
            // Whether training changes the weights.
            config.pass_over(&["frozen"]);
            config.finish()?;
            Ok(Some(Module::SparseStaticEmbedding(folder)))
        },
        "Router" | "Asym" => |files, folder| {
            let module = |kind: &str, folder, listed_in: &str| Module::read(files, kind, folder, listed_in);
            Ok(Some(Module::Router(Router::read(files, &folder, module)?)))
        },
        other => return Err(format!("has the module {other}, which nothing here runs")),
    };
    Ok(read)
}

/// Where a module's settings are.
fn config(folder: &str) -> String {
    join(folder, "config.json")
}

/// The modules of a folder, in their order.
pub(super) fn read_all(files: &ModelFiles) -> Result<Vec<Module>> {
    #[derive(Deserialize)]
    struct Entry {
        path: String,
        #[serde(rename = "type")]
        kind: String,
    }

    let entries: Vec<Entry> = files.json(Folder::MODULES)?;
    // A module that is not run is a greater fault than one whose files are absent.
    for entry in &entries {
        reader(&entry.kind).map_err(|message| Error::file(files.label(Folder::MODULES), message))?;
    }
    let mut modules = Vec::new();
    for entry in entries {
        modules.extend(Module::read(files, &entry.kind, entry.path, Folder::MODULES)?);
    }
    if modules.is_empty() {
        return Err(Error::file(files.label(Folder::MODULES), "has no module"));
    }
    Ok(modules)
}
