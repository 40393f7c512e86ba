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
    /// What stored vectors are compared with; none where there are none, and where the question is blank.
    pub(super) vectors: Vec<Option<Embedding>>,
    /// The stages whose models know no word of it.
    pub(super) blank: Vec<bool>,
    pub(super) filter: &'q Filter,
}

impl Searcher {
    /// How many are ordered anew by the rerankers behind the first `done`, `k` at least.
    pub(super) fn deepest(&self, done: usize, k: usize) -> usize {
        self.rerankers.iter().skip(done).map(|(rerank, _)| rerank.depth).max().unwrap_or(0).max(k)
    }

    pub(super) fn question<'q>(&self, text: &'q str, filter: &'q Filter) -> Result<Question<'q>> {
        let embeddings: Vec<Embedding> = self.stages.iter().map(|stage| stage.query(text)).collect::<Result<_>>()?;
        let blank: Vec<bool> = embeddings.iter().map(is_blank).collect();
        let known = self.stages.iter().zip(&embeddings).zip(&blank);
        let vectors = known.map(|((stage, query), blank)| if *blank { Ok(None) } else { stage.vector(query) });
        Ok(Question { text, vectors: vectors.collect::<Result<_>>()?, embeddings, blank, filter })
    }

    /// Whether no stage that finds records knows a word of a question.
    pub(super) fn is_blank(&self, question: &Question<'_>) -> bool {
        self.stages.iter().zip(&question.blank).all(|(stage, blank)| *blank || stage.spec.depth == 0)
    }

    /// Whether all models see texts, or all images. Where they do not, records of the one kind have no vector of stages of the
    /// other, and a database that orders by these would leave them out.
    pub(super) fn sees_one_kind(&self) -> bool {
        self.stages.windows(2).all(|pair| pair[0].model.takes_images() == pair[1].model.takes_images())
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
        if self.is_blank(question) {
            return Ok(Vec::new());
        }
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
            let is_by_rank = fusion.method == Method::Rrf && stage.spec.depth > 0;
            let ranked = match scores {
                _ if question.blank[at] && is_by_rank => Vec::new(),
                _ if question.blank[at] => pairs(&records, vec![0.0; records.len()]),
                Some(_) if is_by_rank => found,
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
            self.feed_back(question, &fused, &mut rankings)?;
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
                Reranker::Stage(at) if question.blank[*at] => vec![0.0; records.len()],
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

/// Whether an embedding is that of a text of which its model knows no word: there is nothing that it is similar to.
fn is_blank(query: &Embedding) -> bool {
    let is_zero = |values: &[f32]| values.iter().all(|value| *value == 0.0);
    match query {
        Embedding::Dense(vector) => is_zero(vector),
        Embedding::Sparse(vector) => is_zero(vector.values()),
        Embedding::Multi(vectors) => is_zero(vectors.as_slice()),
        _ => false,
    }
}

fn gone(number: usize) -> Error {
    Error::input(format!("the record {number} is gone"))
}

fn pairs(candidates: &[usize], scores: Vec<f32>) -> Vec<(usize, f32)> {
    candidates.iter().copied().zip(scores).collect()
}
