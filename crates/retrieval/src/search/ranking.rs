//! What is found, fused, and ordered anew.

use std::collections::HashMap;

use embedkit_core::{Embedding, Error, Result};

use super::home::Candidates;
use super::stage::fresh;
use super::{Reranker, Searcher};
use crate::filter::Filter;
use crate::fusion::{Fused, Fusion, Method, Ranking};
use crate::record::Record;

/// A question, as each stage's model has it.
pub(super) struct Question<'q> {
    pub(super) text: &'q str,
    pub(super) embeddings: Vec<Embedding>,
    /// What stored vectors are compared with.
    pub(super) vectors: Vec<Option<Embedding>>,
    pub(super) filter: &'q Filter,
}

impl Searcher {
    /// How many are ordered anew by the rerankers behind the first `done`, `k` at least.
    pub(super) fn deepest(&self, done: usize, k: usize) -> usize {
        self.rerankers.iter().skip(done).map(|(rerank, _)| rerank.depth).max().unwrap_or(0).max(k)
    }

    pub(super) fn question<'q>(&self, text: &'q str, filter: &'q Filter) -> Result<Question<'q>> {
        let embeddings: Vec<Embedding> = self.stages.iter().map(|stage| stage.query(text)).collect::<Result<_>>()?;
        let vectors = self.stages.iter().zip(&embeddings).map(|(stage, query)| stage.vector(query));
        Ok(Question { text, vectors: vectors.collect::<Result<_>>()?, embeddings, filter })
    }

    /// All records that stages found for a query or scored, at least `k` by each, fused.
    pub(crate) fn fused(&self, query: &str, k: usize, fusion: &Fusion) -> Result<Vec<Fused>> {
        self.fused_of(&self.question(query, &Filter::new())?, k, fusion, &mut HashMap::new())
    }

    pub(super) fn fused_of(
        &self,
        question: &Question<'_>,
        k: usize,
        fusion: &Fusion,
        known: &mut HashMap<usize, Record>,
    ) -> Result<Vec<Fused>> {
        let home = self.home.home();
        let candidates = home.candidates(&self.pipeline, &question.vectors, k, question.filter)?;
        let Candidates { records, found, scores, known: came } = candidates;
        known.extend(came);
        let mut passages = None;
        let mut rankings = Vec::new();
        for (at, ((stage, scores), found)) in self.stages.iter().zip(scores).zip(found).enumerate() {
            if !self.pipeline.fuses(&stage.spec) {
                continue;
            }
            // Ranks are those of what a stage found; on a common scale, every candidate has its score.
            let ranked = match scores {
                Some(_) if fusion.method == Method::Rrf && stage.spec.depth > 0 => found,
                Some(scores) => pairs(&records, scores),
                None => {
                    if passages.is_none() {
                        passages = Some(self.passages(&records, known)?);
                    }
                    let passages = passages.as_deref().unwrap_or_default();
                    pairs(&records, stage.fresh_scores(question.text, &question.embeddings[at], passages)?)
                }
            };
            rankings.push(Ranking::new(&stage.spec.name, ranked));
        }
        let mut fused = fusion.fuse(&rankings);
        if self.feeds_back() {
            self.feed_back(question, &fused, &mut rankings, known)?;
            fused = fusion.fuse(&rankings);
        }
        Ok(fused)
    }

    /// Orders the best anew, by each reranker in turn behind the first `done`.
    pub(super) fn rerank(
        &self,
        question: &Question<'_>,
        mut ordered: Vec<(Fused, Vec<f32>)>,
        done: usize,
        known: &mut HashMap<usize, Record>,
    ) -> Result<Vec<(Fused, Vec<f32>)>> {
        for (rerank, reranker) in self.rerankers.iter().skip(done) {
            let depth = rerank.depth.min(ordered.len());
            let records: Vec<usize> = ordered[..depth].iter().map(|(fused, _)| fused.record).collect();
            let scores = match reranker {
                Reranker::Model(model) => fresh(model, question.text, &self.passages(&records, known)?)?,
                Reranker::Stage(at) => match &question.vectors[*at] {
                    Some(vector) => self.home.home().scores(*at, vector, &records)?,
                    None => {
                        let passages = self.passages(&records, known)?;
                        self.stages[*at].fresh_scores(question.text, &question.embeddings[*at], &passages)?
                    }
                },
            };
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
    pub(super) fn passages(&self, records: &[usize], known: &mut HashMap<usize, Record>) -> Result<Vec<String>> {
        Ok(self.records(records, known)?.iter().map(Record::passage).collect())
    }

    /// Records, of which those that are not known yet are asked for at once.
    pub(super) fn records(&self, numbers: &[usize], known: &mut HashMap<usize, Record>) -> Result<Vec<Record>> {
        let missing: Vec<usize> = numbers.iter().copied().filter(|number| !known.contains_key(number)).collect();
        if !missing.is_empty() {
            known.extend(missing.iter().copied().zip(self.home.home().records(&missing)?));
        }
        let record = |number: &usize| known.get(number).cloned();
        numbers.iter().map(|number| record(number).ok_or_else(|| gone(*number))).collect()
    }
}

fn gone(number: usize) -> Error {
    Error::input(format!("the record {number} is gone"))
}

fn pairs(candidates: &[usize], scores: Vec<f32>) -> Vec<(usize, f32)> {
    candidates.iter().copied().zip(scores).collect()
}
