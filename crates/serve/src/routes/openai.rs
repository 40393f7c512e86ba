//! OpenAI's embeddings.

use embedkit_core::Embedding;
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::MultiVector;

use super::given::{bad_vector, list_head, size};
use super::said;
use crate::error::{ApiError, ApiResult, Case};
use crate::http::{Answer, Incoming};
use crate::models::{Loaded, Task};
use crate::shapes::openai::{AnyVector, EmbeddingEntry, EmbeddingRequest, JinaType};
use crate::shapes::{Dtype, Encoded, Format, OutputKind, PurposeFields, encode, encode_rows};
use crate::work::{Ask, Embedded, Length, dense_of, embed};

/// `POST /v1/embeddings`.
pub(super) async fn embeddings(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: EmbeddingRequest = incoming.json().await?;
    let (format, dtype) = written_as(&request)?;
    let form = Form {
        format,
        dtype,
        length: said::length(request.normalize, request.normalized)?,
        outputs: request.outputs.unwrap_or_default(),
        width: None,
    };
    let ask = Ask {
        task: form.task(),
        field: "input",
        kind: request.modality.unwrap_or_default(),
        purpose: PurposeFields {
            input_type: request.input_type,
            prompt_name: request.prompt_name,
            task: request.task,
            role: request.role,
        },
        cut: said::cut(request.truncate, request.truncation, request.truncation_direction)?,
        model: request.model.as_deref(),
        items: request.input.into_items(),
        width: said::width(request.dimensions, request.output_dimension)?,
    };
    let Embedded { loaded, results, stats, width } = embed(&incoming, ask).await?;
    let form = Form { width, ..form };
    let values = results.iter().map(size).sum();
    let head = list_head(&stats);
    let entries = results.into_iter().enumerate();
    Answer::list(values, stats, head, entries.map(move |(index, embedding)| entry(index, embedding, &form, &loaded)))
        .await
}

/// How vectors are written, in our words or in Jina's one, which it has two names for.
fn written_as(request: &EmbeddingRequest) -> ApiResult<(Format, Dtype)> {
    let (now, before) = (("embedding_type", request.embedding_type), ("encoding_type", request.encoding_type));
    let name = if now.1.is_some() { now.0 } else { before.0 };
    let (format, dtype) = match ApiError::agreed(now, before)? {
        None => (None, None),
        Some(JinaType::Float) => (Some(Format::Float), None),
        Some(JinaType::Base64) => (Some(Format::Base64), None),
        Some(JinaType::Binary) => (None, Some(Dtype::Binary)),
        Some(JinaType::Ubinary) => (None, Some(Dtype::Ubinary)),
    };
    let format = ApiError::agreed(("encoding_format", request.encoding_format), (name, format))?;
    let dtype = ApiError::agreed(("output_dtype", request.output_dtype), (name, dtype))?;
    Ok((format.unwrap_or_default(), dtype.unwrap_or_default()))
}

/// How vectors are answered.
struct Form {
    format: Format,
    dtype: Dtype,
    length: Length,
    outputs: Vec<OutputKind>,
    width: Option<usize>,
}

impl Form {
    /// What the model must be able to do.
    fn task(&self) -> Task {
        match self.outputs[..] {
            [kind] => said::task_of(kind),
            _ => Task::Embed,
        }
    }
}

fn entry(index: usize, embedding: Embedding, form: &Form, loaded: &Loaded) -> ApiResult<EmbeddingEntry> {
    match embedding {
        Embedding::Several(several) => several_entry(index, several, form, loaded),
        other => {
            let asks_for = |kind| form.outputs.is_empty() || form.outputs == [kind];
            let (fits, name) = match &other {
                Embedding::Dense(_) => (asks_for(OutputKind::Dense), "dense"),
                Embedding::Sparse(_) => (asks_for(OutputKind::Sparse), "sparse"),
                _ => (asks_for(OutputKind::MultiVector), "multi_vector"),
            };
            if !fits {
                let message = format!("`outputs`: the model {} gives {name} alone", loaded.row().id);
                return Err(ApiError::field("outputs", message));
            }
            single_entry(index, other, form, loaded)
        }
    }
}

