//! What a search asks of wherever a collection lives.

use std::collections::HashMap;

use embedkit_core::{Embedding, Result};
use embedkit_vector::SparseVector;

use crate::filter::Filter;
use crate::pipeline::Pipeline;
use crate::record::Record;

/// Where a collection lives.
pub(super) trait Home: Send + Sync {
    /// How many records it has.
    fn len(&self) -> usize;

    /// These records.
    fn records(&self, numbers: &[usize]) -> Result<Vec<Record>>;

    /// What every stage finds, the best `k` at least, and every stored stage's scores of all of it. `vectors` are the
    /// stages' of a question, none of stages that store none.
    fn candidates(
        &self,
        pipeline: &Pipeline,
        vectors: &[Option<Embedding>],
        k: usize,
        filter: &Filter,
    ) -> Result<Candidates>;

    /// All of the fusion and the first reranker at once, the best `k` at least and as many as the rerankers behind it order;
    /// none where it cannot be had at once, as where the first reranker is by no stage.
    fn at_once(
        &self,
        pipeline: &Pipeline,
        vectors: &[Option<Embedding>],
        k: usize,
        filter: &Filter,
    ) -> Result<Option<AtOnce>>;

    /// A stage's scores of these records.
    fn scores(&self, stage: usize, vector: &Embedding, records: &[usize]) -> Result<Vec<f32>>;

    /// A stage's single vectors, as they are stored, of these records but of those that have none.
    fn vectors(&self, stage: usize, records: &[usize]) -> Result<Vec<Vec<f32>>>;

    /// What each of a query's terms adds to a record's score by a stage of term weights.
    fn term_scores(
        &self,
        stage: usize,
        query: &SparseVector,
        passage: &SparseVector,
        record: usize,
    ) -> Result<Vec<(u32, f32)>>;
}

/// What stages found, with their scores of it.
#[derive(Default)]
pub(super) struct Candidates {
    /// The records, in order.
    pub(super) records: Vec<usize>,
    /// What each stage found, best first.
    pub(super) found: Vec<Vec<(usize, f32)>>,
    /// Each stage's scores of all records, in their order; none of stages that store no vectors.
    pub(super) scores: Vec<Option<Vec<f32>>>,
    /// Records that are known already.
    pub(super) known: HashMap<usize, Record>,
}

/// What came of one query for all.
pub(super) struct AtOnce {
    /// Records with their scores, best first.
    pub(super) ranked: Vec<(usize, f32)>,
    /// Records that are known already.
    pub(super) known: HashMap<usize, Record>,
}
