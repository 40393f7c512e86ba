//! Cohere's embeddings, versions 1 and 2.

use std::collections::BTreeMap;

use embedkit_core::Embedding;

use super::given::{bad_vector, no_such_output};
use super::said;
use crate::error::{ApiError, ApiResult, Case};
use crate::http::{Answer, Incoming};
use crate::models::Task;
use crate::shapes::cohere::{Content, EmbedRequest, EmbedResponse, EmbeddingType, Embeddings, Truncate};
use crate::shapes::rerank::{ApiVersion, BilledUnits, Meta, Tokens};
use crate::shapes::{Cut, Direction, Dtype, Encoded, Format, Item, Kind, List, PurposeFields, encode};
use crate::work::{self, Ask, Embedded, Width, dense_of};

/// `POST /v1/embed` and `/v2/embed`.
pub(super) async fn embed(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: EmbedRequest = incoming.json().await?;
    let has_base64 = request.encoding_format == Some(Format::Base64);
    ApiError::refuse_given(&[("encoding_format", has_base64, "`embedding_types` names `base64`")])?;
    let length = said::length(request.normalize, request.normalized)?;
    let is_second = incoming.route == "/v2/embed";
    let (field, items) = items(request.texts, request.images, request.inputs)?;
    let texts = texts_of(&items);
    let ask = Ask {
        task: Task::Dense,
        model: request.model.as_deref(),
        field,
        items,
        kind: Kind::Texts,
        purpose: PurposeFields {
            input_type: request.input_type,
            prompt_name: request.prompt_name,
            task: request.task,
            role: request.role,
        },
        cut: Cut { tokens: request.max_tokens, ..cut(request.truncate, request.truncation)? },
        width: Width { field: "output_dimension", wanted: request.output_dimension },
    };
    let Embedded { loaded, results, stats, width } = work::embed(&incoming, ask).await?;
    let types = match request.embedding_types {
        Some(types) if !types.is_empty() => Some(types),
        _ if is_second => Some(vec![EmbeddingType::Float]),
        _ => None,
    };
    let images = (stats.inputs - texts.len() > 0).then_some(stats.inputs - texts.len());
    let id = incoming.id.0.to_string();
    let meta = Meta {
        api_version: ApiVersion { version: if is_second { "2" } else { "1" } },
        billed_units: BilledUnits { input_tokens: Some(stats.tokens), images, ..BilledUnits::default() },
        tokens: Tokens { input_tokens: stats.tokens },
    };
    let values = results.len() * loaded.dim.unwrap_or(1) * types.as_ref().map_or(1, Vec::len);
    Answer::make(values, stats, move || {
        let vector = |embedding: Embedding| embedding.into_dense().ok_or_else(no_such_output);
        let vectors = results.into_iter().map(|it| Ok(dense_of(vector(it)?, loaded.row(), width, length)));
        let vectors = vectors.collect::<ApiResult<Vec<Vec<f32>>>>()?;
        let (response_type, embeddings) = match types {
            Some(types) => ("embeddings_by_type", by_type(&vectors, &types)?),
            None => ("embeddings_floats", Embeddings::Floats(vectors.into_iter().map(Encoded::Floats).collect())),
        };
        Ok(EmbedResponse { id, response_type, embeddings, texts, meta })
    })
    .await
}

/// The inputs, whichever of three fields they are in, and that field.
fn items(
    texts: Option<List<String>>,
    images: Option<List<String>>,
    inputs: Option<List<Content>>,
) -> ApiResult<(&'static str, Vec<Item>)> {
    let texts = texts.map(|List(texts)| ("texts", texts.into_iter().map(Item::Text).collect()));
    let images = images.map(|List(images)| ("images", images.into_iter().map(Item::Image).collect()));
    let inputs = inputs.map(|List(inputs)| ("inputs", inputs.into_iter().map(|Content(item)| item).collect()));
    let mut given = [texts, images, inputs].into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(given), None) => Ok(given),
        (None, _) => Err(ApiError::new(Case::Invalid, "one of `texts`, `images` and `inputs` is needed")),
        (Some(_), Some(_)) => Err(ApiError::new(Case::Invalid, "`texts`, `images` and `inputs` exclude each other")),
    }
}

fn texts_of(items: &[Item]) -> Vec<String> {
    let text = |item: &Item| match item {
        Item::Text(text) => Some(text.clone()),
        _ => None,
    };
    items.iter().filter_map(text).collect()
}

/// What becomes of texts that are too long; as the server was started where nothing is said.
fn cut(truncate: Option<Truncate>, truncation: Option<bool>) -> ApiResult<Cut> {
    let (truncate, direction) = match truncate {
        Some(Truncate::None) => (Some(false), None),
        Some(Truncate::Start) => (Some(true), Some(Direction::Left)),
        Some(Truncate::End) => (Some(true), Some(Direction::Right)),
        None => (None, None),
    };
    said::cut(truncate, truncation, direction)
}

fn by_type(vectors: &[Vec<f32>], types: &[EmbeddingType]) -> ApiResult<Embeddings> {
    let encoded = |kind: EmbeddingType| {
        let (dtype, format) = match kind {
            EmbeddingType::Float => (Dtype::Float, Format::Float),
            EmbeddingType::Base64 => (Dtype::Float, Format::Base64),
            EmbeddingType::Int8 => (Dtype::Int8, Format::Float),
            EmbeddingType::Uint8 => (Dtype::Uint8, Format::Float),
            EmbeddingType::Binary => (Dtype::Binary, Format::Float),
            EmbeddingType::Ubinary => (Dtype::Ubinary, Format::Float),
        };
        let vectors = vectors.iter().map(|vector| encode(vector.clone(), dtype, format));
        let vectors = vectors.collect::<embedkit_vector::Result<Vec<_>>>().map_err(|error| bad_vector(&error))?;
        Ok((kind.key(), vectors))
    };
    let all = types.iter().map(|kind| encoded(*kind)).collect::<ApiResult<BTreeMap<_, _>>>()?;
    Ok(Embeddings::ByType(all))
}
