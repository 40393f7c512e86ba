//! Watching and stopping a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::{Error, ModelDescription};

/// Stops runs from another thread: batches that have begun end, no further one begins.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels every run that holds a clone of this token.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a batch added to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Inputs that ended with this batch.
    pub inputs: usize,
    /// Tokens that were computed for them, padding included.
    pub tokens: usize,
}

/// Which model a run is of, and what its caller listens to and holds in hand.
#[derive(Clone)]
pub(super) struct Control {
    model: Arc<ModelDescription>,
    pub(super) cancel: Option<CancelToken>,
    pub(super) progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

impl Control {
    /// That of a run whose caller neither listens nor stops it.
    pub(super) fn of(model: &Arc<ModelDescription>) -> Self {
        Self { model: model.clone(), cancel: None, progress: None }
    }

    /// What stands for a result that no batch gave.
    pub(super) fn missing(&self) -> Error {
        Error::model(&self.model.id, "its pipeline gave fewer results than a batch has inputs")
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(CancelToken::is_cancelled)
    }

    pub(super) fn report(&self, inputs: usize, tokens: usize) {
        if let Some(progress) = &self.progress
            && inputs > 0
        {
            progress(Progress { inputs, tokens });
        }
    }
}
