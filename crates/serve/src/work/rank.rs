//! Documents by their relevance to a query: by cross-encoders, and by late interaction.

use std::sync::Arc;

use embedkit_core::{Activation, Content, ContentKind, Embedding, Pair, Purpose, Role, Usage};
use embedkit_vector::multivector::{MaxSim, MultiVector};

use super::run::run;
use super::window::fitted;
use crate::blocking::off_thread;
use crate::error::{ApiError, ApiResult, Case};
use crate::http::{Incoming, Stats};
use crate::models::{Loaded, Served, Task, takes};
use crate::shapes::Cut;

/// What scores are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scoring {
    /// The model's own scale, instead of 0 to 1.
    pub(crate) raw: bool,
    pub(crate) cut: Cut,
    /// Cuts documents to so many tokens, special ones left out.
    pub(crate) document_tokens: Option<usize>,
    /// The names of the fields of texts in errors, and of the query where there is one for all.
    pub(crate) field: &'static str,
    pub(crate) query: Option<&'static str>,
}

/// One score a document, in their order.
pub(crate) struct Ranked {
    pub(crate) scores: Vec<f32>,
    pub(crate) served: Arc<Served>,
    pub(crate) stats: Stats,
}

/// Scores documents by their relevance to a query.
pub(crate) async fn rank(
    incoming: &Incoming,
    model: Option<&str>,
    query: String,
    documents: Vec<String>,
    scoring: Scoring,
) -> ApiResult<Ranked> {
    if documents.is_empty() {
        return Err(ApiError::new(Case::Empty, format!("`{}` is empty", scoring.field)).at(scoring.field));
    }
    let served = incoming.find(model, Task::Rank, None)?;
    let loaded = served.loaded(incoming.deadline).await?;
    let (documents, shortened) = match scoring.document_tokens {
        Some(most) => shortened(documents, most, &loaded).await?,
        None => (documents, Vec::new()),
    };
    if takes(served.family(), ContentKind::Pair) {
        let query: Arc<str> = query.into();
        let pairs = documents.into_iter().map(|document| Pair::new(query.clone(), document)).collect();
        return score(incoming, served, &loaded, pairs, &shortened, scoring).await;
    }
    interact(incoming, served, &loaded, query, (documents, &shortened), scoring).await
}

/// The documents, each cut behind so many of its tokens, and whether it had more.
async fn shortened(documents: Vec<String>, most: usize, loaded: &Arc<Loaded>) -> ApiResult<(Vec<String>, Vec<bool>)> {
    if loaded.window().is_some_and(|window| window <= most) {
        return Ok((documents, Vec::new()));
    }
    let loaded = loaded.clone();
    off_thread(move || {
        let Some(tokenizer) = loaded.tokenizer() else { return Ok((documents, Vec::new())) };
        let cut = |mut document: String| {
            let tokens = tokenizer.tokens(&document, false);
            let tokens = tokens.map_err(|error| ApiError::new(Case::Invalid, error.to_string()))?;
            let end = tokens.get(most).and_then(|token| token.bytes.clone());
            if let Some(end) = &end {
                document.truncate(end.start);
            }
            Ok((document, end.is_some()))
        };
        documents.into_iter().map(cut).collect()
    })
    .await
}

/// How many were cut to so many tokens, and are not counted for being cut at the window.
fn counted_besides(shortened: &[bool], results: &[(Embedding, Usage)]) -> usize {
    shortened.iter().zip(results).filter(|(is_shorter, (_, usage))| **is_shorter && !usage.truncated).count()
}

/// Scores pairs, by a cross-encoder.
pub(crate) async fn score_pairs(
    incoming: &Incoming,
    model: Option<&str>,
    pairs: Vec<Pair>,
    scoring: Scoring,
) -> ApiResult<Ranked> {
    if pairs.is_empty() {
        return Err(ApiError::new(Case::Empty, format!("`{}` is empty", scoring.field)).at(scoring.field));
    }
    let served = incoming.find(model, Task::Pairs, None)?;
    let loaded = served.loaded(incoming.deadline).await?;
    score(incoming, served, &loaded, pairs, &[], scoring).await
}

