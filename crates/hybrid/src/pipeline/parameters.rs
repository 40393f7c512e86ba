//! The row's `parameters`.

use embedkit_core::OutputSelector;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct Parameters {
    /// The dense, sparse and multi-vector output.
    pub(super) outputs: [OutputSelector; 3],
    /// Whether rows are labelled with their tokens.
    pub(super) labels: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { outputs: [0, 1, 2].map(OutputSelector::Index), labels: false }
    }
}
