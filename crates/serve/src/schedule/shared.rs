//! What a queue's owner, its workers and the requests in it share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::waiting::{Slice, SliceBounds, Waiting};
use super::watch::Watch;
use crate::metrics::ModelMetrics;

/// What may wait, and what runs together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Most inputs that wait.
    pub(crate) queue: usize,
    /// The model's window in tokens.
    pub(crate) window: usize,
    /// Whether requests share batches.
    pub(crate) shared: bool,
}

/// What the queue's owner, its workers and the requests in it share.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) work: Condvar,
    pub(super) bounds: Bounds,
    pub(super) slices: SliceBounds,
    pub(super) workers: usize,
    pub(super) watches: Vec<Watch>,
    pub(super) metrics: ModelMetrics,
    pub(super) panics: prometheus_client::metrics::counter::Counter,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) waiting: Waiting,
    pub(super) is_closed: bool,
    /// Tokens that a worker does in a second, a moving mean; 0 as long as nothing ran.
    rate: f64,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn show(&self, state: &State) {
        self.metrics.waiting(state.waiting.inputs(), state.waiting.cost());
    }

    /// What a free worker runs next, once there is something; nothing when the queue is closed.
    pub(super) fn next(&self) -> Option<Slice> {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(slice) = state.waiting.take(self.slices) {
                let others_wait = state.waiting.inputs() > 0;
                self.show(&state);
                drop(state);
                if others_wait {
                    self.work.notify_one();
                }
                return Some(slice);
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes that a slice of this cost ran.
    pub(super) fn ran(&self, cost: usize, took: Duration) {
        const WEIGHT: f64 = 0.2;
        let mut state = self.state();
        state.waiting.ran();
        let rate = cost as f64 / took.as_secs_f64().max(1e-6);
        state.rate = if state.rate > 0.0 { state.rate + WEIGHT * (rate - state.rate) } else { rate };
    }

    pub(super) fn watch(&self, number: usize) -> &Watch {
        &self.watches[number]
    }
}

impl State {
    /// How long work of this cost takes, about.
    pub(super) fn time(&self, cost: usize, workers: usize) -> Duration {
        if self.rate <= 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(cost as f64 / (self.rate * workers as f64)).unwrap_or(Duration::MAX)
    }
}
