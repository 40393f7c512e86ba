//! Jina's multi-vectors.

use embedkit_core::Embedding;

use super::given::{bad_vector, list_head, no_such_output, size};
use super::said;
use crate::error::ApiResult;
use crate::http::{Answer, Incoming};
use crate::models::Task;
use crate::shapes::jina::{MultiVectorEntry, MultiVectorRequest};
use crate::shapes::{Dtype, Format, PurposeFields, encode_rows};
use crate::work::{Ask, Embedded, embed};

/// `POST /v1/multi-vector`.
pub(super) async fn multi_vector(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: MultiVectorRequest = incoming.json().await?;
    said::check_kinds(Task::Multi, request.outputs.as_deref(), request.return_multivector)?;
    said::length(request.normalize, request.normalized)?;
    let dtype = request.output_dtype.unwrap_or_default();
    let format = request.embedding_type.unwrap_or_default();
    let mut purpose = PurposeFields {
        input_type: request.input_type,
        prompt_name: request.prompt_name,
        task: request.task,
        role: request.role,
    };
    if !purpose.says_something() {
        purpose.input_type = Some("document".to_owned());
    }
    let ask = Ask {
        task: Task::Multi,
        model: request.model.as_deref(),
        field: "input",
        items: request.input.into_items(),
        kind: request.modality.unwrap_or_default(),
        purpose,
        cut: said::cut(request.truncate, request.truncation, request.truncation_direction)?,
        width: said::width(request.dimensions, request.output_dimension)?,
    };
    let Embedded { results, stats, .. } = embed(&incoming, ask).await?;
    let (values, head) = (results.iter().map(size).sum(), list_head(&stats));
    let entries = results.into_iter().enumerate();
    Answer::list(values, stats, head, entries.map(move |(index, embedding)| entry(index, embedding, dtype, format)))
        .await
}

fn entry(index: usize, embedding: Embedding, dtype: Dtype, format: Format) -> ApiResult<MultiVectorEntry> {
    let rows = embedding.into_multi().ok_or_else(no_such_output)?;
    let shape = (format == Format::Base64).then(|| [rows.len(), rows.dim()]);
    let embeddings = encode_rows(&rows, dtype, format).map_err(|error| bad_vector(&error))?;
    Ok(MultiVectorEntry { object: "embeddings", index, embeddings, shape })
}
