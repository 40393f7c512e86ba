//! What orders the best anew.

use std::path::PathBuf;

use embedkit_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::ModelSpec;

/// What orders the best anew: a model that reads them, or the vectors of a stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Rerank {
    /// The id or alias of a reranker, or of any model of texts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Its family, where an id is of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The folder of its files, instead of where its row says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Instead of a model, the stage by whose vectors they are ordered, as by MaxSim over multi-vectors that are stored. A
    /// stage of depth 0 that is named here has no share in the fusion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Records that it orders; the others stay behind them. Default: 50.
    #[serde(default = "usual_depth")]
    pub depth: usize,
}

fn usual_depth() -> usize {
    50
}

impl Rerank {
    /// By a model.
    pub fn by_model(model: impl Into<String>) -> Self {
        Self { model: model.into(), depth: usual_depth(), ..Self::default() }
    }

    /// By the vectors of a stage.
    pub fn by_stage(stage: impl Into<String>) -> Self {
        Self { stage: Some(stage.into()), depth: usual_depth(), ..Self::default() }
    }

    /// Its model.
    pub fn spec(&self) -> ModelSpec {
        let (model, family, folder) = (self.model.clone(), self.family.clone(), self.folder.clone());
        ModelSpec { model, family, folder, ..ModelSpec::default() }
    }

    pub(super) fn check(&self, stages: &[&str]) -> Result<()> {
        if self.depth == 0 {
            return Err(Error::option("rerank.depth", "must be at least 1"));
        }
        let by_model = !self.model.is_empty() || self.family.is_some() || self.folder.is_some();
        match &self.stage {
            Some(_) if by_model => Err(Error::option("rerank", "is by a `model` or by a `stage`, not by both")),
            Some(stage) if !stages.contains(&stage.as_str()) => {
                let message = format!("there is no stage {stage:?}; there are {}", stages.join(", "));
                Err(Error::option("rerank.stage", message))
            }
            None if self.model.is_empty() => Err(Error::option("rerank", "needs a `model` or a `stage`")),
            _ => Ok(()),
        }
    }
}