fn single_entry(index: usize, embedding: Embedding, form: &Form, loaded: &Loaded) -> ApiResult<EmbeddingEntry> {
    let mut entry = empty_entry(index);
    match embedding {
        Embedding::Dense(vector) => entry.embedding = AnyVector::Values(dense(vector, form, loaded)?),
        Embedding::Sparse(vector) => {
            entry.object = "sparse_embedding";
            entry.embedding = sparse(&vector, form)?;
        }
        Embedding::Multi(rows) => {
            let (values, shape) = multi(&rows, form)?;
            (entry.embedding, entry.shape) = (AnyVector::Values(values), shape);
        }
        _ => return Err(ApiError::new(Case::Backend, "the model gave something that is no vector")),
    }
    Ok(entry)
}

/// Those kinds of a model with several that are asked for: the dense one alone where nothing is said.
fn several_entry(
    index: usize,
    several: Vec<(&'static str, Embedding)>,
    form: &Form,
    loaded: &Loaded,
) -> ApiResult<EmbeddingEntry> {
    let wanted = if form.outputs.is_empty() { &[OutputKind::Dense][..] } else { &form.outputs };
    let has = |kind| wanted.contains(&kind);
    let kind_of = |embedding: &Embedding| match embedding {
        Embedding::Dense(_) => OutputKind::Dense,
        Embedding::Sparse(_) => OutputKind::Sparse,
        _ => OutputKind::MultiVector,
    };
    let mut chosen = several.into_iter().map(|(_, embedding)| embedding).filter(|embedding| has(kind_of(embedding)));
    if let [_] = wanted {
        let only =
            chosen.next().ok_or_else(|| ApiError::field("outputs", "the model lacks an output that is asked for"))?;
        return single_entry(index, only, form, loaded);
    }
    let mut entry = empty_entry(index);
    for embedding in chosen {
        match embedding {
            Embedding::Dense(vector) => entry.embedding = AnyVector::Values(dense(vector, form, loaded)?),
            Embedding::Sparse(vector) => entry.sparse = Some((&vector).into()),
            Embedding::Multi(rows) => {
                let (values, shape) = multi(&rows, form)?;
                (entry.multi_vector, entry.multi_vector_shape) = (Some(values), shape);
            }
            _ => {}
        }
    }
    Ok(entry)
}

fn empty_entry(index: usize) -> EmbeddingEntry {
    EmbeddingEntry {
        object: "embedding",
        index,
        embedding: AnyVector::Values(Encoded::Floats(Vec::new())),
        shape: None,
        sparse: None,
        multi_vector: None,
        multi_vector_shape: None,
    }
}

fn dense(vector: Vec<f32>, form: &Form, loaded: &Loaded) -> ApiResult<Encoded> {
    let vector = dense_of(vector, loaded.row(), form.width, form.length);
    encode(vector, form.dtype, form.format).map_err(|error| bad_vector(&error))
}

fn sparse(vector: &SparseVector, form: &Form) -> ApiResult<AnyVector> {
    if form.dtype != Dtype::Float {
        return Err(ApiError::unsupported("output_dtype", "weights of sparse vectors are floats"));
    }
    Ok(AnyVector::Sparse(vector.into()))
}

/// Rows, with their shape where they are in base64.
fn multi(rows: &MultiVector, form: &Form) -> ApiResult<(Encoded, Option<[usize; 2]>)> {
    let shape = (form.format == Format::Base64).then(|| [rows.len(), rows.dim()]);
    Ok((encode_rows(rows, form.dtype, form.format).map_err(|error| bad_vector(&error))?, shape))
}
