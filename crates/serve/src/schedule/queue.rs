//! A model's queue, and the requests that wait in it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use embedkit_core::{AnyEmbedder, Purpose};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::oneshot;

use super::inputs::JobInputs;
use super::job::{Done, Job, JobError, JobId};
use super::shared::{Bounds, Shared};
use super::slice::SliceBounds;
use super::waiting::Lane;
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
    workers: Vec<JoinHandle<()>>,
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
        panics: Counter,
    ) -> std::io::Result<Self> {
        let (workers, batch) = (embedder.engine().workers().max(1), embedder.engine().bounds());
        let most = if batch.invariant { 1 } else { batch.rows.unwrap_or(SLICE_INPUTS).min(SLICE_INPUTS) };
        let slices = SliceBounds {
            tokens: batch.tokens,
            attention: batch.attention,
            inputs: most,
            window: u32::try_from(bounds.window).unwrap_or(u32::MAX),
            shared: bounds.shared,
        };
        let shared = Arc::new(Shared::new(bounds, slices, workers, metrics, panics));
        let mut queue = Self { shared: shared.clone(), workers: Vec::new() };
        for number in 0..=workers {
            let lane = if number < workers { Lane::Ordinary } else { Lane::Express };
            let (shared, embedder) = (shared.clone(), embedder.clone());
            let thread = std::thread::Builder::new().name(format!("model-{number}"));
            queue.workers.push(thread.spawn(move || worker::work(&shared, &embedder, number, lane))?);
        }
        Ok(queue)
    }

    /// Lets a request in, whole or not at all. The answer comes by the ticket.
    pub(crate) fn submit(&self, inputs: JobInputs, purpose: Purpose, deadline: Instant) -> Result<Ticket, Refusal> {
        let shared = &self.shared;
        let (reply, answer) = oneshot::channel();
        let count = inputs.len();
        let job = Arc::new(Job::new(inputs, purpose, reply));
        let mut state = shared.state();
        if state.is_closed {
            return Err(Refusal::Closed);
        }
        let waiting = state.waiting.inputs();
        if waiting > 0 && waiting + count > shared.bounds.queue {
            return Err(Refusal::Full(state.time(state.waiting.cost(), shared.workers)));
        }
        let wait = state.time(state.waiting.ahead_of(job.cost()), shared.workers);
        // A wait that no clock could count is longer than any deadline.
        let would_end = Instant::now().checked_add(wait);
        if waiting > 0 && would_end.is_none_or(|end| end > deadline) {
            return Err(Refusal::Late(wait));
        }
        let id = state.waiting.enter(job.clone());
        shared.show(&state);
        shared.wake(&state);
        drop(state);
        Ok(Ticket { shared: shared.clone(), id, job, answer })
    }

    /// How long what waits will take, about.
    pub(crate) fn wait(&self) -> Duration {
        let state = self.shared.state();
        state.time(state.waiting.cost(), self.shared.workers)
    }

    /// The time that the longest run under way has taken.
    pub(crate) fn longest_run(&self) -> Duration {
        self.shared.watches.iter().map(Watch::elapsed).max().unwrap_or_default()
    }
}

impl Drop for ModelQueue {
    /// Waits for the workers to let go of the model: a process must not end while one of them closes a session, as CUDA's
    /// library goes then too. One that runs is not waited for.
    fn drop(&mut self) {
        let state = self.shared.state();
        for job in state.waiting.requests() {
            job.fail(JobError::Closed);
        }
        self.shared.close(state);
        for (number, worker) in self.workers.drain(..).enumerate() {
            while !worker.is_finished() && self.shared.watch(number).elapsed().is_zero() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
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
