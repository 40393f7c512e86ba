//! A request's inputs on their way through a model.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use embedkit_core::{Embedding, Error, Purpose, Usage};
use tokio::sync::oneshot;

use super::inputs::JobInputs;

/// What a request's inputs became.
#[derive(Debug)]
pub(crate) struct Done {
    /// One an input, in their order.
    pub(crate) results: Vec<(Embedding, Usage)>,
    /// Characters of their texts.
    pub(crate) characters: usize,
    pub(crate) timing: Timing,
}

/// Where the time of a request's inputs went: sums over its inputs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timing {
    pub(crate) queue: Duration,
    pub(crate) prepare: Duration,
    pub(crate) run: Duration,
    pub(crate) inputs: u32,
}

/// Why a request has no results.
#[derive(Debug)]
pub(crate) enum JobError {
    /// An input failed, and this is the first.
    Input { index: usize, error: Error },
    /// A plug-in or we panicked.
    Panic,
    /// The model was dropped, or the server ends.
    Closed,
}

/// A request's number.
pub(super) type JobId = u64;

/// A request's inputs.
pub(super) struct Job {
    pub(super) inputs: JobInputs,
    pub(super) purpose: Arc<Purpose>,
    /// What each input about costs, in tokens.
    pub(super) costs: Vec<u32>,
    pub(super) since: Instant,
    progress: Mutex<Progress>,
}

struct Progress {
    results: Vec<Option<(Embedding, Usage)>>,
    missing: usize,
    characters: usize,
    timing: Timing,
    /// Taken when the request is answered.
    reply: Option<oneshot::Sender<Result<Done, JobError>>>,
}

impl Job {
    pub(super) fn new(inputs: JobInputs, purpose: Purpose, reply: oneshot::Sender<Result<Done, JobError>>) -> Self {
        let (costs, missing) = (inputs.costs(), inputs.len());
        let results = std::iter::repeat_with(|| None).take(missing).collect();
        let progress = Progress { results, missing, characters: 0, timing: Timing::default(), reply: Some(reply) };
        Self { inputs, purpose: Arc::new(purpose), costs, since: Instant::now(), progress: Mutex::new(progress) }
    }

    /// Whether inputs of both can run together.
    pub(super) fn goes_with(&self, other: &Self) -> bool {
        *self.purpose == *other.purpose && self.inputs.go_with(&other.inputs)
    }

    /// What it about costs, in tokens.
    pub(super) fn cost(&self) -> usize {
        self.costs.iter().map(|cost| *cost as usize).sum()
    }

    /// What an input about costs, where longer ones are cut to a window.
    pub(super) fn cost_of(&self, index: u32, window: u32) -> u32 {
        self.costs[index as usize].min(window)
    }

    /// Notes an input's result; the last one, or the first that failed, answers the request.
    pub(super) fn put(&self, index: usize, result: Result<(Embedding, Usage), Error>, timing: Timing) {
        let characters = self.inputs.characters(index);
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(result) => {
                progress.missing -= usize::from(progress.results[index].is_none());
                progress.results[index] = Some(result);
                progress.characters += characters;
                progress.timing += timing;
                if progress.missing == 0 {
                    let results = std::mem::take(&mut progress.results).into_iter().flatten().collect();
                    let done = Done { results, characters: progress.characters, timing: progress.timing };
                    progress.answer(Ok(done));
                }
            }
            Err(error) => progress.answer(Err(JobError::Input { index, error })),
        }
    }

    /// Answers without results.
    pub(super) fn fail(&self, error: JobError) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).answer(Err(error));
    }

    /// Whether nobody waits for it any more.
    pub(super) fn is_answered(&self) -> bool {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).reply.is_none()
    }
}

impl Progress {
    fn answer(&mut self, answer: Result<Done, JobError>) {
        if let Some(reply) = self.reply.take() {
            // Who hung up wants no answer.
            let _ = reply.send(answer);
        }
    }
}

impl std::ops::AddAssign for Timing {
    fn add_assign(&mut self, other: Self) {
        self.queue += other.queue;
        self.prepare += other.prepare;
        self.run += other.run;
        self.inputs += other.inputs;
    }
}
