//! `Pooling`: token vectors to one vector.

use serde::Deserialize;

use super::config::Config;
use crate::{Error, ModelFiles, Pooling, Result};

/// A `Pooling` module.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PoolingModule {
    /// How; several poolings are joined in the module's order.
    pub pooling: Pooling,
    /// Width of a token's vector, where the module says.
    pub dim: Option<usize>,
    /// Whether the prompt's tokens count.
    pub include_prompt: bool,
}

/// One mode or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Modes {
    One(String),
    Several(Vec<String>),
}

/// The modes, with the flags that older folders have for them, in the order in which several flags are joined.
const MODES: [(&str, &str, Pooling); 6] = [
    ("cls", "pooling_mode_cls_token", Pooling::Cls),
    ("max", "pooling_mode_max_tokens", Pooling::Max),
    ("mean", "pooling_mode_mean_tokens", Pooling::Mean),
    ("mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens", Pooling::MeanSqrtLen),
    ("weightedmean", "pooling_mode_weightedmean_tokens", Pooling::WeightedMean),
    ("lasttoken", "pooling_mode_lasttoken", Pooling::LastToken),
];

impl PoolingModule {
    pub(super) fn read(files: &ModelFiles, name: &str) -> Result<Self> {
        if !files.has(name) {
            return Err(Error::MissingFile {
                path: files.label(name),
                needed_for: "it says how tokens' vectors become one".to_owned(),
            });
        }
        let mut config = Config::read(files, name)?;
        let mut flagged = Vec::new();
        for (_, flag, pooling) in MODES {
            if config.take(flag)?.unwrap_or(false) {
                flagged.push(pooling);
            }
        }
        // The name goes before the flags, and without either it is the mean.
        let poolings = match config.take("pooling_mode")? {
            None if flagged.is_empty() => vec![Pooling::Mean],
            None => flagged,
            Some(Modes::One(mode)) => vec![named(&config, &mode)?],
            Some(Modes::Several(modes)) => modes.iter().map(|mode| named(&config, mode)).collect::<Result<_>>()?,
        };
        let pooling = match <[Pooling; 1]>::try_from(poolings) {
            Ok([pooling]) => pooling,
            Err(several) if several.is_empty() => return Err(config.wrong("pooling_mode", "is empty".to_owned())),
            Err(several) => Pooling::Joined(several),
        };
        let module = Self {
            pooling,
            dim: config.take_renamed("embedding_dimension", "word_embedding_dimension")?,
            include_prompt: config.take("include_prompt")?.unwrap_or(true),
        };
        config.finish()?;
        Ok(module)
    }

    /// Width of a text's vector.
    pub fn width(&self) -> Option<usize> {
        let poolings = if let Pooling::Joined(several) = &self.pooling { several.len() } else { 1 };
        self.dim?.checked_mul(poolings)
    }
}

fn named(config: &Config<'_>, mode: &str) -> Result<Pooling> {
    let known = MODES.into_iter().find(|(name, ..)| *name == mode).map(|(.., pooling)| pooling);
    let names = || MODES.map(|(name, ..)| name).join(", ");
    known.ok_or_else(|| config.wrong("pooling_mode", format!("is {mode:?}, and should be among {}", names())))
}
