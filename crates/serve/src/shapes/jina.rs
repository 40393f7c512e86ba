//! Jina's shapes of multi-vectors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::described::{inputs, rows};
use super::{Direction, Dtype, Encoded, Format, Inputs, Kind, OutputKind, Usage};

/// `POST /v1/multi-vector`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = JinaMultiVectorRequest)]
pub(crate) struct MultiVectorRequest {
    pub(crate) model: Option<String>,
    #[schema(schema_with = inputs)]
    pub(crate) input: Inputs,
    /// query or document. Default: document.
    pub(crate) input_type: Option<String>,
    #[schema(ignore)]
    pub(crate) prompt_name: Option<String>,
    #[schema(ignore)]
    pub(crate) task: Option<String>,
    #[schema(ignore)]
    pub(crate) role: Option<String>,
    pub(crate) dimensions: Option<usize>,
    /// Numbers, or base64 of their bytes, row by row. Default: float.
    #[serde(alias = "encoding_format", alias = "encoding_type")]
    pub(crate) embedding_type: Option<Format>,
    /// Whether texts that are too long are cut. Default: as the server was started.
    pub(crate) truncate: Option<bool>,
    pub(crate) truncation_direction: Option<Direction>,
    /// How values are stored. Default: float.
    #[schema(ignore)]
    pub(crate) output_dtype: Option<Dtype>,
    #[schema(ignore)]
    pub(crate) outputs: Option<Vec<OutputKind>>,
    #[schema(ignore)]
    pub(crate) return_multivector: Option<bool>,
    #[schema(ignore)]
    pub(crate) modality: Option<Kind>,
    #[schema(ignore)]
    pub(crate) output_dimension: Option<usize>,
    #[schema(ignore)]
    pub(crate) truncation: Option<bool>,
    #[schema(ignore)]
    pub(crate) normalize: Option<bool>,
    #[schema(ignore)]
    pub(crate) normalized: Option<bool>,
}

/// The answer to [`MultiVectorRequest`].
#[derive(ToSchema)]
#[schema(as = JinaMultiVectorResponse)]
#[expect(dead_code, reason = "it is described; what is written is its head with one entry after the other")]
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
    #[schema(schema_with = rows)]
    pub(crate) embeddings: Encoded,
    /// Rows and width, where they are base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shape: Option<[usize; 2]>,
}
