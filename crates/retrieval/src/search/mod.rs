//! Questions to answers, and the way each score came about.

mod explain;
mod highlight;
mod stage;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use embedkit_core::{Embedding, Result};
use serde::Serialize;

pub use explain::{Explanation, StageExplanation, Term};
pub use highlight::Highlight;

use crate::collection::{CollectionFolder, Version};
use crate::fusion::{Contribution, Fused, Fusion, Method, Ranking};
use crate::model::{Configure, Model};
use crate::pipeline::{Rerank, Stage};
use crate::record::Record;
use stage::LoadedStage;

/// Searches one version of a collection.
pub struct Searcher {
    version: Version,
    stages: Vec<LoadedStage>,
    rerankers: Vec<(Rerank, Model)>,
    /// Models whose rows are labelled, for explanations, where stages have such; loaded when they are asked for.
    labelled: Vec<OnceLock<Option<Model>>>,
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Hit {
    /// Its rank, from 1.
    pub rank: usize,
    /// Its number in the collection.
    pub number: usize,
    /// What it is ordered by: the fused score, or that of the last reranker that saw it.
    pub score: f64,
    /// What each stage added to the fused score.
    pub contributions: Vec<Contribution>,
    /// The scores of the rerankers that saw it, in turn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reranked: Vec<f32>,
    /// The record.
    pub record: Record,
}

impl Searcher {
    /// Opens the version of a collection that is searched, and loads its models.
    ///
    /// # Errors
    /// A folder that is no collection, models that cannot be loaded, and models other than those that the collection was
    /// made with.
    pub fn open(collection: &CollectionFolder, configure: Configure<'_>) -> Result<Self> {
        Self::of_version(collection.open()?, configure)
    }

    /// Searches this version.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of_version(version: Version, configure: Configure<'_>) -> Result<Self> {
        let pipeline = version.pipeline().clone();
        let load = |stage: &Stage| LoadedStage::load(&version, stage, configure);
        let stages: Vec<LoadedStage> = pipeline.stages.iter().map(load).collect::<Result<_>>()?;
        let rerankers =
            pipeline.rerankers.iter().map(|rerank| Ok((rerank.clone(), Model::load(&rerank.spec(), configure)?)));
        let rerankers = rerankers.collect::<Result<_>>()?;
        let labelled = stages.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { version, stages, rerankers, labelled })
    }

    /// The version.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The best `k` records for a query. Stages propose at least as many, whatever their depth.
    ///
    /// # Errors
    /// A query that cannot be embedded, a model that fails, a damaged file.
    pub fn search(&self, query: &str, k: usize) -> Result<Vec<Hit>> {
        let fused = self.fused(query, k, &self.version.pipeline().fusion)?;
        let ordered = self.rerank(query, fused, k)?;
        let hit = |(at, (fused, reranked)): (usize, (Fused, Vec<f32>))| {
            Ok(Hit {
                rank: at + 1,
                number: fused.record,
                score: reranked.last().copied().map_or(fused.score, f64::from),
                contributions: fused.contributions,
                reranked,
                record: self.version.record(fused.record)?,
            })
        };
        ordered.into_iter().take(k).enumerate().map(hit).collect()
    }

    /// All records that stages found for a query or scored, at least `k` by each, fused.
    pub(crate) fn fused(&self, query: &str, k: usize, fusion: &Fusion) -> Result<Vec<Fused>> {
        let embeddings: Vec<Embedding> = self.stages.iter().map(|stage| stage.query(query)).collect::<Result<_>>()?;
        let scores = self.stages.iter().zip(&embeddings).map(|(stage, query)| stage.scores(query));
        let scores = scores.collect::<Result<Vec<_>>>()?;
        let mut tops = Vec::new();
        for (stage, scores) in self.stages.iter().zip(&scores) {
            let top = match (stage.spec.depth, scores) {
                (0, _) | (_, None) => Vec::new(),
                (depth, Some(scores)) => scores.top(depth.max(k))?,
            };
            tops.push(top);
        }
        let candidates: BTreeSet<usize> = tops.iter().flatten().map(|(record, _)| *record).collect();
        let candidates: Vec<usize> = candidates.into_iter().collect();
        let mut passages = None;
        let mut rankings = Vec::new();
        for (((stage, scores), embedding), top) in self.stages.iter().zip(&scores).zip(&embeddings).zip(tops) {
            // Ranks are those of what a stage found; on a common scale, every candidate has its score.
            let ranked = match scores {
                Some(_) if fusion.method == Method::Rrf && stage.spec.depth > 0 => top,
                Some(scores) => pairs(&candidates, scores.of(&candidates)?),
                None => {
                    if passages.is_none() {
                        passages = Some(self.passages(&candidates)?);
                    }
                    let passages = passages.as_deref().unwrap_or_default();
                    pairs(&candidates, stage.fresh_scores(query, embedding, passages)?)
                }
            };
            rankings.push(Ranking::new(&stage.spec.name, ranked));
        }
        Ok(fusion.fuse(&rankings))
    }

    /// Orders the best anew, by each reranker in turn.
    fn rerank(&self, query: &str, fused: Vec<Fused>, k: usize) -> Result<Vec<(Fused, Vec<f32>)>> {
        let deepest = self.rerankers.iter().map(|(rerank, _)| rerank.depth).max().unwrap_or(0).max(k);
        let mut ordered: Vec<(Fused, Vec<f32>)> =
            fused.into_iter().take(deepest).map(|one| (one, Vec::new())).collect();
        for (rerank, model) in &self.rerankers {
            let depth = rerank.depth.min(ordered.len());
            let records: Vec<usize> = ordered[..depth].iter().map(|(fused, _)| fused.record).collect();
            let scores = stage::fresh(model, query, &self.passages(&records)?)?;
            let mut best: Vec<_> = ordered.drain(..depth).zip(scores).collect();
            // The sort is stable: of equal ones the better so far goes first.
            best.sort_by(|(_, a), (_, b)| b.total_cmp(a));
            let best = best.into_iter().map(|((fused, mut scores), score)| {
                scores.push(score);
                (fused, scores)
            });
            ordered.splice(..0, best);
        }
        Ok(ordered)
    }

    /// What models see of records.
    fn passages(&self, records: &[usize]) -> Result<Vec<String>> {
        records.iter().map(|record| Ok(self.version.record(*record)?.passage())).collect()
    }
}

fn pairs(candidates: &[usize], scores: Vec<f32>) -> Vec<(usize, f32)> {
    candidates.iter().copied().zip(scores).collect()
}
