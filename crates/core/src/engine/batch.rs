//! Inputs that the caller wants to run together: for servers, whose callers' inputs share batches.

use std::sync::Arc;

use super::control::Control;
use super::in_flight::finish;
use super::threads::Threads;
use super::window::{CutWindow, Finished, Job, Window};
use super::{Batching, Engine};
use crate::Purpose;

/// Inputs that are prepared and not run yet.
#[must_use = "nothing is computed before it is run"]
pub struct Batch<'e, O> {
    window: Box<dyn Window<O>>,
    batching: &'e Batching,
    is_accelerated: bool,
    workers: usize,
    control: Control,
}

impl<I: ?Sized + Sync + 'static, O: Send + 'static> Engine<I, O> {
    /// Prepares inputs to run together, on the calling thread. More of them than the engine's bounds of a batch allow
    /// run in several.
    pub fn prepare(&self, inputs: &[&I], purpose: &Purpose) -> Batch<'_, O> {
        let window = self.pipeline.prepare(inputs, &Arc::new(purpose.clone()), &Threads::Calling);
        self.batch(window)
    }

    /// Prepares rows of ids of the model's own tokenizer, taken as they are, to run together: special tokens are the caller's.
    /// Models that need to see the text refuse them.
    pub fn prepare_ids(&self, rows: &[&[u32]], purpose: &Purpose) -> Batch<'_, O> {
        let window = self.pipeline.prepare_ids(rows, &Arc::new(purpose.clone()));
        self.batch(window)
    }

    fn batch(&self, window: Box<dyn Window<O>>) -> Batch<'_, O> {
        let is_accelerated = self.runs_accelerated(&*window);
        let control = Control::of(&self.model);
        Batch { window, batching: &self.batching, is_accelerated, workers: self.workers(), control }
    }
}

impl<O: Send + 'static> Batch<'_, O> {
    /// Tokens that are about to be computed, padding left out; 0 where nothing is left to run.
    pub fn tokens(&self) -> usize {
        self.window.cost().tokens
    }

    /// Runs them: one result an input, in their order. One that fails does not fail the others.
    pub fn run(self) -> Vec<Finished<O>> {
        let workers = self.workers;
        let (window, control) = self.cut();
        finish(window, workers, &control)
    }

    /// The same on the calling thread alone: what is too much for one run goes run by run.
    pub fn run_in_turn(self) -> Vec<Finished<O>> {
        let (window, control) = self.cut();
        finish(window, 1, &control)
    }

    /// The same for a part of a long job: short inputs of others may run beside it, instead of waiting.
    pub fn run_as_part(self) -> Vec<Finished<O>> {
        let (window, control) = self.cut();
        let _job = Job::part(&window.batches);
        finish(window, 1, &control)
    }

    fn cut(self) -> (CutWindow<O>, Control) {
        (self.window.cut(&self.batching.on(self.is_accelerated), &self.control), self.control)
    }
}

impl<O> std::fmt::Debug for Batch<'_, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch").field("tokens", &self.window.cost().tokens).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use crate::{
        AnyPipeline, Direct, Engine, EngineOptions, Error, ErrorKind, ModelDescription, Purpose, Result, Usage,
    };

    struct Lengths;

    impl Direct for Lengths {
        type Input = str;
        type Output = usize;

        fn embed(&self, text: &str, _: &Purpose) -> Result<(usize, Usage)> {
            let usage = Usage { tokens: text.len(), truncated: false };
            if text.is_empty() { Err(Error::input("empty")) } else { Ok((text.len(), usage)) }
        }

        fn embed_ids(&self, ids: &[u32], _: &Purpose) -> Result<(usize, Usage)> {
            Ok((ids.len(), Usage { tokens: ids.len(), truncated: false }))
        }
    }

    /// A model that needs to see the text.
    struct Letters;

    impl Direct for Letters {
        type Input = str;
        type Output = usize;

        fn embed(&self, text: &str, _: &Purpose) -> Result<(usize, Usage)> {
            Ok((text.len(), Usage::default()))
        }
    }

    fn engine(pipeline: AnyPipeline) -> Engine<str, usize> {
        let row = ModelDescription::new("my/lengths", "dense", "lengths");
        Engine::new(row.into(), pipeline, &EngineOptions::default()).unwrap()
    }

    #[test]
    fn ids_are_taken_by_models_that_need_no_text() {
        let rows: [&[u32]; 3] = [&[1, 2, 3], &[], &[4]];
        let taking = engine(AnyPipeline::direct(Lengths)).converted(|text: &str| Ok(Cow::Borrowed(text)), |it| 2 * it);
        let lengths = taking.prepare_ids(&rows, &Purpose::default()).run_in_turn();
        assert_eq!(lengths.into_iter().map(|result| result.unwrap().0).collect::<Vec<_>>(), [6, 0, 2]);
        let refusing = engine(AnyPipeline::direct(Letters));
        let refused = refusing.prepare_ids(&rows, &Purpose::default()).run();
        let kinds: Vec<_> = refused.into_iter().map(|result| result.map_err(|error| error.kind()).err()).collect();
        assert_eq!(kinds, [Some(ErrorKind::InvalidInput); 3]);
    }

    #[test]
    fn a_batch_gives_one_result_an_input_in_order() {
        let engine = engine(AnyPipeline::direct(Lengths));
        assert!(engine.workers() >= 1);
        let prepare = || engine.prepare(&["a", "", "abc"], &Purpose::default());
        for results in [prepare().run(), prepare().run_in_turn(), prepare().run_as_part()] {
            let lengths: Vec<Option<usize>> = results.into_iter().map(|result| Some(result.ok()?.0)).collect();
            assert_eq!(lengths, [Some(1), None, Some(3)]);
        }
    }
}
