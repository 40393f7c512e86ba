//! Which model.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Which model, and what is set of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ModelSpec {
    /// Its id or alias.
    pub model: String,
    /// Its family, where an id is of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The folder of its files, instead of where its row says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// The width that its vectors are cut to, one of its Matryoshka steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
    /// Longest input in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// Its architecture's parameters.
    #[serde(skip_serializing_if = "toml::Table::is_empty")]
    pub parameters: toml::Table,
}
