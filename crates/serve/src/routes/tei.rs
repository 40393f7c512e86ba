//! The routes of text-embeddings-inference.

use embedkit_core::tokenizer::Token;
use embedkit_core::{Embedding, Pair};
use embedkit_vector::cosine;

use super::given::{bad_vector, no_such_output, size};
use super::rerank::rerank_texts;
use super::said;
use crate::error::{ApiError, ApiResult, Case};
use crate::http::{Answer, Incoming};
use crate::models::Task;
use crate::shapes::tei::{
    DecodeRequest, EmbedRequest, PredictRequest, Prediction, SimilarityParameters, SimilarityRequest, SparseValue,
    TokenBody, TokenizeRequest,
};
use crate::shapes::{Glance, Item, Kind, Object, Pairs, PurposeFields, TextPair};
use crate::work::{self, Ask, Embedded, Length, Scoring, Width, dense_of, score_pairs};

/// `POST /` and `/invocations`: the default task, by what the body has and what the model is.
pub(super) async fn root(incoming: Incoming) -> ApiResult<Answer> {
    let glance = incoming.glance(Glance::at).await?;
    if glance.query && glance.texts {
        return rerank_texts(incoming).await;
    }
    if glance.inputs_object {
        return similarity(incoming).await;
    }
    let served = incoming.candidate(glance.model.as_deref(), Task::Embed, None)?;
    let gives_weights_alone = Task::Sparse.suits(served.family()) && !Task::Dense.suits(served.family());
    if gives_weights_alone { embed_sparse(incoming).await } else { embed(incoming).await }
}

/// The vectors of a kind, and the length that they are to have.
async fn embedded(incoming: &mut Incoming, task: Task) -> ApiResult<(Length, Embedded)> {
    let request: EmbedRequest = incoming.json().await?;
    said::check_kinds(task, request.outputs.as_deref(), request.return_multivector)?;
    let length = said::length(request.normalize, request.normalized)?;
    let ask = Ask {
        task,
        model: request.model.as_deref(),
        field: "inputs",
        items: request.inputs.into_items(),
        kind: request.modality.unwrap_or_default(),
        purpose: PurposeFields {
            input_type: request.input_type,
            prompt_name: request.prompt_name,
            task: request.task,
            role: request.role,
        },
        cut: said::cut(request.truncate, request.truncation, request.truncation_direction)?,
        width: said::width(request.dimensions, request.output_dimension)?,
    };
    let embedded = work::embed(incoming, ask).await?;
    Ok((length, embedded))
}

/// `POST /embed`.
pub(super) async fn embed(mut incoming: Incoming) -> ApiResult<Answer> {
    let (length, Embedded { loaded, results, stats, width }) = embedded(&mut incoming, Task::Dense).await?;
    let values = results.len() * loaded.dim.unwrap_or(1);
    Answer::make(values, stats, move || {
        let vectors = dense(results)?.into_iter();
        Ok(vectors.map(|vector| dense_of(vector, loaded.row(), width, length)).collect::<Vec<_>>())
    })
    .await
}

/// `POST /embed_sparse`.
pub(super) async fn embed_sparse(mut incoming: Incoming) -> ApiResult<Answer> {
    let (_, Embedded { results, stats, .. }) = embedded(&mut incoming, Task::Sparse).await?;
    Answer::make(results.iter().map(size).sum(), stats, move || {
        let weights = |embedding: Embedding| {
            let vector = embedding.into_sparse().ok_or_else(no_such_output)?;
            let entries = vector.indices().iter().zip(vector.values()).filter(|(_, value)| **value != 0.0);
            Ok(entries.map(|(index, value)| SparseValue { index: *index, value: *value }).collect::<Vec<_>>())
        };
        results.into_iter().map(weights).collect::<ApiResult<Vec<_>>>()
    })
    .await
}

/// `POST /embed_all`.
pub(super) async fn embed_all(mut incoming: Incoming) -> ApiResult<Answer> {
    let (_, Embedded { results, stats, .. }) = embedded(&mut incoming, Task::Multi).await?;
    Answer::make(results.iter().map(size).sum(), stats, move || {
        let rows = |embedding: Embedding| {
            let rows = embedding.into_multi().ok_or_else(no_such_output)?;
            Ok(rows.rows().map(<[f32]>::to_vec).collect::<Vec<_>>())
        };
        results.into_iter().map(rows).collect::<ApiResult<Vec<_>>>()
    })
    .await
}

/// `POST /similarity`.
pub(super) async fn similarity(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: SimilarityRequest = incoming.json().await?;
    let Object(inputs) = request.inputs;
    let beside = SimilarityParameters {
        truncate: request.truncate,
        truncation: request.truncation,
        truncation_direction: request.truncation_direction,
        prompt_name: request.prompt_name,
        input_type: request.input_type,
        task: request.task,
        role: request.role,
    };
    let parameters = agreed(beside, request.parameters.unwrap_or_default().0)?;
    if inputs.sentences.0.is_empty() {
        return Err(ApiError::new(Case::Empty, "`sentences` is empty").at("inputs.sentences"));
    }
    let texts = std::iter::once(inputs.source_sentence).chain(inputs.sentences.0);
    let ask = Ask {
        task: Task::Dense,
        model: request.model.as_deref(),
        field: "inputs",
        items: texts.map(Item::Text).collect(),
        kind: Kind::Texts,
        cut: said::cut(parameters.truncate, parameters.truncation, parameters.truncation_direction)?,
        purpose: parameters.purpose(),
        width: Width::default(),
    };
    let Embedded { results, stats, .. } = work::embed(&incoming, ask).await?;
    Answer::make(results.iter().map(size).sum(), stats, move || {
        let vectors = dense(results)?;
        let (source, sentences) = vectors.split_first().ok_or_else(no_such_output)?;
        let of = |sentence: &Vec<f32>| cosine(source, sentence).map_err(|error| bad_vector(&error));
        sentences.iter().map(of).collect::<ApiResult<Vec<f32>>>()
    })
    .await
}

