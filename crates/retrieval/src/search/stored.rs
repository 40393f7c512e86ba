//! A collection in a database, as a search sees it.

use std::collections::{BTreeSet, HashMap};

use embedkit_core::{Embedding, Error, Result};
use embedkit_vector::SparseVector;

use super::home::{AtOnce, Candidates, Home};
use crate::database::{Fetch, Found, Points, Query};
use crate::filter::Filter;
use crate::pipeline::Pipeline;
use crate::record::Record;

/// A version in a database.
pub(super) struct Stored {
    pipeline: Pipeline,
    records: usize,
    points: Box<dyn Points>,
}

impl Stored {
    pub(super) fn new(pipeline: Pipeline, records: usize, points: Box<dyn Points>) -> Self {
        Self { pipeline, records, points }
    }

    fn name(&self, stage: usize) -> &str {
        &self.pipeline.stages[stage].name
    }
}

impl Home for Stored {
    fn len(&self) -> usize {
        self.records
    }

    fn records(&self, numbers: &[usize]) -> Result<Vec<Record>> {
        let ids: Vec<u64> = numbers.iter().map(|number| *number as u64).collect();
        let mut found: HashMap<u64, _> = self.points.get(&ids)?.into_iter().collect();
        let record = |id: &u64| {
            let payload = found.remove(id).ok_or_else(|| Error::input(format!("the record {id} is gone")))?;
            Record::from_payload(payload)
        };
        ids.iter().map(record).collect()
    }

    fn candidates(
        &self,
        pipeline: &Pipeline,
        vectors: &[Option<Embedding>],
        k: usize,
        filter: &Filter,
    ) -> Result<Candidates> {
        let queries = Query::by_stage(pipeline, vectors, k, filter).into_iter();
        let queries = queries.map(|query| query.at_most(self.records)).collect();
        let mut answers = self.points.query(queries)?.into_iter();
        let (mut known, mut by_stage) = (HashMap::new(), Vec::new());
        for vector in vectors {
            let answer = match vector {
                Some(_) => Some(scores(answers.next().unwrap_or_default(), &mut known)?),
                None => None,
            };
            by_stage.push(answer);
        }
        let mut found = Vec::new();
        for (stage, scores) in pipeline.stages.iter().zip(&by_stage) {
            let depth = if stage.depth == 0 { 0 } else { stage.depth.max(k) };
            found.push(best_first(scores.iter().flatten().map(|(record, score)| (*record, *score)), depth));
        }
        // What came beyond a stage's depth is nobody's find.
        let records: BTreeSet<usize> = found.iter().flatten().map(|(record, _)| *record).collect();
        let records: Vec<usize> = records.into_iter().collect();
        // What a stage does not answer shares nothing with the query.
        let of = |scores: HashMap<usize, f32>| {
            records.iter().map(|record| scores.get(record).copied().unwrap_or(0.0)).collect()
        };
        let scores = by_stage.into_iter().map(|scores| scores.map(of)).collect();
        Ok(Candidates { records, found, scores, known })
    }

    fn at_once(
        &self,
        pipeline: &Pipeline,
        vectors: &[Option<Embedding>],
        k: usize,
        filter: &Filter,
    ) -> Result<Option<AtOnce>> {
        let Some(query) = Query::nested(pipeline, vectors, k, filter) else { return Ok(None) };
        let answer = self.points.query(vec![query.at_most(self.records)])?.pop().unwrap_or_default();
        let mut known = HashMap::new();
        let ranked = best_first(scores(answer, &mut known)?, usize::MAX);
        Ok(Some(AtOnce { ranked, known }))
    }

    fn scores(&self, stage: usize, vector: &Embedding, records: &[usize]) -> Result<Vec<f32>> {
        let ids = records.iter().map(|record| *record as u64).collect();
        let fetch = Fetch::nearest(self.name(stage), vector.clone(), records.len());
        let answer = self.points.query(vec![Query::new(fetch).among(ids).with_payload(false)])?;
        let scores = scores(answer.into_iter().next().unwrap_or_default(), &mut HashMap::new())?;
        Ok(records.iter().map(|record| scores.get(record).copied().unwrap_or(0.0)).collect())
    }

    fn vectors(&self, stage: usize, records: &[usize]) -> Result<Vec<Vec<f32>>> {
        let ids: Vec<u64> = records.iter().map(|record| *record as u64).collect();
        let mut found: HashMap<u64, Vec<f32>> = self.points.vectors(self.name(stage), &ids)?.into_iter().collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Each term asked for alone: how frequent terms are, only the database knows.
    fn term_scores(
        &self,
        stage: usize,
        query: &SparseVector,
        passage: &SparseVector,
        record: usize,
    ) -> Result<Vec<(u32, f32)>> {
        let terms: Vec<(u32, f32)> = query.iter().filter(|(term, _)| passage.get(*term) != 0.0).collect();
        let query = |entry: &(u32, f32)| {
            let vector = Embedding::Sparse(SparseVector::from_entries([*entry])?);
            Ok(Query::new(Fetch::nearest(self.name(stage), vector, 1)).among(vec![record as u64]).with_payload(false))
        };
        let queries = terms.iter().map(query).collect::<Result<Vec<_>>>()?;
        let answers = if queries.is_empty() { Vec::new() } else { self.points.query(queries)? };
        let score = |answer: Vec<Found>| answer.first().map_or(0.0, |found| found.score);
        Ok(terms.into_iter().zip(answers).map(|((term, _), answer)| (term, score(answer))).collect())
    }
}

/// The best of scores; of equal ones the lower record first.
fn best_first(scores: impl IntoIterator<Item = (usize, f32)>, wanted: usize) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = scores.into_iter().collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    best.truncate(wanted);
    best
}

/// Scores by record; records whose payload came along are known.
fn scores(answer: Vec<Found>, known: &mut HashMap<usize, Record>) -> Result<HashMap<usize, f32>> {
    let mut scores = HashMap::with_capacity(answer.len());
    for found in answer {
        if let Some(payload) = found.payload {
            known.insert(found.id as usize, Record::from_payload(payload)?);
        }
        scores.insert(found.id as usize, found.score);
    }
    Ok(scores)
}