async fn score(
    incoming: &Incoming,
    served: Arc<Served>,
    loaded: &Arc<Loaded>,
    pairs: Vec<Pair>,
    shortened: &[bool],
    scoring: Scoring,
) -> ApiResult<Ranked> {
    let purpose = Purpose::default();
    let pairs: Vec<_> = pairs.into_iter().map(Content::Pair).collect();
    let fitted =
        fitted(scoring.cut, scoring.field, scoring.query, pairs.into(), &purpose, loaded, &incoming.app.config).await?;
    let (done, mut stats) = run(incoming, scoring.field, &served, loaded, fitted, purpose).await?;
    stats.truncated += counted_besides(shortened, &done.results);
    let own = loaded.row().activation;
    let scores = done.results.into_iter().map(|(embedding, _)| match embedding {
        // A row's own activation goes before; with none, the logit becomes a share.
        Embedding::Score(score) if own == Activation::None && !scoring.raw => Ok(sigmoid(score)),
        Embedding::Score(score) => Ok(score),
        _ => Err(ApiError::new(Case::Backend, "the model gave no score")),
    });
    Ok(Ranked { scores: scores.collect::<ApiResult<_>>()?, served, stats })
}

/// MaxSim of a query's rows with each document's: the mean over the query's rows, or the sum.
async fn interact(
    incoming: &Incoming,
    served: Arc<Served>,
    loaded: &Arc<Loaded>,
    query: String,
    (documents, shortened): (Vec<String>, &[bool]),
    scoring: Scoring,
) -> ApiResult<Ranked> {
    let config = &incoming.app.config;
    let queries = vec![Content::Text(query)];
    let documents: Vec<_> = documents.into_iter().map(Content::Text).collect();
    let queries = fitted(scoring.cut, "query", None, queries.into(), &Role::Query.into(), loaded, config).await?;
    let documents =
        fitted(scoring.cut, scoring.field, None, documents.into(), &Role::Passage.into(), loaded, config).await?;
    let of_query = run(incoming, "query", &served, loaded, queries, Role::Query.into());
    let of_documents = run(incoming, scoring.field, &served, loaded, documents, Role::Passage.into());
    let ((query, query_stats), (documents, mut stats)) = futures_util::future::try_join(of_query, of_documents).await?;
    stats.tokens += query_stats.tokens;
    stats.truncated += query_stats.truncated + counted_besides(shortened, &documents.results);
    let raw = scoring.raw;
    let scores = off_thread(move || {
        let mut query: Vec<MultiVector> = rows(query.results)?;
        let documents: Vec<MultiVector> = rows(documents.results)?;
        let backend = |error: embedkit_vector::Error| ApiError::new(Case::Backend, error.to_string());
        let query = query.pop().ok_or_else(|| ApiError::new(Case::Backend, "the query has no vectors"))?;
        let maxsim = MaxSim::new(&query).map_err(backend)?;
        let maxsim = if raw { maxsim } else { maxsim.mean() };
        // A document of which nothing is left has nothing that a query could match.
        let score = |document: &MultiVector| if document.is_empty() { Ok(0.0) } else { maxsim.score(document) };
        documents.iter().map(score).collect::<Result<Vec<f32>, _>>().map_err(backend)
    });
    Ok(Ranked { scores: scores.await?, served, stats })
}

fn rows<U>(results: Vec<(Embedding, U)>) -> ApiResult<Vec<MultiVector>> {
    let rows = results.into_iter().map(|(embedding, _)| embedding.into_multi());
    rows.collect::<Option<_>>().ok_or_else(|| ApiError::new(Case::Backend, "the model gave no multi-vector"))
}

/// `1 / (1 + exp(-x))`.
fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}
