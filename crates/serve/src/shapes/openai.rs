//! OpenAI's shapes, with our extensions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::described::{inputs, rows, vector};
use super::{Direction, Dtype, Encoded, Format, Inputs, Kind, OutputKind, SparseBody, Usage};

/// `POST /v1/embeddings`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OpenAiEmbeddingRequest)]
pub(crate) struct EmbeddingRequest {
    #[schema(schema_with = inputs)]
    pub(crate) input: Inputs,
    /// A name of `/v1/models`. Default: the first model that gives embeddings.
    pub(crate) model: Option<String>,
    /// Numbers, or base64 of their little-endian bytes. Default: float.
    pub(crate) encoding_format: Option<Format>,
    /// The width to cut vectors to: one that the model allows.
    pub(crate) dimensions: Option<usize>,
    /// What the inputs are for: query, document, or a task of the model's.
    pub(crate) input_type: Option<String>,
    pub(crate) prompt_name: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) role: Option<String>,
    /// Whether texts that are too long are cut. Default: as the server was started.
    pub(crate) truncate: Option<bool>,
    pub(crate) truncation_direction: Option<Direction>,
    /// Whether vectors have unit length. Default: yes.
    pub(crate) normalize: Option<bool>,
    /// How values are stored. Default: float.
    pub(crate) output_dtype: Option<Dtype>,
    /// The kinds of vectors that are wanted of a model with several. Default: dense.
    pub(crate) outputs: Option<Vec<OutputKind>>,
    /// What strings among the inputs are. Default: text.
    pub(crate) modality: Option<Kind>,
    /// Jina's name for the width.
    #[schema(ignore)]
    pub(crate) output_dimension: Option<usize>,
    /// Voyage's name for `truncate`.
    #[schema(ignore)]
    pub(crate) truncation: Option<bool>,
    /// Jina's and Mixedbread's name for `normalize`.
    #[schema(ignore)]
    pub(crate) normalized: Option<bool>,
    /// Jina's name for the format and the type.
    #[schema(ignore)]
    pub(crate) embedding_type: Option<JinaType>,
    /// The name that this had before.
    #[schema(ignore)]
    pub(crate) encoding_type: Option<JinaType>,
}

/// How vectors are written, in Jina's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JinaType {
    Float,
    Base64,
    Binary,
    Ubinary,
}

/// The answer to [`EmbeddingRequest`].
#[derive(ToSchema)]
#[schema(as = OpenAiEmbeddingResponse)]
#[expect(dead_code, reason = "it is described; what is written is its head with one entry after the other")]
pub(crate) struct EmbeddingResponse {
    pub(crate) object: &'static str,
    pub(crate) data: Vec<EmbeddingEntry>,
    /// The name of the model that ran.
    pub(crate) model: String,
    pub(crate) usage: Usage,
}

/// One input's vectors.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiEmbeddingEntry)]
pub(crate) struct EmbeddingEntry {
    pub(crate) object: &'static str,
    pub(crate) index: usize,
    #[schema(schema_with = vector)]
    pub(crate) embedding: AnyVector,
    /// Rows and width of a multi-vector in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shape: Option<[usize; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sparse: Option<SparseBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = rows)]
    pub(crate) multi_vector: Option<Encoded>,
    /// Rows and width of `multi_vector` in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) multi_vector_shape: Option<[usize; 2]>,
}

/// A vector of whatever kind.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum AnyVector {
    Values(Encoded),
    Sparse(SparseBody),
}

/// `GET /v1/models`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiModelList)]
pub(crate) struct ModelList {
    pub(crate) object: &'static str,
    pub(crate) data: Vec<ModelEntry>,
}

/// A model that is served.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiModelEntry)]
pub(crate) struct ModelEntry {
    pub(crate) id: String,
    pub(crate) object: &'static str,
    pub(crate) created: u64,
    pub(crate) owned_by: &'static str,
    pub(crate) aliases: Vec<String>,
    pub(crate) embedkit: ModelFacts,
}

/// What is known of a model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OpenAiModelFacts)]
pub(crate) struct ModelFacts {
    pub(crate) family: &'static str,
    /// Width of its vectors; null where it has none, or is not loaded.
    pub(crate) dim: Option<usize>,
    pub(crate) max_tokens: Option<usize>,
    pub(crate) state: &'static str,
    /// Of embed, similarity and rerank.
    pub(crate) tasks: Vec<&'static str>,
}
