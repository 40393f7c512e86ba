//! Jina's shapes of multi-vectors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::openai::Usage;
use super::{Encoded, Inputs};

/// `POST /v1/multi-vector`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = JinaMultiVectorRequest)]
pub(crate) struct MultiVectorRequest {
    pub(crate) model: Option<String>,
    /// Texts or images.
    #[schema(value_type = Vec<String>)]
    pub(crate) input: Inputs,
    /// query or document. Default: document.
    pub(crate) input_type: Option<String>,
    pub(crate) dimensions: Option<usize>,
    /// Numbers, or base64 of their bytes, row by row. Default: float.
    pub(crate) embedding_type: Option<super::Format>,
}

/// The answer to [`MultiVectorRequest`].
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JinaMultiVectorResponse)]
pub(crate) struct MultiVectorResponse {
    pub(crate) object: &'static str,
    pub(crate) data: Vec<MultiVectorEntry>,
    pub(crate) model: String,
    pub(crate) usage: Usage,
}

/// One input's vectors.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JinaMultiVectorEntry)]
pub(crate) struct MultiVectorEntry {
    pub(crate) object: &'static str,
    pub(crate) index: usize,
    #[schema(value_type = Vec<Vec<f32>>)]
    pub(crate) embeddings: Encoded,
    /// Rows and width, where they are base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shape: Option<[usize; 2]>,
}
