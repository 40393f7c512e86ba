//! A model that is to be served.

use std::path::PathBuf;
use std::str::FromStr;

use embedkit_core::Pooling;
use serde::Deserialize;

use super::units::Time;

/// A model that is to be served: a paragraph `[[model]]` of the configuration file, or `[NAME=]ID` on a command line.
///
/// What is not set is the library's default, as for the command line's `embed`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModelConfig {
    /// What clients call it. Default: the model's id, or its folder's name.
    pub name: Option<String>,
    /// The model's id or alias in the catalogue.
    pub id: Option<String>,
    /// The folder with its files. Without an `id` the folder describes itself.
    pub dir: Option<PathBuf>,
    /// Its family, where neither id nor folder tells.
    pub family: Option<String>,
    /// When it is loaded. Default: at the start.
    pub load: Load,
    /// Drops it when it was not used for so long. Default: never.
    pub idle_unload: Option<Time>,
    /// Most tokens in a batch, padding included. Default: the library's.
    pub max_batch_tokens: Option<usize>,
    /// Most inputs in a batch. Default: the library's.
    pub batch_size: Option<usize>,
    /// Whether results are kept independent of what else is in a batch. Default: yes.
    pub batch_invariant: Option<bool>,
    /// Whether inputs of several requests share batches. Default: yes.
    pub share_batches: Option<bool>,
    /// How the folder's model makes one vector of the tokens' vectors.
    pub pooling: Option<Pooling>,
    /// Whether the folder's model divides vectors by their length.
    pub normalize: Option<bool>,
    /// The output of the folder's graph that holds the result.
    pub output_name: Option<String>,
    /// The folder's graph.
    pub model_file: Option<String>,
    /// Cuts vectors to this width.
    pub dim: Option<usize>,
    /// Longest input in tokens.
    pub max_length: Option<usize>,
    /// Brings the graph's 32-bit weights to 8 bits when it is loaded.
    pub quantize: Option<Quantize>,
    /// A file of `embedkit tune`.
    pub tuning: Option<PathBuf>,
    /// Threads of the model.
    pub threads: Option<usize>,
    /// Sessions that run at the same time.
    pub sessions: Option<usize>,
    /// Execution providers, best first.
    pub provider: Vec<String>,
    /// Fails where no provider works, instead of running on the CPU.
    pub require_provider: bool,
    /// Devices of the provider.
    pub device: Vec<i32>,
    /// Lets CUDA round what it multiplies to ten bits.
    pub tf32: bool,
    /// Most pixels of an image. Default: the server's `max-pixels`.
    pub max_pixels: Option<u64>,
    /// Memory that images may take while they are decoded, in MiB, on all threads together. Default: the server's
    /// `decode-memory`.
    pub decode_memory: Option<u64>,
    /// The folder of downloaded models.
    pub cache_dir: Option<PathBuf>,
    /// Downloads nothing.
    pub offline: bool,
    /// The architecture's parameters.
    pub parameters: toml::Table,
}

/// When a model is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Load {
    /// At the start; the server is not ready before.
    #[default]
    Eager,
    /// By the first request for it.
    Lazy,
}

/// What a graph's weights are brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantize {
    /// Signed 8-bit integers.
    Int8,
}

impl ModelConfig {
    /// A model of the catalogue, as `[NAME=]ID`.
    pub fn id(text: &str) -> Self {
        let (name, id) = named(text);
        Self { name, id: Some(id.to_owned()), ..Self::default() }
    }

    /// A folder, as `[NAME=]DIR`. A name that the catalogue has is that model, with its files in the folder.
    pub fn dir(text: &str) -> Self {
        let (name, dir) = named(text);
        Self { name, dir: Some(dir.into()), ..Self::default() }
    }
}

impl FromStr for ModelConfig {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::id(text))
    }
}

/// What stands before the first `=`, and what behind it.
fn named(text: &str) -> (Option<String>, &str) {
    match text.split_once('=') {
        Some((name, rest)) if !name.is_empty() => (Some(name.to_owned()), rest),
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_stand_before_an_id() {
        let model = ModelConfig::id("rr=Xenova/ms-marco-MiniLM-L-6-v2");
        assert_eq!((model.name.as_deref(), model.id.as_deref()), (Some("rr"), Some("Xenova/ms-marco-MiniLM-L-6-v2")));
        assert_eq!(ModelConfig::id("BAAI/bge-small-en-v1.5").name, None);
        assert_eq!(ModelConfig::dir("mine=/models/a=b").dir, Some("/models/a=b".into()));
    }
}
