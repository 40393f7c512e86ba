//! Inputs that the caller wants to run together: for servers, whose callers' inputs share batches.

use std::sync::Arc;

use super::Engine;
use super::batching::Batching;
use super::control::Control;
use super::threads::Threads;
use super::window::{CutWindow, Finished, Job, Window};
use crate::Purpose;

/// Inputs that are prepared and not run yet.
#[must_use = "nothing is computed before it is run"]
pub struct Batch<'e, O> {
    window: Box<dyn Window<O>>,
    batching: &'e Batching,
    workers: usize,
}

impl<I: ?Sized + Sync + 'static, O: Send + 'static> Engine<I, O> {
    /// Prepares inputs to run together, on the calling thread. More of them than the engine's bounds of a batch allow
    /// run in several.
    pub fn prepare(&self, inputs: &[&I], purpose: &Purpose) -> Batch<'_, O> {
        let window = self.pipeline.prepare(inputs, &Arc::new(purpose.clone()), &Threads::Calling);
        Batch { window, batching: &self.batching, workers: self.workers() }
    }

    /// How many batches may run at once.
    pub fn workers(&self) -> usize {
        self.pipeline.workers()
    }

    /// How inputs are put into batches.
    pub fn batching(&self) -> &Batching {
        &self.batching
    }

    /// What turns its texts into tokens; none for models without tokens.
    #[cfg(feature = "tokenizer")]
    pub fn tokenizer(&self) -> Option<&crate::tokenizer::Tokenizer> {
        self.pipeline.tokenizer()
    }
}

impl<O: Send> Batch<'_, O> {
    /// Tokens that are about to be computed, padding left out; 0 where nothing is left to run.
    pub fn tokens(&self) -> usize {
        self.window.cost().tokens
    }

    /// Runs them: one result an input, in their order. One that fails does not fail the others.
    pub fn run(self) -> Vec<Finished<O>> {
        let workers = self.workers;
        self.cut().finish(workers, &Control::default())
    }

    /// The same on the calling thread alone: what is too much for one run goes run by run.
    pub fn run_in_turn(self) -> Vec<Finished<O>> {
        self.cut().finish(1, &Control::default())
    }

    /// The same for a part of a long job: short inputs of others may run beside it, instead of waiting.
    pub fn run_as_part(self) -> Vec<Finished<O>> {
        let window = self.cut();
        let _job = Job::part(&window.batches);
        window.finish(1, &Control::default())
    }

    fn cut(self) -> CutWindow<O> {
        self.window.cut(self.batching, &Control::default())
    }
}

impl<O> std::fmt::Debug for Batch<'_, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch").field("tokens", &self.window.cost().tokens).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::{AnyPipeline, Direct, Engine, EngineOptions, Error, ModelDescription, Purpose, Result, Usage};

    struct Lengths;

    impl Direct for Lengths {
        type Input = str;
        type Output = usize;

        fn embed(&self, text: &str, _: &Purpose) -> Result<(usize, Usage)> {
            let usage = Usage { tokens: text.len(), truncated: false };
            if text.is_empty() { Err(Error::input("empty")) } else { Ok((text.len(), usage)) }
        }
    }

    #[test]
    fn a_batch_gives_one_result_an_input_in_order() {
        let row = ModelDescription::new("my/lengths", "dense", "lengths");
        let engine: Engine<str, usize> =
            Engine::new(row.into(), AnyPipeline::direct(Lengths), &EngineOptions::default()).unwrap();
        assert!(engine.workers() >= 1);
        let prepare = || engine.prepare(&["a", "", "abc"], &Purpose::default());
        for results in [prepare().run(), prepare().run_in_turn(), prepare().run_as_part()] {
            let lengths: Vec<Option<usize>> = results.into_iter().map(|result| Some(result.ok()?.0)).collect();
            assert_eq!(lengths, [Some(1), None, Some(3)]);
        }
    }
}
