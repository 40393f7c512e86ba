//! Cohere's shapes of embeddings, versions 1 and 2.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::described::{by_type, contents};
use super::reading::{any_case, once};
use super::rerank::Meta;
use super::{Encoded, Format, Item, List, OURS};

/// `POST /v1/embed` and `/v2/embed`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CohereEmbedRequest)]
pub(crate) struct EmbedRequest {
    pub(crate) model: Option<String>,
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) texts: Option<List<String>>,
    /// Data URLs.
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) images: Option<List<String>>,
    /// Objects with a `content` of one part: a text, or an image's address.
    #[schema(schema_with = contents)]
    pub(crate) inputs: Option<List<Content>>,
    pub(crate) input_type: Option<String>,
    #[schema(ignore)]
    pub(crate) prompt_name: Option<String>,
    #[schema(ignore)]
    pub(crate) task: Option<String>,
    #[schema(ignore)]
    pub(crate) role: Option<String>,
    pub(crate) embedding_types: Option<Vec<EmbeddingType>>,
    /// What is cut off texts that are too long. Default: END.
    pub(crate) truncate: Option<Truncate>,
    #[serde(alias = "dimensions")]
    pub(crate) output_dimension: Option<usize>,
    /// Most tokens that are seen of a text.
    pub(crate) max_tokens: Option<usize>,
    /// Whether vectors have unit length. Default: yes.
    #[schema(ignore)]
    pub(crate) normalize: Option<bool>,
    #[schema(ignore)]
    pub(crate) normalized: Option<bool>,
    #[schema(ignore)]
    pub(crate) truncation: Option<bool>,
    #[schema(ignore)]
    pub(crate) encoding_format: Option<Format>,
}

/// A kind of embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, ToSchema)]
#[schema(as = CohereEmbeddingType)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EmbeddingType {
    Float,
    Int8,
    Uint8,
    Binary,
    Ubinary,
    Base64,
}

/// The end that is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(as = CohereTruncate, rename_all = "UPPERCASE")]
pub(crate) enum Truncate {
    None,
    Start,
    End,
}

impl<'de> Deserialize<'de> for Truncate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any_case(deserializer, &[("NONE", Self::None), ("START", Self::Start), ("END", Self::End)])
    }
}

/// An input: its one part.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Content(pub(crate) Item);

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;

        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a `content`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
                let mut content = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "content" => once(&mut content, "content", Some(map.next_value::<OnePart>()?.0))?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                content.map(Content).ok_or_else(|| A::Error::missing_field("content"))
            }
        }

        deserializer.deserialize_map(ContentVisitor)
    }
}

/// A list of one part.
struct OnePart(Item);

impl<'de> Deserialize<'de> for OnePart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;

        impl<'de> Visitor<'de> for PartVisitor {
            type Value = OnePart;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of one part")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<OnePart, A::Error> {
                let single = |inputs: super::Inputs| inputs.into_items().pop();
                let first = parts.next_element::<super::Inputs>()?.and_then(single);
                match (first, parts.next_element::<IgnoredAny>()?) {
                    (Some(item), None) => Ok(OnePart(item)),
                    _ => Err(A::Error::custom(format_args!("{OURS}an input has one part, a text or an image"))),
                }
            }
        }

        deserializer.deserialize_seq(PartVisitor)
    }
}

/// The answer to [`EmbedRequest`].
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CohereEmbedResponse)]
pub(crate) struct EmbedResponse {
    pub(crate) id: String,
    pub(crate) response_type: &'static str,
    #[schema(schema_with = by_type)]
    pub(crate) embeddings: Embeddings,
    pub(crate) texts: Vec<String>,
    pub(crate) meta: Meta,
}

/// Vectors, by type or alone.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Embeddings {
    ByType(BTreeMap<&'static str, Vec<Encoded>>),
    Floats(Vec<Encoded>),
}

impl EmbeddingType {
    /// Its key in answers.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Binary => "binary",
            Self::Ubinary => "ubinary",
            Self::Base64 => "base64",
        }
    }
}
