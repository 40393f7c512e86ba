//! Rerankers, as users call them.

use std::sync::Arc;

use embedkit_core::{Embedder, Embeddings, Engine, ModelDescription, ModelFiles, Purpose, Result, Role, Usage};
use embedkit_vector::{Scored, top_k};

use crate::{FAMILY, Pair, describe};

/// A loaded reranker. Shared between threads by reference or `Arc`.
///
/// Scores are the model's raw logits unless its row names an activation; higher is more relevant.
#[derive(Debug)]
pub struct Reranker {
    engine: Engine<Pair, f32>,
}

impl Reranker {
    /// One query's score against each document, lazily and in the documents' order.
    pub fn rerank<S>(&self, query: &str, documents: S) -> Embeddings<'_, impl Iterator<Item = Pair> + use<S>, Pair, f32>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        let query: Arc<str> = query.into();
        self.rerank_pairs(documents.into_iter().map(move |document| Pair::new(query.clone(), document.as_ref())))
    }

    /// The score of each pair, lazily and in their order.
    pub fn rerank_pairs<S>(&self, pairs: S) -> Embeddings<'_, S::IntoIter, Pair, f32>
    where
        S: IntoIterator,
        S::Item: AsRef<Pair>,
    {
        self.engine.run(pairs, Role::Plain)
    }

    /// The score of one document.
    ///
    /// # Errors
    /// A pair that cannot be scored, or a run that fails.
    pub fn score(&self, pair: &Pair) -> Result<f32> {
        self.engine.run_one(pair, &Purpose::default())
    }

    /// The `k` documents that fit the query best, best first, by their position.
    ///
    /// # Errors
    /// The first document's that cannot be scored.
    pub fn rank<S>(&self, query: &str, documents: S, k: usize) -> Result<Vec<Scored>>
    where
        S: IntoIterator,
        S::Item: AsRef<str>,
    {
        let scores: Vec<f32> = self.rerank(query, documents).collect::<Result<_>>()?;
        Ok(top_k(scores, k))
    }

    /// What a pair uses of the model's window, without a run.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn usage(&self, pair: &Pair) -> Result<Usage> {
        self.engine.usage(pair, &Purpose::default())
    }

    /// Tokens of all pairs: after truncation, special tokens included, padding not.
    ///
    /// # Errors
    /// A text that the tokenizer refuses.
    pub fn token_count<S>(&self, pairs: S) -> Result<usize>
    where
        S: IntoIterator,
        S::Item: AsRef<Pair>,
    {
        self.engine.count_tokens(pairs, &Purpose::default())
    }
}

impl Embedder for Reranker {
    const FAMILY: &'static str = FAMILY;
    const MODEL_TYPES: &'static [&'static str] = &["CrossEncoder"];
    type Input = Pair;
    type Output = f32;

    fn describe(files: &ModelFiles) -> Result<ModelDescription> {
        describe::describe(files)
    }

    /// A graph alone could be any model's: its settings say that it classifies.
    fn recognizes(files: &ModelFiles) -> bool {
        describe::says_what_it_is(files) && describe::describe(files).is_ok()
    }

    fn from_engine(engine: Engine<Pair, f32>) -> Self {
        Self { engine }
    }

    fn engine(&self) -> &Engine<Pair, f32> {
        &self.engine
    }
}
