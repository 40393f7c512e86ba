//! What a model *is*: one row of a manifest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::{Error, Result};

/// One model, as data.
///
/// A model that differs from another only in these fields is a row, never code. Field names are the
/// keys of a `[[model]]` table in a manifest; unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ModelDescription {
    /// The name users ask for, unique in its family without regard to case.
    pub id: String,
    /// Other names of the same model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The family: `dense`, `sparse`, `colbert`, `colpali`, `image`, `rerank`, or a plug-in's own.
    pub family: String,
    /// The architecture that turns the files into a pipeline.
    pub architecture: String,
    /// One sentence for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// An SPDX expression; `LicenseRef-…` for licences that have no SPDX id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub license: String,
    /// BCP 47 language tags; `multilingual` alone for models of very many languages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Size of the download in gigabytes, for people who choose; not exact.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub size_gb: f64,
    /// Width of an embedding; absent for families without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
    /// Widths, descending and below `dim`, to which a vector may be cut (Matryoshka representation learning).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matryoshka: Vec<usize>,
    /// Longest input in tokens, special tokens included; absent: the tokenizer's configuration says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// How token vectors become one vector.
    #[serde(default, skip_serializing_if = "Pooling::is_none")]
    pub pooling: Pooling,
    /// Whether vectors are divided by their Euclidean length.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub normalize: bool,
    /// What is put before a text, by role (`query`, `passage`, `plain` for texts of neither) or task.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prompts: BTreeMap<String, String>,
    /// Tasks the model is conditioned on, with the number the graph takes for each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tasks: BTreeMap<String, i64>,
    /// To which length a batch's rows are padded.
    #[serde(default, skip_serializing_if = "Padding::is_longest")]
    pub padding: Padding,
    /// Which output of the graph holds the result; absent: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputSelector>,
    /// What is applied to a reranker's score by default.
    #[serde(default, skip_serializing_if = "Activation::is_none")]
    pub activation: Activation,
    /// How the weights are stored: information, and what [`Builder::batch_invariant`](crate::Builder::batch_invariant) goes by.
    #[serde(default, skip_serializing_if = "Quantization::is_none")]
    pub quantization: Quantization,
    /// Whether the search engine must apply inverse document frequencies to these sparse vectors.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub requires_idf: bool,
    /// Entries of a sparse model's vocabulary: its index space, unless its indices are hashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocab_size: Option<usize>,
    /// Name of the vector space, when several models share one (an image model and its text model).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// Something a user of this model must know; given as a warning when it is loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
    /// The file with the weights, relative to the model's folder; empty for models without weights.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model_file: String,
    /// The folder of `tokenizer.json` and its companions, relative to the model's; absent: the model's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tokenizer_folder: String,
    /// Further files the model cannot be loaded without. They are fetched with the graph; a folder that is given is not
    /// searched for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Configuration files, fetched where the source has them.
    #[serde(default = "text_config_files")]
    pub config_files: Vec<String>,
    /// Exact sizes and digests, by file, where they are known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, FileDigest>,
    /// Where the files come from, tried in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Settings of the architecture; it defines and checks their names.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub parameters: toml::Table,
}

/// The configuration files of a text model.
fn text_config_files() -> Vec<String> {
    ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"].map(str::to_owned).into()
}

fn is_zero(size: &f64) -> bool {
    *size == 0.0
}

/// How token vectors `[tokens, dim]` become one vector `[dim]`, or `[n * dim]` of n joined poolings. Tokens are those
/// that the attention mask keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Pooling {
    /// No pooling: the graph already gives one vector a text.
    #[default]
    None,
    /// The first token's vector.
    Cls,
    /// The largest of the tokens' values, in each dimension.
    Max,
    /// The mean over the tokens.
    Mean,
    /// The sum over the tokens, divided by the square root of their number.
    MeanSqrtLen,
    /// The mean over the tokens, each weighted by its position, the first by 1.
    WeightedMean,
    /// The last token's vector.
    LastToken,
    /// Several poolings' vectors, one after the other.
    Joined(Vec<Pooling>),
}

impl Pooling {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// To which length a batch's rows are padded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Padding {
    /// To the longest row of the batch, or the multiple beyond it that `tokenizer.json` says.
    #[default]
    Longest,
    /// To the longest row of the batch, whatever `tokenizer.json` says.
    Exact,
    /// To the model's maximum length, always: for graphs that pool at the last position whatever it holds.
    MaxLength,
}

