//! A model's queue, and the requests that wait in it.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use embedkit_core::{AnyEmbedder, Content, Purpose};
use tokio::sync::oneshot;

use super::job::{Done, Job, JobError};
use super::shared::{Bounds, Shared};
use super::waiting::{JobId, SliceBounds};
use super::watch::Watch;
use super::worker;
use crate::metrics::ModelMetrics;

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many inputs wait as may.
    Full(Duration),
    /// It would not be done in time.
    Late(Duration),
    /// The model was dropped meanwhile.
    Closed,
}

/// A loaded model's queue, with the threads that run it. They end when it is dropped.
pub(crate) struct ModelQueue {
    shared: Arc<Shared>,
}

/// Most inputs of a slice, where they cost next to nothing.
const SLICE_INPUTS: usize = 128;

impl ModelQueue {
    /// Starts a model's workers.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub(crate) fn start(
        embedder: Arc<AnyEmbedder>,
        bounds: Bounds,
        metrics: ModelMetrics,
        panics: prometheus_client::metrics::counter::Counter,
    ) -> std::io::Result<Self> {
        let (workers, batching) = (embedder.engine().workers().max(1), embedder.engine().batching());
        let slices = SliceBounds {
            tokens: batching.tokens,
            inputs: batching.rows.unwrap_or(SLICE_INPUTS).min(SLICE_INPUTS),
            window: u32::try_from(bounds.window).unwrap_or(u32::MAX),
            shared: bounds.shared,
        };
        let watches = std::iter::repeat_with(Watch::default).take(workers).collect();
        let (state, work) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { state, work, bounds, slices, workers, watches, metrics, panics });
        let queue = Self { shared: shared.clone() };
        for number in 0..workers {
            let (shared, embedder) = (shared.clone(), embedder.clone());
            let thread = std::thread::Builder::new().name(format!("model-{number}"));
            thread.spawn(move || worker::work(&shared, &embedder, number))?;
        }
        Ok(queue)
    }

    /// Lets a request in, whole or not at all. The answer comes by the ticket.
    pub(crate) fn submit(
        &self,
        contents: Vec<Content>,
        purpose: Purpose,
        deadline: Instant,
    ) -> Result<Ticket, Refusal> {
        let shared = &self.shared;
        let (reply, answer) = oneshot::channel();
        let inputs = contents.len();
        let job = Arc::new(Job::new(contents, purpose, reply));
        let mut state = shared.state();
        if state.is_closed {
            return Err(Refusal::Closed);
        }
        let waiting = state.waiting.inputs();
        if waiting > 0 && waiting + inputs > shared.bounds.queue {
            return Err(Refusal::Full(state.time(state.waiting.cost(), shared.workers)));
        }
        let wait = state.time(state.waiting.ahead_of(job.cost()), shared.workers);
        if waiting > 0 && Instant::now() + wait > deadline {
            return Err(Refusal::Late(wait));
        }
        let id = state.waiting.enter(job.clone(), shared.slices.window);
        shared.show(&state);
        drop(state);
        shared.work.notify_one();
        Ok(Ticket { shared: shared.clone(), id, job, answer })
    }

    /// The time that the longest run under way has taken.
    pub(crate) fn longest_run(&self) -> Duration {
        self.shared.watches.iter().map(Watch::elapsed).max().unwrap_or_default()
    }
}

impl Drop for ModelQueue {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.is_closed = true;
        for job in state.waiting.requests() {
            job.fail(JobError::Closed);
        }
        drop(state);
        self.shared.work.notify_all();
    }
}

/// A request in a queue. Dropped before it is answered, its inputs leave.
pub(crate) struct Ticket {
    shared: Arc<Shared>,
    id: JobId,
    job: Arc<Job>,
    answer: oneshot::Receiver<Result<Done, JobError>>,
}

impl Ticket {
    /// Waits for the results.
    ///
    /// # Errors
    /// As [`JobError`].
    pub(crate) async fn results(mut self) -> Result<Done, JobError> {
        (&mut self.answer).await.unwrap_or(Err(JobError::Closed))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let is_answered = self.job.is_answered();
        let mut state = self.shared.state();
        let left = state.waiting.leave(self.id);
        self.shared.show(&state);
        drop(state);
        if !is_answered {
            self.shared.metrics.cancelled(if left > 0 { "waiting" } else { "running" });
        }
    }
}
