//! The way a score came about.

use embedkit_core::{Content, Embedding, Result, Role};
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::{MaxSim, RowLabel};
use serde::Serialize;

use super::highlight::{self, Highlight, Marks};
use super::stage::{LoadedStage, is_multi};
use super::{Hit, Searcher};
use crate::collection::StageIndex;
use crate::fusion::Contribution;
use crate::model::{Configure, Model};

/// The way a score came about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The stages, in the pipeline's order; their values add up to the fused score.
    pub stages: Vec<StageExplanation>,
    /// The scores of the rerankers, in turn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reranked: Vec<f32>,
    /// The words of the record's text that matched.
    pub highlights: Vec<Highlight>,
}

/// What a stage added, and of what its own score is made.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StageExplanation {
    /// Its share of the fused score.
    #[serde(flatten)]
    pub contribution: Contribution,
    /// The parts of its own score, the greatest first, where a score has parts: terms, or tokens with what they matched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<Term>,
}

/// A part of a stage's score.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Term {
    /// The query's term or token.
    pub query: String,
    /// What it matched, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What it adds to the stage's score.
    pub weight: f32,
}

impl Searcher {
    /// Explains a hit of this query: what each stage added, of what, and which words matched.
    ///
    /// # Errors
    /// A model that fails, a damaged file.
    pub fn explain(&self, query: &str, hit: &Hit, configure: Configure<'_>) -> Result<Explanation> {
        let passage = hit.record.passage();
        let mut marks = Marks::default();
        let mut stages = Vec::new();
        for ((stage, labelled), contribution) in self.stages.iter().zip(&self.labelled).zip(&hit.contributions) {
            let mut terms = Vec::new();
            if let StageIndex::Sparse(_) = &stage.index {
                let weights = term_weights(stage, query, &passage)?;
                terms = named_terms(stage, query, &weights)?;
                if stage.model.is_direct() {
                    marks.add(highlight::of_terms(&hit.record.text, &weights, &stage.model)?);
                }
            } else if is_multi(stage) {
                let model = labelled.get_or_init(|| Model::load_labelled(&stage.spec.spec, configure).ok());
                if let Some(explanation) =
                    model.as_ref().map(|model| token_matches(model, query, &passage)).transpose()?.flatten()
                {
                    terms = matched_tokens(&explanation);
                    marks.add(highlight::of_tokens(&hit.record.text, &explanation));
                }
            }
            stages.push(StageExplanation { contribution: contribution.clone(), terms });
        }
        Ok(Explanation { stages, reranked: hit.reranked.clone(), highlights: marks.finish() })
    }
}

/// What each term that query and passage share adds to the score.
fn term_weights(stage: &LoadedStage, query: &str, passage: &str) -> Result<SparseVector> {
    let embed = |text: &str, role: Role| stage.model.embedder().embed_one(&Content::text(text), role);
    let (Embedding::Sparse(query), Embedding::Sparse(passage)) =
        (embed(query, Role::Query)?, embed(passage, Role::Passage)?)
    else {
        return Ok(SparseVector::default());
    };
    let mut entries = Vec::new();
    for (term, weight) in query.iter().filter(|(term, _)| passage.get(*term) != 0.0) {
        let idf = match &stage.index {
            StageIndex::Sparse(index) if stage.model.requires_idf() => index.idf(term)?,
            _ => 1.0,
        };
        entries.push((term, weight * idf * passage.get(term)));
    }
    Ok(SparseVector::from_entries(entries)?)
}

fn named_terms(stage: &LoadedStage, query: &str, weights: &SparseVector) -> Result<Vec<Term>> {
    let named = match stage.model.embedder().index_names() {
        Some(names) => names.name_terms(query, weights)?,
        None => weights.heaviest().into_iter().map(embedkit_core::WeightedTerm::unnamed).collect(),
    };
    Ok(named.into_iter().map(|term| Term { query: term.term, document: None, weight: term.weight }).collect())
}

/// Which tokens matched, by a model whose rows are labelled.
fn token_matches(
    model: &Model,
    query: &str,
    passage: &str,
) -> Result<Option<embedkit_vector::multivector::Explanation>> {
    let embed = |text: &str, role: Role| model.embedder().embed_one(&Content::text(text), role);
    match (embed(query, Role::Query)?, embed(passage, Role::Passage)?) {
        (Embedding::Multi(query), Embedding::Multi(passage)) => Ok(Some(MaxSim::new(&query)?.explain(&passage)?)),
        _ => Ok(None),
    }
}

fn matched_tokens(explanation: &embedkit_vector::multivector::Explanation) -> Vec<Term> {
    let name =
        |label: &Option<RowLabel>, row: usize| label.as_ref().map_or_else(|| format!("row {row}"), RowLabel::to_string);
    let mut terms: Vec<Term> = explanation
        .matches
        .iter()
        .map(|found| {
            let (query, document) =
                (name(&found.query_label, found.query_row), name(&found.document_label, found.document_row));
            Term { document: (document != query).then_some(document), query, weight: found.weight }
        })
        .collect();
    terms.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    terms
}
