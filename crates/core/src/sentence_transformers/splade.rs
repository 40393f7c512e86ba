//! `SpladePooling`: logits of each token to one sparse vector.

use serde::{Deserialize, Serialize};

use super::config::Config;
use crate::{ModelFiles, Result};

/// A `SpladePooling` module.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SpladePooling {
    /// How tokens' weights become one.
    pub strategy: SpladeStrategy,
    /// What makes a weight of a logit.
    pub activation: SpladeActivation,
    /// Number of the vocabulary's entries, where the module says.
    pub dim: Option<usize>,
}

/// How tokens' weights become one, for each entry of the vocabulary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpladeStrategy {
    /// The largest (SPLADE v2).
    #[default]
    Max,
    /// Their sum (SPLADE).
    Sum,
}

/// What makes a weight of a logit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpladeActivation {
    /// `ln(1 + max(x, 0))`.
    #[default]
    Relu,
    /// `ln(1 + ln(1 + max(x, 0)))`.
    Log1pRelu,
}

impl SpladePooling {
    pub(super) fn read(files: &ModelFiles, name: &str) -> Result<Self> {
        let mut config = Config::read(files, name)?;
        let strategy = match config.take::<String>("pooling_strategy")?.as_deref() {
            None | Some("max") => SpladeStrategy::Max,
            Some("sum") => SpladeStrategy::Sum,
            Some(other) => {
                return Err(config.wrong("pooling_strategy", format!("is {other:?}, and should be max or sum")));
            }
        };
        let activation = match config.take::<String>("activation_function")?.as_deref() {
            None | Some("relu") => SpladeActivation::Relu,
            Some("log1p_relu") => SpladeActivation::Log1pRelu,
            Some(other) => {
                let message = format!("is {other:?}, and should be relu or log1p_relu");
                return Err(config.wrong("activation_function", message));
            }
        };
        let dim = config.take_renamed("embedding_dimension", "word_embedding_dimension")?;
        // How many tokens are pooled at a time.
        config.pass_over(&["chunk_size"]);
        config.finish()?;
        Ok(Self { strategy, activation, dim })
    }
}
