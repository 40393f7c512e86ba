//! Queries that are moved towards what is best so far.

use std::collections::HashMap;

use embedkit_core::{Embedding, Result};

use super::Searcher;
use super::ranking::Question;
use crate::fusion::{Fused, Ranking};
use crate::record::Record;

impl Searcher {
    /// Whether a stage asks for feedback.
    pub(super) fn feeds_back(&self) -> bool {
        self.stages.iter().any(|stage| stage.spec.feedback.is_some())
    }

    /// Scores anew what stages with feedback ranked, by queries that are moved towards the best of what was fused. The
    /// records are embedded as they are searched: a database hands out no vectors.
    pub(super) fn feed_back(
        &self,
        question: &Question<'_>,
        fused: &[Fused],
        rankings: &mut [Ranking],
        known: &mut HashMap<usize, Record>,
    ) -> Result<()> {
        for (at, stage) in self.stages.iter().enumerate() {
            let (Some(feedback), Some(Embedding::Dense(query))) = (&stage.spec.feedback, &question.vectors[at]) else {
                continue;
            };
            let Some(ranking) = rankings.iter_mut().find(|ranking| ranking.stage == stage.spec.name) else { continue };
            let best: Vec<usize> = fused.iter().take(feedback.records).map(|one| one.record).collect();
            let moved = feedback.moved(query, &stage.passage_vectors(&self.passages(&best, known)?)?);
            let records: Vec<usize> = ranking.scores.iter().map(|(record, _)| *record).collect();
            let scores = self.home.home().scores(at, &Embedding::Dense(moved), &records)?;
            ranking.scores = records.into_iter().zip(scores).collect();
        }
        Ok(())
    }
}
