//! Jina's multi-vectors.

use embedkit_core::Embedding;

use super::openai::{bad_vector, list_head, size};
use crate::error::{ApiError, ApiResult, Case};
use crate::http::{Answer, Incoming};
use crate::models::Task;
use crate::shapes::jina::{MultiVectorEntry, MultiVectorRequest};
use crate::shapes::{Cut, Dtype, Format, Kind, PurposeFields, encode_rows};
use crate::work::{Ask, Embedded, Width, embed};

/// `POST /v1/multi-vector`.
pub(super) async fn multi_vector(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: MultiVectorRequest = incoming.json().await?;
    let is_late = request.late_chunking == Some(true);
    ApiError::refuse_given(&[("late_chunking", is_late, "every input is embedded by itself")])?;
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
        kind: Kind::Texts,
        purpose,
        cut: Cut::new(request.truncate, request.truncation_direction),
        width: Width { field: "dimensions", wanted: request.dimensions },
    };
    let Embedded { results, stats, .. } = embed(&incoming, ask).await?;
    let (values, head) = (results.iter().map(size).sum(), list_head(&stats));
    let entries = results.into_iter().enumerate();
    Answer::list(values, stats, head, entries.map(move |(index, embedding)| entry(index, embedding, format))).await
}

fn entry(index: usize, embedding: Embedding, format: Format) -> ApiResult<MultiVectorEntry> {
    let rows = match embedding {
        Embedding::Multi(rows) => Some(rows),
        Embedding::Several(several) => several.into_iter().find_map(|(_, embedding)| match embedding {
            Embedding::Multi(rows) => Some(rows),
            _ => None,
        }),
        _ => None,
    };
    let rows = rows.ok_or_else(|| ApiError::new(Case::Backend, "the model gave no multi-vector"))?;
    let shape = (format == Format::Base64).then(|| [rows.len(), rows.dim()]);
    let embeddings = encode_rows(&rows, Dtype::Float, format).map_err(|error| bad_vector(&error))?;
    Ok(MultiVectorEntry { object: "embeddings", index, embeddings, shape })
}