impl Padding {
    fn is_longest(&self) -> bool {
        *self == Self::Longest
    }
}

/// Which output of a graph to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OutputSelector {
    /// By position in the graph's declaration, from 0.
    Index(usize),
    /// By name.
    Name(String),
    /// The first of these names that the graph has, else its first output.
    FirstOf(Vec<String>),
}

/// What is applied to a reranker's raw score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Activation {
    /// Nothing: the raw logit.
    #[default]
    None,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The probability of the last of several labels under a softmax.
    Softmax,
}

impl Activation {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// How a model's weights are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Quantization {
    /// 32-bit floats.
    #[default]
    None,
    /// 16-bit floats.
    F16,
    /// Integers with scales fixed in the file: a row's result does not depend on its batch.
    Static,
    /// Integers with activations scaled by the batch at hand: a row's result depends, slightly, on its batch.
    Dynamic,
}

impl Quantization {
    fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// The exact size and digest of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// Size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256, 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl ModelDescription {
    /// The row without what only people read, and without where its files come from: what its results depend on, for whoever
    /// tells results of one model from those of another.
    #[must_use]
    pub fn of_results(&self) -> Self {
        Self {
            aliases: Vec::new(),
            description: String::new(),
            license: String::new(),
            languages: Vec::new(),
            size_gb: 0.0,
            notice: None,
            sources: Vec::new(),
            ..self.clone()
        }
    }

    /// The `max_length` of a model that cuts no text.
    pub const NO_LIMIT: usize = i64::MAX as usize;

    /// A row with nothing but its identity; the rest is set on its public fields.
    pub fn new(id: impl Into<String>, family: impl Into<String>, architecture: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            aliases: Vec::new(),
            family: family.into(),
            architecture: architecture.into(),
            description: String::new(),
            license: String::new(),
            languages: Vec::new(),
            size_gb: 0.0,
            dim: None,
            matryoshka: Vec::new(),
            max_length: None,
            pooling: Pooling::None,
            normalize: false,
            prompts: BTreeMap::new(),
            tasks: BTreeMap::new(),
            padding: Padding::Longest,
            output: None,
            activation: Activation::None,
            quantization: Quantization::None,
            requires_idf: false,
            vocab_size: None,
            space: None,
            notice: None,
            model_file: String::new(),
            tokenizer_folder: String::new(),
            files: Vec::new(),
            config_files: text_config_files(),
            digests: BTreeMap::new(),
            sources: Vec::new(),
            parameters: toml::Table::new(),
        }
    }

    /// The files the model cannot be loaded without: the weights and what stands in `files`.
    pub fn required_files(&self) -> impl Iterator<Item = &str> {
        let weights = (!self.model_file.is_empty()).then_some(self.model_file.as_str());
        weights.into_iter().chain(self.files.iter().map(String::as_str))
    }

    /// The id and the aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// The architecture's settings, read into its own type.
    ///
    /// # Errors
    /// [`Error::Manifest`] when a key is unknown to the architecture, missing or of the wrong type.
    pub fn parameters<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(self.parameters.clone()).map_err(|e| {
            Error::manifest(&self.id, format!("in `parameters`: {}", e.to_string().trim().replace('\n', " ")))
        })
    }

    /// Refuses any of the architecture's settings, for architectures that have none.
    ///
    /// # Errors
    /// [`Error::Manifest`] naming the first.
    pub fn require_no_parameters(&self) -> Result<()> {
        match self.parameters.keys().next() {
            None => Ok(()),
            Some(name) => {
                let message = format!("{:?} models take no `parameters`, and {name:?} is set", self.architecture);
                Err(Error::manifest(&self.id, message))
            }
        }
    }

    /// The file with the weights.
    ///
    /// # Errors
    /// [`Error::Manifest`] when the row does not name it.
    pub fn require_model_file(&self) -> Result<&str> {
        if self.model_file.is_empty() {
            return Err(Error::manifest(&self.id, "`model-file` must name the file with the weights"));
        }
        Ok(&self.model_file)
    }

    /// The embedding's width.
    ///
    /// # Errors
    /// [`Error::Manifest`] when the row does not state it.
    pub fn require_dim(&self) -> Result<usize> {
        self.dim.ok_or_else(|| Error::manifest(&self.id, "`dim` is missing: state the width of an embedding"))
    }
}
