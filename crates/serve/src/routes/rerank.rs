//! Rerankers, in all dialects.

use super::given::usage;
use super::said;
use crate::config::DocumentForm;
use crate::error::{ApiError, ApiResult, Dialect};
use crate::http::{Answer, Incoming};
use crate::shapes::rerank::{
    ApiVersion, BilledUnits, Document, DocumentBody, Meta, RerankRequest, RerankResponse, RerankResult, Tokens,
};
use crate::shapes::tei;
use crate::shapes::{Glance, List};
use crate::work::{Ranked, Scoring, rank};

/// `POST /rerank` and its like: text-embeddings-inference's shape where `texts` is there.
pub(super) async fn rerank(incoming: Incoming) -> ApiResult<Answer> {
    let glance = incoming.glance(Glance::at).await?;
    if glance.texts && !glance.documents {
        return rerank_texts(incoming).await.map_err(|error| error.in_dialect(Dialect::Tei));
    }
    rerank_documents(incoming).await
}

/// Texts by their relevance, best first.
pub(super) async fn rerank_texts(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: tei::RerankRequest = incoming.json().await?;
    let texts = request.texts.0;
    let kept = ApiError::agreed(("return_text", request.return_text), ("return_documents", request.return_documents))?;
    let kept = if kept.unwrap_or(false) { texts.clone() } else { Vec::new() };
    let scoring = Scoring {
        raw: request.raw_scores.unwrap_or(false),
        cut: said::cut(request.truncate, request.truncation, request.truncation_direction)?,
        document_tokens: document_tokens(request.max_tokens_per_doc)?,
        field: "texts",
        query: Some("query"),
    };
    check_top(request.top_n)?;
    let Ranked { scores, stats, .. } = rank(&incoming, request.model.as_deref(), request.query, texts, scoring).await?;
    Answer::make(size(&scores, &kept), stats, move || {
        let rank = |index: usize| tei::Rank { index, score: scores[index], text: kept.get(index).cloned() };
        Ok(best(&scores, request.top_n).into_iter().map(rank).collect::<Vec<_>>())
    })
    .await
}

async fn rerank_documents(mut incoming: Incoming) -> ApiResult<Answer> {
    let request: RerankRequest = incoming.json().await?;
    check_top(request.top_n)?;
    ApiError::refuse_given(&[
        ("input", request.input.is_some(), "what is ranked is given as `documents`"),
        ("texts", request.texts.is_some() && request.documents.is_some(), "`documents` are given too"),
    ])?;
    let List(documents) = request.documents.ok_or_else(|| ApiError::field("documents", "missing field `documents`"))?;
    let documents: Vec<String> = documents.into_iter().map(|Document(text)| text).collect();
    let kept = ApiError::agreed(("return_documents", request.return_documents), ("return_text", request.return_text))?;
    let kept = if kept.unwrap_or(false) { documents.clone() } else { Vec::new() };
    let scoring = Scoring {
        raw: request.raw_scores.unwrap_or(false),
        cut: said::cut(request.truncate, request.truncation, request.truncation_direction)?,
        document_tokens: document_tokens(request.max_tokens_per_doc)?,
        field: "documents",
        query: Some("query"),
    };
    let Ranked { scores, stats, served } =
        rank(&incoming, request.model.as_deref(), request.query, documents, scoring).await?;
    let form = incoming.app.config.rerank_document;
    let id = incoming.id.0.to_string();
    let version = if incoming.route == "/v2/rerank" { "2" } else { "1" };
    let (usage, input_tokens) = (usage(&stats), stats.tokens);
    Answer::make(size(&scores, &kept), stats, move || {
        let result = |index: usize| RerankResult {
            index,
            relevance_score: scores[index],
            document: kept.get(index).cloned().map(|text| match form {
                DocumentForm::Object => DocumentBody::Object { text },
                DocumentForm::String => DocumentBody::Text(text),
            }),
        };
        Ok(RerankResponse {
            id,
            object: "rerank",
            model: served.name().to_owned(),
            results: best(&scores, request.top_n).into_iter().map(result).collect(),
            usage,
            meta: Meta {
                api_version: ApiVersion { version },
                billed_units: BilledUnits { search_units: Some(1), ..BilledUnits::default() },
                tokens: Tokens { input_tokens },
            },
        })
    })
    .await
}

/// About how many values an answer is written as, where a value is some ten characters.
fn size(scores: &[f32], texts: &[String]) -> usize {
    2 * scores.len() + texts.iter().map(String::len).sum::<usize>() / 10
}

/// The bound of a document's tokens.
fn document_tokens(most: Option<usize>) -> ApiResult<Option<usize>> {
    if most == Some(0) {
        return Err(ApiError::field(
            "max_tokens_per_doc",
            "`max_tokens_per_doc` is 0, which leaves nothing of documents",
        ));
    }
    Ok(most)
}

fn check_top(top: Option<i64>) -> ApiResult<()> {
    match top {
        Some(top) if top < 0 => Err(ApiError::field("top_n", "`top_n` is negative")),
        _ => Ok(()),
    }
}

/// The positions of the best scores, best first, equal ones in their order; all of them for no number, and for 0.
fn best(scores: &[f32], most: Option<i64>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    if let Some(most) = most.and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0) {
        order.truncate(most);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first_and_equal_ones_in_their_order() {
        let scores = [0.1, 0.9, 0.9, 0.5];
        assert_eq!(best(&scores, None), [1, 2, 3, 0]);
        assert_eq!(best(&scores, Some(2)), [1, 2]);
        assert_eq!(best(&scores, Some(0)), [1, 2, 3, 0]);
        assert_eq!(best(&scores, Some(99)).len(), 4);
    }
}
