//! Queries that are moved towards what is best so far.

use embedkit_core::{Embedding, Result};

use super::Searcher;
use super::ranking::Question;
use crate::fusion::{Fused, Ranking};

impl Searcher {
    /// Whether a stage asks for feedback.
    pub(super) fn feeds_back(&self) -> bool {
        self.stages.iter().any(|stage| stage.spec.feedback.is_some())
    }

    /// Scores anew what stages with feedback ranked, by queries that are moved towards the best of what was fused.
    pub(super) fn feed_back(&self, question: &Question<'_>, fused: &[Fused], rankings: &mut [Ranking]) -> Result<()> {
        for (at, stage) in self.stages.iter().enumerate() {
            let (Some(feedback), Some(Embedding::Dense(query))) = (&stage.spec.feedback, &question.vectors[at]) else {
                continue;
            };
            let Some(ranking) = rankings.iter_mut().find(|ranking| ranking.stage == stage.spec.name) else { continue };
            let best: Vec<usize> = fused.iter().take(feedback.records).map(|one| one.record).collect();
            let home = self.home.home();
            let moved = feedback.moved(query, &home.vectors(at, &best)?);
            let records: Vec<usize> = ranking.scores.iter().map(|(record, _)| *record).collect();
            let scores = home.scores(at, &Embedding::Dense(moved), &records)?;
            ranking.scores = records.into_iter().zip(scores).collect();
        }
        Ok(())
    }
}
