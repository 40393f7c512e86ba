//! One window of inputs: prepare, sort, cut, run, put back in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::control::Control;
use super::{Batching, Threads};
#[cfg(feature = "onnx")]
use crate::session::SessionPool;
use crate::{Error, Pipeline, Prepared, Purpose, Result, Stage, Usage};

/// A pipeline, a window at a time: what is left of it when its prepared type is hidden.
pub(crate) trait Windowed<I: ?Sized, O>: Send + Sync {
    fn usage(&self, input: &I, purpose: &Purpose) -> Result<Usage>;

    #[cfg(feature = "onnx")]
    fn sessions(&self) -> Option<&SessionPool>;

    fn prepare(&self, inputs: &[&I], purpose: &Arc<Purpose>, threads: &Threads) -> Box<dyn Window<O> + '_>;
}

/// An input's output and what it used.
pub(crate) type Finished<O> = Result<(O, Usage)>;

/// Prepared inputs, ready to run.
pub(crate) trait Window<O>: Send {
    /// Tokens to compute, and bytes held.
    fn weight(&self) -> Weight;

    /// One result an input, in their order.
    fn run(self: Box<Self>, batching: &Batching, control: &Control) -> Vec<Finished<O>>;
}

/// What a window holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weight {
    pub(crate) tokens: usize,
    pub(crate) bytes: usize,
}

impl<P: Pipeline> Windowed<P::Input, P::Output> for P {
    fn usage(&self, input: &P::Input, purpose: &Purpose) -> Result<Usage> {
        Pipeline::usage(self, input, purpose)
    }

    #[cfg(feature = "onnx")]
    fn sessions(&self) -> Option<&SessionPool> {
        Pipeline::sessions(self)
    }

    fn prepare(
        &self,
        inputs: &[&P::Input],
        purpose: &Arc<Purpose>,
        threads: &Threads,
    ) -> Box<dyn Window<P::Output> + '_> {
        let one = |input: &&P::Input| Pipeline::prepare(self, input, purpose);
        let in_parallel = || inputs.par_iter().map(one).collect();
        let rows = match threads {
            _ if inputs.len() < 2 => inputs.iter().map(one).collect(),
            Threads::Calling => inputs.iter().map(one).collect(),
            Threads::Shared => in_parallel(),
            Threads::Own(pool) => pool.install(in_parallel),
        };
        Box::new(PreparedWindow { pipeline: self, purpose: purpose.clone(), rows })
    }
}

struct PreparedWindow<'p, P: Pipeline> {
    pipeline: &'p P,
    purpose: Arc<Purpose>,
    rows: Vec<Result<Prepared<P::Prepared, P::Output>>>,
}

/// An input that has to run.
struct Waiting<P> {
    /// Its place among the window's inputs.
    place: usize,
    item: P,
    length: usize,
    usage: Usage,
}

impl<P: Pipeline> Window<P::Output> for PreparedWindow<'_, P> {
    fn weight(&self) -> Weight {
        self.rows.iter().flatten().fold(Weight::default(), |sum, row| match &row.stage {
            Stage::Run { length, bytes, .. } => Weight { tokens: sum.tokens + length, bytes: sum.bytes + bytes },
            Stage::Done(_) => sum,
        })
    }

    fn run(self: Box<Self>, batching: &Batching, control: &Control) -> Vec<Finished<P::Output>> {
        let Self { pipeline, purpose, rows } = *self;
        let inputs = rows.len();
        let mut results: Vec<Option<Finished<P::Output>>> = Vec::with_capacity(inputs);
        let mut waiting = Vec::new();
        for (place, row) in rows.into_iter().enumerate() {
            results.push(match row {
                Ok(Prepared { stage: Stage::Done(output), usage }) => Some(Ok((output, usage))),
                Ok(Prepared { stage: Stage::Run { item, length, .. }, usage }) => {
                    waiting.push(Waiting { place, item, length, usage });
                    None
                }
                Err(error) => Some(Err(error)),
            });
        }
        control.report(inputs - waiting.len(), 0);
        // Longest first: memory reaches its peak at once, and workers end together.
        waiting.sort_by_key(|row| std::cmp::Reverse(row.length));
        let batches = Batches { pipeline, purpose: &purpose, control, batches: cut(&waiting, batching) };
        for (place, result) in batches.run() {
            results[place] = Some(result);
        }
        let missing = || Err(Error::input("the pipeline gave no result for this input"));
        results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()
    }
}

fn cut<'w, P>(waiting: &'w [Waiting<P>], batching: &Batching) -> Vec<&'w [Waiting<P>]> {
    let lengths: Vec<usize> = waiting.iter().map(|row| row.length).collect();
    let mut rest = waiting;
    let mut batches = Vec::new();
    for rows in batching.cut(&lengths) {
        let (batch, after) = rest.split_at(rows);
        batches.push(batch);
        rest = after;
    }
    batches
}

/// A result with the place of its input.
type Placed<O> = (usize, Finished<O>);

struct Batches<'w, P: Pipeline> {
    pipeline: &'w P,
    purpose: &'w Purpose,
    control: &'w Control,
    batches: Vec<&'w [Waiting<P::Prepared>]>,
}

impl<P: Pipeline> Batches<'_, P> {
    /// Runs all batches, each on the first worker that is free.
    fn run(&self) -> Vec<Placed<P::Output>> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut results = Vec::new();
            while let Some(batch) = self.batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                results.extend(self.run_batch(batch));
            }
            results
        };
        let workers = self.pipeline.workers().min(self.batches.len());
        if workers <= 1 {
            return work();
        }
        #[cfg(feature = "onnx")]
        let _job = self.pipeline.sessions().and_then(|sessions| sessions.begin_job(self.tokens()));
        std::thread::scope(|scope| {
            // Where the system has no more threads to give, those that there are do the work.
            let spawn = |_| std::thread::Builder::new().spawn_scoped(scope, work).ok();
            let others: Vec<_> = (1..workers).map_while(spawn).collect();
            let mut results = work();
            for other in others {
                results.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            results
        })
    }

    /// What all batches compute, padding left out.
    #[cfg(feature = "onnx")]
    fn tokens(&self) -> usize {
        self.batches.iter().flat_map(|batch| batch.iter()).map(|row| row.length).sum()
    }

    fn run_batch(&self, batch: &[Waiting<P::Prepared>]) -> Vec<Placed<P::Output>> {
        if self.control.is_cancelled() {
            return batch.iter().map(|row| (row.place, Err(Error::Cancelled))).collect();
        }
        let items: Vec<&P::Prepared> = batch.iter().map(|row| &row.item).collect();
        let results = match self.pipeline.run(&items, self.purpose) {
            Ok(results) => placed(batch, results),
            Err(error) if batch.len() == 1 => vec![(batch[0].place, Err(error))],
            // One row may be at fault: the others must not lose their results with it.
            Err(error) => {
                tracing::warn!(%error, rows = batch.len(), "a batch failed, its rows are tried one by one");
                batch.chunks(1).flat_map(|row| self.run_batch(row)).collect()
            }
        };
        if batch.len() == 1 || results.iter().any(|(_, result)| result.is_ok()) {
            self.control.report(batch.len(), batch.len() * batch.first().map_or(0, |row| row.length));
        }
        results
    }
}

fn placed<P, O>(batch: &[Waiting<P>], results: Vec<Result<O>>) -> Vec<Placed<O>> {
    let results = results.into_iter();
    batch.iter().zip(results).map(|(row, result)| (row.place, result.map(|output| (output, row.usage)))).collect()
}
