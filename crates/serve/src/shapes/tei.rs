//! The shapes of text-embeddings-inference.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::described::{ids, inputs, pairs, texts};
use super::{Direction, Inputs, Kind, List, Object, OutputKind, Pairs, PurposeFields};

/// `POST /embed`, `/embed_sparse` and `/embed_all`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiEmbedRequest)]
pub(crate) struct EmbedRequest {
    #[schema(schema_with = inputs)]
    pub(crate) inputs: Inputs,
    pub(crate) truncate: Option<bool>,
    pub(crate) truncation_direction: Option<Direction>,
    pub(crate) prompt_name: Option<String>,
    #[schema(ignore)]
    pub(crate) input_type: Option<String>,
    #[schema(ignore)]
    pub(crate) task: Option<String>,
    #[schema(ignore)]
    pub(crate) role: Option<String>,
    /// Whether vectors have unit length; `/embed` alone. Default: yes.
    pub(crate) normalize: Option<bool>,
    /// The width to cut vectors to; `/embed` alone.
    pub(crate) dimensions: Option<usize>,
    #[schema(ignore)]
    pub(crate) model: Option<String>,
    #[schema(ignore)]
    pub(crate) truncation: Option<bool>,
    #[schema(ignore)]
    pub(crate) normalized: Option<bool>,
    #[schema(ignore)]
    pub(crate) output_dimension: Option<usize>,
    #[schema(ignore)]
    pub(crate) modality: Option<Kind>,
    #[schema(ignore)]
    pub(crate) outputs: Option<Vec<OutputKind>>,
    #[schema(ignore)]
    pub(crate) return_multivector: Option<bool>,
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
    /// Cohere's name for `return_text`.
    #[schema(ignore)]
    pub(crate) return_documents: Option<bool>,
    #[schema(ignore)]
    pub(crate) max_tokens_per_doc: Option<usize>,
    #[schema(ignore)]
    pub(crate) truncation: Option<bool>,
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
    #[schema(value_type = SimilarityInputs)]
    pub(crate) inputs: Object<SimilarityInputs>,
    #[schema(value_type = Option<SimilarityParameters>)]
    pub(crate) parameters: Option<Object<SimilarityParameters>>,
    #[schema(ignore)]
    pub(crate) model: Option<String>,
    // What clients say beside `parameters` instead.
    #[schema(ignore)]
    pub(crate) truncate: Option<bool>,
    #[schema(ignore)]
    pub(crate) truncation: Option<bool>,
    #[schema(ignore)]
    pub(crate) truncation_direction: Option<Direction>,
    #[schema(ignore)]
    pub(crate) prompt_name: Option<String>,
    #[schema(ignore)]
    pub(crate) input_type: Option<String>,
    #[schema(ignore)]
    pub(crate) task: Option<String>,
    #[schema(ignore)]
    pub(crate) role: Option<String>,
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
    #[schema(ignore)]
    pub(crate) input_type: Option<String>,
    #[schema(ignore)]
    pub(crate) task: Option<String>,
    #[schema(ignore)]
    pub(crate) role: Option<String>,
    #[schema(ignore)]
    pub(crate) truncation: Option<bool>,
}

impl SimilarityParameters {
    pub(crate) fn purpose(self) -> PurposeFields {
        let Self { input_type, prompt_name, task, role, .. } = self;
        PurposeFields { input_type, prompt_name, task, role }
    }
}

/// `POST /predict`, on rerankers.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeiPredictRequest)]
pub(crate) struct PredictRequest {
    #[schema(schema_with = pairs)]
    pub(crate) inputs: Pairs,
    pub(crate) raw_scores: Option<bool>,
    pub(crate) truncate: Option<bool>,
    pub(crate) truncation_direction: Option<Direction>,
    #[schema(ignore)]
    pub(crate) truncation: Option<bool>,
    #[schema(ignore)]
    pub(crate) model: Option<String>,
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
    #[schema(schema_with = texts)]
    pub(crate) inputs: Inputs,
    /// Default: yes.
    pub(crate) add_special_tokens: Option<bool>,
    pub(crate) prompt_name: Option<String>,
    #[schema(ignore)]
    pub(crate) input_type: Option<String>,
    #[schema(ignore)]
    pub(crate) task: Option<String>,
    #[schema(ignore)]
    pub(crate) role: Option<String>,
    #[schema(ignore)]
    pub(crate) model: Option<String>,
}

/// A token: its part of the text, and where that begins and ends in bytes. Those that the tokenizer puts around a text are
/// special ones, and stand nowhere in it.
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
    #[schema(schema_with = ids)]
    pub(crate) ids: Inputs,
    /// Default: yes.
    pub(crate) skip_special_tokens: Option<bool>,
    #[schema(ignore)]
    pub(crate) model: Option<String>,
}

/// `GET /info`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeiInfo)]
pub(crate) struct Info {
    pub(crate) model_id: String,
    /// The commit on the hub that its files are of; null for those of other places.
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
