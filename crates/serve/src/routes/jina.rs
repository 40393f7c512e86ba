//! Jina's multi-vectors.

use embedkit_core::Embedding;

use super::openai::{bad_vector, size, usage};
use crate::error::{ApiError, ApiResult, Case};
use crate::http::{Answer, Incoming};
use crate::models::Task;
use crate::shapes::jina::{MultiVectorEntry, MultiVectorRequest, MultiVectorResponse};
use crate::shapes::{Cut, Dtype, Format, Kind, PurposeFields, encode_rows};
use crate::work::{Ask, Embedded, Width, embed};

/// `POST /v1/multi-vector`.
pub(super) async fn multi_vector(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: MultiVectorRequest = incoming.json().await?;
    let format = request.embedding_type.unwrap_or_default();
    let ask = Ask {
        task: Task::Multi,
        model: request.model.as_deref(),
        field: "input",
        items: request.input.into_items(),
        kind: Kind::Texts,
        purpose: PurposeFields::input_type(request.input_type.or_else(|| Some("document".to_owned()))),
        cut: Cut::default(),
        width: Width { field: "dimensions", wanted: request.dimensions },
    };
    let Embedded { results, stats, .. } = embed(&incoming, ask).await?;
    let (model, usage) = (stats.model.clone(), usage(&stats));
    Answer::make(results.iter().map(size).sum(), stats, move || {
        let entry = |(index, embedding)| entry(index, embedding, format);
        let data = results.into_iter().enumerate().map(entry).collect::<ApiResult<_>>()?;
        Ok(MultiVectorResponse { object: "list", data, model, usage })
    })
    .await
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
