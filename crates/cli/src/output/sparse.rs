//! Results of sparse models.

use embedkit::SparseVector;
use embedkit::WeightedTerm;
use serde::Serialize;

use super::Row;

/// One sparse vector.
#[derive(Serialize)]
pub(crate) struct SparseRow {
    #[serde(flatten)]
    pub(crate) vector: SparseVector,
}

impl Row for SparseRow {
    fn keys(&self) -> &'static [&'static str] {
        &["indices", "values"]
    }
}

/// What a sparse vector's entries stand for, heaviest first.
#[derive(Serialize)]
pub(crate) struct TermsRow {
    terms: Vec<Term>,
}

#[derive(Serialize)]
struct Term {
    term: String,
    weight: f32,
}

impl Row for TermsRow {
    fn keys(&self) -> &'static [&'static str] {
        &["terms"]
    }
}

impl From<Vec<WeightedTerm>> for TermsRow {
    fn from(terms: Vec<WeightedTerm>) -> Self {
        Self { terms: terms.into_iter().map(|term| Term { term: term.term, weight: term.weight }).collect() }
    }
}
