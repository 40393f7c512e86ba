//! The shapes of rerankers with `documents`: Cohere, Jina, vLLM, infinity and llama.cpp in one.

use std::fmt;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reading::once;
use super::{Direction, List, OURS, Usage};

/// `POST /rerank`, `/v1/rerank`, `/v2/rerank`, `/v1/reranking` and `/reranking` with `documents`.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RerankRequest {
    pub(crate) model: Option<String>,
    pub(crate) query: String,
    #[schema(schema_with = super::described::documents, required = true)]
    pub(crate) documents: Option<List<Document>>,
    /// Most documents in the answer; 0 and null: all.
    pub(crate) top_n: Option<i64>,
    pub(crate) return_documents: Option<bool>,
    /// The model's own scores, instead of those from 0 to 1.
    pub(crate) raw_scores: Option<bool>,
    pub(crate) truncate: Option<bool>,
    pub(crate) truncation_direction: Option<Direction>,
    /// Cuts documents behind so many tokens.
    pub(crate) max_tokens_per_doc: Option<usize>,
    /// TEI's name for `return_documents`.
    #[schema(ignore)]
    pub(crate) return_text: Option<bool>,
    /// Voyage's name for `truncate`.
    #[schema(ignore)]
    pub(crate) truncation: Option<bool>,
    #[schema(ignore)]
    pub(crate) texts: Option<IgnoredAny>,
    #[schema(ignore)]
    pub(crate) input: Option<IgnoredAny>,
}

/// A document's text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document(pub(crate) String);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DocumentVisitor;

        impl<'de> Visitor<'de> for DocumentVisitor {
            type Value = Document;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or an object with a `text`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Document, E> {
                Ok(Document(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
                let mut text = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "text" => once(&mut text, "text", map.next_value::<Option<String>>()?)?,
                        "image" | "image_url" if map.next_value::<Option<IgnoredAny>>()?.is_some() => {
                            return Err(A::Error::custom(format_args!("{OURS}images are not reranked")));
                        }
                        "image" | "image_url" => {}
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                text.map(Document).ok_or_else(|| A::Error::missing_field("text"))
            }
        }

        deserializer.deserialize_any(DocumentVisitor)
    }
}

/// The answer to [`RerankRequest`].
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RerankResponse {
    pub(crate) id: String,
    pub(crate) object: &'static str,
    pub(crate) model: String,
    /// Best first; equal scores in the documents' order.
    pub(crate) results: Vec<RerankResult>,
    pub(crate) usage: Usage,
    pub(crate) meta: Meta,
}

/// A document by its relevance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RerankResult {
    pub(crate) index: usize,
    pub(crate) relevance_score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = super::described::document)]
    pub(crate) document: Option<DocumentBody>,
}

/// A document in an answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum DocumentBody {
    Object { text: String },
    Text(String),
}

/// What Cohere's clients read beside results.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Meta {
    pub(crate) api_version: ApiVersion,
    pub(crate) billed_units: BilledUnits,
    pub(crate) tokens: Tokens,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiVersion {
    pub(crate) version: &'static str,
}

/// What Cohere would bill.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct BilledUnits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) search_units: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) input_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) images: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tokens {
    pub(crate) input_tokens: usize,
}
