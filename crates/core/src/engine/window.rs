//! Prepared inputs, and the batches that they are cut into.

use std::sync::Arc;

use super::bounds::BatchBounds;
use super::control::Control;
use crate::{Prepared, Result, Stage, Usage};

/// An input's output and what it used.
pub(super) type Finished<O> = Result<(O, Usage)>;

/// A result with the position of its input in the window.
pub(super) type Positioned<O> = (usize, Finished<O>);

/// Prepared inputs, ready to run.
pub(super) trait Window<O>: Send {
    /// Tokens to compute, and bytes held.
    fn cost(&self) -> WindowCost;

    /// Cuts what is left to run into batches.
    fn cut(self: Box<Self>, bounds: &BatchBounds, control: &Control) -> CutWindow<O>;
}

/// Batches that any thread may run, in any order.
pub(super) trait Batches<O>: Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// Runs one: a result for each of its inputs.
    fn run(&self, batch: usize, control: &Control) -> Vec<Positioned<O>>;

    /// Says that several of them are about to run at a time; tells whether [`end_job`](Self::end_job) is to be called.
    fn begin_job(&self) -> bool;

    /// Says that none of them runs any more.
    fn end_job(&self);
}

/// A window that is cut into batches.
pub(super) struct CutWindow<O> {
    /// One an input: those that were done when they were prepared, and gaps for the others.
    pub(super) results: Vec<Option<Finished<O>>>,
    pub(super) batches: Arc<dyn Batches<O>>,
}

/// A job of several batches; it ends when this is dropped.
pub(super) struct Job<O>(Arc<dyn Batches<O>>);

impl<O> Job<O> {
    /// Begins a job where there are several batches.
    pub(super) fn begin(batches: &Arc<dyn Batches<O>>) -> Option<Self> {
        if batches.count() > 1 { Self::part(batches) } else { None }
    }

    /// Begins a job of which there is more elsewhere.
    pub(super) fn part(batches: &Arc<dyn Batches<O>>) -> Option<Self> {
        batches.begin_job().then(|| Self(batches.clone()))
    }
}

impl<O> Drop for Job<O> {
    fn drop(&mut self) {
        self.0.end_job();
    }
}

/// What a window computes and holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WindowCost {
    pub(super) tokens: usize,
    pub(super) bytes: usize,
}

impl<P, O> Prepared<P, O> {
    /// What is left to compute and held for it.
    pub(super) fn cost(&self) -> WindowCost {
        match self.stage {
            Stage::Run { length, bytes, .. } => WindowCost { tokens: length, bytes },
            Stage::Done(_) => WindowCost::default(),
        }
    }
}

impl std::ops::Add for WindowCost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { tokens: self.tokens + other.tokens, bytes: self.bytes + other.bytes }
    }
}
