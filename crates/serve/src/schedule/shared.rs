//! What a queue's owner, its workers and the requests in it share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use super::slice::{Slice, SliceBounds};
use super::waiting::{Lane, Waiting};
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
    /// Whether a batch's inputs are padded to its longest.
    pub(crate) padded: bool,
}

/// What the queue's owner, its workers and the requests in it share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// There is work for an ordinary worker, and for the express one.
    ordinary: Condvar,
    express: Condvar,
    pub(super) bounds: Bounds,
    /// Ordinary workers.
    pub(super) workers: usize,
    pub(super) watches: Vec<Watch>,
    pub(super) metrics: ModelMetrics,
    pub(super) panics: Counter,
}

pub(super) struct State {
    pub(super) waiting: Waiting,
    pub(super) is_closed: bool,
    /// Tokens that a worker does in a second, a moving mean; 0 as long as nothing ran.
    rate: f64,
}

impl Shared {
    /// Nothing waits yet.
    pub(super) fn new(
        bounds: Bounds,
        slices: SliceBounds,
        workers: usize,
        metrics: ModelMetrics,
        panics: Counter,
    ) -> Self {
        let state = State { waiting: Waiting::new(slices, workers), is_closed: false, rate: 0.0 };
        Self {
            state: Mutex::new(state),
            ordinary: Condvar::new(),
            express: Condvar::new(),
            bounds,
            workers,
            watches: std::iter::repeat_with(Watch::default).take(workers + 1).collect(),
            metrics,
            panics,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn show(&self, state: &State) {
        self.metrics.waiting(state.waiting.inputs(), state.waiting.cost());
    }

    /// What a free worker runs next, once there is something; nothing when the queue is closed.
    pub(super) fn next(&self, lane: Lane) -> Option<Slice> {
        let mut state = self.state();
        while !state.is_closed {
            if let Some(slice) = state.waiting.take(lane) {
                self.show(&state);
                self.wake(&state);
                return Some(slice);
            }
            state = self.bell(lane).wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Wakes a worker that is free for what waits.
    pub(super) fn wake(&self, state: &State) {
        if let Some(lane) = state.waiting.wanted() {
            self.bell(lane).notify_one();
        }
    }

    /// Lets all workers end.
    pub(super) fn close(&self, mut state: MutexGuard<'_, State>) {
        state.is_closed = true;
        drop(state);
        self.ordinary.notify_all();
        self.express.notify_all();
    }

    fn bell(&self, lane: Lane) -> &Condvar {
        match lane {
            Lane::Ordinary => &self.ordinary,
            Lane::Express => &self.express,
        }
    }

    /// Notes that a slice ran.
    pub(super) fn ran(&self, slice: &Slice, took: Duration) {
        const WEIGHT: f64 = 0.2;
        let mut state = self.state();
        state.waiting.ran(slice);
        let rate = slice.cost as f64 / took.as_secs_f64().max(1e-6);
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
