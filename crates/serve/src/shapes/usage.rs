//! What a request took, as OpenAI's shapes and those that follow them tell it.

use serde::Serialize;
use utoipa::ToSchema;

/// An answer without its list.
#[derive(Debug, Serialize)]
pub(crate) struct ListHead {
    pub(crate) object: &'static str,
    pub(crate) model: String,
    pub(crate) usage: Usage,
}

/// What a request took.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = OpenAiUsage)]
pub(crate) struct Usage {
    /// Tokens that the model saw: after cutting, special ones included, padding not.
    pub(crate) prompt_tokens: usize,
    pub(crate) total_tokens: usize,
    /// Inputs that were cut.
    pub(crate) truncated_inputs: usize,
}
