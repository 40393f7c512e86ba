//! The shapes of text-embeddings-inference.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Cut, Direction, Inputs, List, Pairs};

/// `POST /embed`, `/embed_sparse` and `/embed_all`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiEmbedRequest)]
pub(crate) struct EmbedRequest {
    /// A text or a list of texts.
    #[schema(value_type = Vec<String>)]
    pub(crate) inputs: Inputs,
    pub(crate) truncate: Option<bool>,
    pub(crate) truncation_direction: Option<Direction>,
    pub(crate) prompt_name: Option<String>,
    /// Whether vectors have unit length; `/embed` alone. Default: yes.
    pub(crate) normalize: Option<bool>,
    /// The width to cut vectors to; `/embed` alone.
    pub(crate) dimensions: Option<usize>,
}

/// A weight of a sparse vector.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiSparseValue)]
pub(crate) struct SparseValue {
    pub(crate) index: u32,
    pub(crate) value: f32,
}

/// `POST /rerank` with `texts`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiRerankRequest)]
pub(crate) struct RerankRequest {
    pub(crate) query: String,
    #[schema(value_type = Vec<String>)]
    pub(crate) texts: List<String>,
    /// Logits, instead of their sigmoid.
    pub(crate) raw_scores: Option<bool>,
    pub(crate) return_text: Option<bool>,
    pub(crate) truncate: Option<bool>,
    pub(crate) truncation_direction: Option<Direction>,
    /// Most texts in the answer.
    pub(crate) top_n: Option<i64>,
    #[schema(ignore)]
    pub(crate) model: Option<String>,
}

/// A text by its relevance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiRank)]
pub(crate) struct Rank {
    pub(crate) index: usize,
    pub(crate) score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

/// `POST /similarity`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiSimilarityRequest)]
pub(crate) struct SimilarityRequest {
    pub(crate) inputs: SimilarityInputs,
    pub(crate) parameters: Option<SimilarityParameters>,
}

/// A text, and those that it is compared with.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiSimilarityInputs)]
pub(crate) struct SimilarityInputs {
    pub(crate) source_sentence: String,
    #[schema(value_type = Vec<String>)]
    pub(crate) sentences: List<String>,
}

/// How they are embedded.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = TeiSimilarityParameters)]
pub(crate) struct SimilarityParameters {
    pub(crate) truncate: Option<bool>,
    pub(crate) truncation_direction: Option<Direction>,
    pub(crate) prompt_name: Option<String>,
}

impl SimilarityParameters {
    pub(crate) fn cut(&self) -> Cut {
        Cut::new(self.truncate, self.truncation_direction)
    }
}

/// `POST /predict`, on rerankers.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiPredictRequest)]
pub(crate) struct PredictRequest {
    /// A pair of texts, or a list of pairs.
    #[schema(value_type = Vec<Vec<String>>)]
    pub(crate) inputs: Pairs,
    pub(crate) raw_scores: Option<bool>,
    pub(crate) truncate: Option<bool>,
    pub(crate) truncation_direction: Option<Direction>,
}

/// A label's score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiPrediction)]
pub(crate) struct Prediction {
    pub(crate) score: f32,
    pub(crate) label: &'static str,
}

/// `POST /tokenize`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiTokenizeRequest)]
pub(crate) struct TokenizeRequest {
    /// A text or a list of texts.
    #[schema(value_type = Vec<String>)]
    pub(crate) inputs: Inputs,
    /// Default: yes.
    pub(crate) add_special_tokens: Option<bool>,
    pub(crate) prompt_name: Option<String>,
}

/// A token; where its text begins and ends in bytes, null for special ones.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiTokenBody)]
pub(crate) struct TokenBody {
    pub(crate) id: u32,
    pub(crate) text: String,
    pub(crate) special: bool,
    pub(crate) start: Option<usize>,
    pub(crate) stop: Option<usize>,
}

/// `POST /decode`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiDecodeRequest)]
pub(crate) struct DecodeRequest {
    /// A list of ids, or a list of these.
    #[schema(value_type = Vec<Vec<u32>>)]
    pub(crate) ids: Inputs,
    /// Default: yes.
    pub(crate) skip_special_tokens: Option<bool>,
}

/// `GET /info`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiInfo)]
pub(crate) struct Info {
    pub(crate) model_id: String,
    pub(crate) model_sha: Option<String>,
    pub(crate) model_dtype: &'static str,
    pub(crate) served_model_name: String,
    #[schema(value_type = Object)]
    pub(crate) model_type: serde_json::Value,
    pub(crate) max_concurrent_requests: usize,
    pub(crate) max_input_length: usize,
    pub(crate) max_batch_tokens: usize,
    pub(crate) max_batch_requests: Option<usize>,
    pub(crate) max_client_batch_size: usize,
    pub(crate) auto_truncate: bool,
    pub(crate) tokenization_workers: usize,
    pub(crate) version: &'static str,
    pub(crate) sha: Option<String>,
    pub(crate) docker_label: Option<String>,
    pub(crate) embedkit: InfoFacts,
}

/// What is ours in `/info`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiInfoFacts)]
pub(crate) struct InfoFacts {
    pub(crate) version: &'static str,
    pub(crate) family: &'static str,
    pub(crate) dim: Option<usize>,
    pub(crate) matryoshka: Vec<usize>,
    /// What inputs may be for.
    pub(crate) roles: Vec<String>,
    pub(crate) provider: String,
}
