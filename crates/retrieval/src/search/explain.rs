//! The way a score came about.

use std::collections::HashMap;

use embedkit_core::{Content, Embedding, EmbeddingKind, ImageInput, Result, Role};
use embedkit_vector::SparseVector;
use embedkit_vector::multivector::{MaxSim, MultiVector, RowLabel};
use serde::Serialize;

use super::highlight::{self, Highlight, Marks};
use super::stage::LoadedStage;
use super::{Hit, Searcher};
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
        for contribution in self.contributions(query, hit)? {
            let Some(at) = self.stages.iter().position(|stage| stage.spec.name == contribution.stage) else { continue };
            let stage = &self.stages[at];
            let mut terms = Vec::new();
            if stage.model.takes_images() {
                // Of images there are no words; see `page_vectors`.
            } else if stage.model.output() == EmbeddingKind::Sparse {
                let weights = self.term_weights(at, query, &passage, hit.number)?;
                terms = named_terms(stage, query, &weights)?;
                if stage.model.is_direct() {
                    marks.add(highlight::of_terms(&hit.record.text, &weights, &stage.model)?);
                }
            } else if stage.is_multi() {
                let model = self.labelled[at].get_or_init(|| Model::load_labelled(&stage.spec.spec, configure).ok());
                if let Some(model) = model
                    && let Some(explanation) = token_matches(model, query, &passage)?
                {
                    terms = matched_tokens(&explanation);
                    let places = model.row_places(&passage)?.unwrap_or_default();
                    marks.add(highlight::of_tokens(&hit.record.text, &passage, places, &explanation));
                }
            }
            stages.push(StageExplanation { contribution, terms });
        }
        Ok(Explanation { stages, reranked: hit.reranked.clone(), highlights: marks.finish() })
    }

    /// The query's multi-vector and an image's, by the first stage whose model sees images and gives a vector for each of
    /// their parts: what a heat map shows. None where there is no such stage.
    ///
    /// # Errors
    /// A model that fails, an image that cannot be read.
    pub fn page_vectors(&self, query: &str, image: &ImageInput) -> Result<Option<(MultiVector, MultiVector)>> {
        let stage = self.stages.iter().find(|stage| stage.model.takes_images() && stage.is_multi());
        let Some(stage) = stage else { return Ok(None) };
        let page = stage.model.embedder().embed_one(&Content::Image(image.clone()), Role::Passage)?;
        match (stage.query(query)?, page) {
            (Embedding::Multi(query), Embedding::Multi(page)) => Ok(Some((query, page))),
            _ => Ok(None),
        }
    }

    /// What each stage added to a hit; asked for anew where a database answered with the sum alone.
    fn contributions(&self, query: &str, hit: &Hit) -> Result<Vec<Contribution>> {
        let Some(asked) = &hit.asked else { return Ok(hit.contributions.clone()) };
        let question = self.question(query, &asked.filter)?;
        let fused = self.fused_of(&question, asked.k, &self.pipeline.fusion, &mut HashMap::new())?;
        let found = fused.into_iter().find(|one| one.record == hit.number);
        Ok(found.map(|one| one.contributions).unwrap_or_default())
    }

    /// What each term that query and passage share adds to the score.
    fn term_weights(&self, stage: usize, query: &str, passage: &str, record: usize) -> Result<SparseVector> {
        let model = &self.stages[stage].model;
        let embed = |text: &str, role: Role| model.embedder().embed_one(&Content::text(text), role);
        let (Embedding::Sparse(query), Embedding::Sparse(passage)) =
            (embed(query, Role::Query)?, embed(passage, Role::Passage)?)
        else {
            return Ok(SparseVector::default());
        };
        Ok(SparseVector::from_entries(self.home.home().term_scores(stage, &query, &passage, record)?)?)
    }
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
