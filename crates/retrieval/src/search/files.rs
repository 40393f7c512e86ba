//! A collection of plain files, as a search sees it.

use std::collections::{BTreeSet, HashMap};

use embedkit_core::{Embedding, Error, Result};
use embedkit_vector::SparseVector;

use super::home::{AtOnce, Candidates, Home};
use super::stage::LoadedStage;
use crate::collection::{StageIndex, Version};
use crate::filter::Filter;
use crate::pipeline::Pipeline;
use crate::record::Record;
use crate::vectors::Scores;

/// A version of plain files with its vectors.
pub(super) struct Files {
    version: Version,
    indexes: Vec<StageIndex>,
    /// The stages whose models ask for document frequencies.
    with_idf: Vec<bool>,
}

impl Files {
    pub(super) fn open(version: Version, stages: &[LoadedStage]) -> Result<Self> {
        let indexes = stages.iter().map(|stage| version.index(&stage.spec, stage.model.output()));
        let indexes = indexes.collect::<Result<_>>()?;
        let with_idf = stages.iter().map(|stage| stage.model.requires_idf()).collect();
        Ok(Self { version, indexes, with_idf })
    }

    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    fn scorer<'s>(&'s self, stage: usize, vector: &Embedding) -> Result<Box<dyn Scores + 's>> {
        Ok(match (&self.indexes[stage], vector) {
            (StageIndex::Dense(index), Embedding::Dense(vector)) => Box::new(index.scores(vector.clone())?),
            (StageIndex::Sparse(index), Embedding::Sparse(vector)) => {
                Box::new(index.scores(vector, self.with_idf[stage])?)
            }
            (StageIndex::Multi(index), Embedding::Multi(vectors)) => Box::new(index.scores(vectors)?),
            _ => {
                let name = &self.version.pipeline().stages[stage].name;
                let message = format!("{name}: the model gave another kind of embedding than is stored");
                return Err(Error::option("stage", message));
            }
        })
    }

    /// Which records a filter lets pass; none if all.
    fn allowed(&self, filter: &Filter) -> Result<Option<Vec<bool>>> {
        if filter.is_empty() {
            return Ok(None);
        }
        let passes = |record| Ok(filter.matches(&self.version.record(record)?.to_payload()?));
        Ok(Some((0..self.version.len()).map(passes).collect::<Result<_>>()?))
    }
}

impl Home for Files {
    fn len(&self) -> usize {
        self.version.len()
    }

    fn records(&self, numbers: &[usize]) -> Result<Vec<Record>> {
        numbers.iter().map(|number| self.version.record(*number)).collect()
    }

    fn candidates(
        &self,
        pipeline: &Pipeline,
        vectors: &[Option<Embedding>],
        k: usize,
        filter: &Filter,
    ) -> Result<Candidates> {
        let allowed = self.allowed(filter)?;
        let scorers = vectors
            .iter()
            .enumerate()
            .map(|(stage, vector)| vector.as_ref().map(|vector| self.scorer(stage, vector)).transpose());
        let scorers = scorers.collect::<Result<Vec<_>>>()?;
        let mut found = Vec::new();
        for (stage, scorer) in pipeline.stages.iter().zip(&scorers) {
            found.push(match (stage.depth, scorer) {
                (0, _) | (_, None) => Vec::new(),
                (depth, Some(scorer)) => scorer.top(depth.max(k), allowed.as_deref())?,
            });
        }
        let records: BTreeSet<usize> = found.iter().flatten().map(|(record, _)| *record).collect();
        let records: Vec<usize> = records.into_iter().collect();
        let scores = scorers.iter().map(|scorer| scorer.as_ref().map(|scorer| scorer.of(&records)).transpose());
        Ok(Candidates { scores: scores.collect::<Result<_>>()?, records, found, known: HashMap::new() })
    }

    fn at_once(&self, _: &Pipeline, _: &[Option<Embedding>], _: usize, _: &Filter) -> Result<Option<AtOnce>> {
        Ok(None)
    }

    fn scores(&self, stage: usize, vector: &Embedding, records: &[usize]) -> Result<Vec<f32>> {
        self.scorer(stage, vector)?.of(records)
    }

    fn vectors(&self, stage: usize, records: &[usize]) -> Result<Vec<Vec<f32>>> {
        let StageIndex::Dense(index) = &self.indexes[stage] else { return Ok(Vec::new()) };
        let present = records.iter().filter(|record| !index.is_missing(**record));
        Ok(present.map(|record| index.vector(*record)).collect())
    }

    fn term_scores(
        &self,
        stage: usize,
        query: &SparseVector,
        passage: &SparseVector,
        _: usize,
    ) -> Result<Vec<(u32, f32)>> {
        let StageIndex::Sparse(index) = &self.indexes[stage] else { return Ok(Vec::new()) };
        let shared = query.iter().filter(|(term, _)| passage.get(*term) != 0.0);
        let score = |(term, weight): (u32, f32)| {
            let idf = if self.with_idf[stage] { index.idf(term)? } else { 1.0 };
            Ok((term, weight * idf * passage.get(term)))
        };
        shared.map(score).collect()
    }
}