/// What `parameters` say, and the same fields beside them.
fn agreed(beside: SimilarityParameters, within: SimilarityParameters) -> ApiResult<SimilarityParameters> {
    fn field<T: PartialEq>(name: &str, beside: Option<T>, within: Option<T>) -> ApiResult<Option<T>> {
        ApiError::agreed((name, beside), (&format!("parameters.{name}"), within))
    }
    Ok(SimilarityParameters {
        truncate: field("truncate", beside.truncate, within.truncate)?,
        truncation: field("truncation", beside.truncation, within.truncation)?,
        truncation_direction: field("truncation_direction", beside.truncation_direction, within.truncation_direction)?,
        prompt_name: field("prompt_name", beside.prompt_name, within.prompt_name)?,
        input_type: field("input_type", beside.input_type, within.input_type)?,
        task: field("task", beside.task, within.task)?,
        role: field("role", beside.role, within.role)?,
    })
}

/// `POST /predict`, on rerankers.
pub(super) async fn predict(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: PredictRequest = incoming.json().await?;
    let (pairs, is_one) = match request.inputs {
        Pairs::One(pair) => (vec![pair], true),
        Pairs::Many(pairs) => (pairs, false),
    };
    let scoring = Scoring {
        raw: request.raw_scores.unwrap_or(false),
        cut: said::cut(request.truncate, request.truncation, request.truncation_direction)?,
        document_tokens: None,
        field: "inputs",
        query: None,
    };
    let pairs = pairs.into_iter().map(|TextPair(first, second)| Pair::new(first, second)).collect();
    let ranked = score_pairs(&incoming, request.model.as_deref(), pairs, scoring).await?;
    let mut predictions: Vec<[Prediction; 1]> =
        ranked.scores.into_iter().map(|score| [Prediction { score, label: "LABEL_0" }]).collect();
    match predictions.pop() {
        Some(only) if is_one => Answer::of(&only, ranked.stats),
        last => Answer::of(&predictions.into_iter().chain(last).collect::<Vec<_>>(), ranked.stats),
    }
}

/// `POST /tokenize`.
pub(super) async fn tokenize(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: TokenizeRequest = incoming.json().await?;
    let text = |item| match item {
        Item::Text(text) => Ok(text),
        _ => Err(ApiError::field("inputs", "texts are made tokens, and nothing else")),
    };
    let texts = request.inputs.into_items().into_iter().map(text).collect::<ApiResult<Vec<String>>>()?;
    require_some(&texts, "inputs")?;
    let purpose = PurposeFields {
        input_type: request.input_type,
        prompt_name: request.prompt_name,
        task: request.task,
        role: request.role,
    };
    let model = request.model.as_deref();
    let with_special = request.add_special_tokens.unwrap_or(true);
    let (rows, stats) = work::tokenize(&incoming, model, texts, with_special, purpose).await?;
    Answer::make(4 * stats.tokens, stats, move || {
        let body = |token: Token| {
            let bytes = token.bytes.as_ref();
            let (start, stop) = (bytes.map(|bytes| bytes.start), bytes.map(|bytes| bytes.end));
            TokenBody { id: token.id, text: token.text, special: bytes.is_none(), start, stop }
        };
        Ok(rows.into_iter().map(|row| row.into_iter().map(body).collect::<Vec<_>>()).collect::<Vec<_>>())
    })
    .await
}

/// `POST /decode`.
pub(super) async fn decode(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: DecodeRequest = incoming.json().await?;
    let ids = |item| match item {
        Item::Ids(ids) => Ok(ids),
        _ => Err(ApiError::field("ids", "a list of token ids was expected, or a list of these")),
    };
    let rows = request.ids.into_items().into_iter().map(ids).collect::<ApiResult<Vec<Vec<u32>>>>()?;
    require_some(&rows, "ids")?;
    let ids: usize = rows.iter().map(Vec::len).sum();
    let skip_special = request.skip_special_tokens.unwrap_or(true);
    let (texts, stats) = work::decode(&incoming, request.model.as_deref(), rows, skip_special).await?;
    Answer::make(ids, stats, move || Ok(texts)).await
}

fn require_some<T>(list: &[T], field: &str) -> ApiResult<()> {
    if list.is_empty() {
        return Err(ApiError::new(Case::Empty, format!("`{field}` is empty")).at(field));
    }
    Ok(())
}

/// The dense vectors among results.
fn dense(results: Vec<Embedding>) -> ApiResult<Vec<Vec<f32>>> {
    results.into_iter().map(|embedding| embedding.into_dense().ok_or_else(no_such_output)).collect()
}
