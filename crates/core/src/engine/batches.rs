//! A window of inputs in batches: prepare, sort, cut, run, put back in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::batching::Batching;
use super::control::Control;
use super::threads::Threads;
use super::window::{Finished, Window, WindowCost};
use crate::{Error, Pipeline, Prepared, Purpose, Result, Stage, Usage};

/// Prepares each input, on several threads where there are several inputs.
pub(super) fn prepare_all<I: ?Sized + Sync, T: Send>(
    inputs: &[&I],
    threads: &Threads,
    prepare: impl Fn(&I) -> T + Sync,
) -> Vec<T> {
    match threads.pool() {
        Some(pool) if inputs.len() > 1 => pool.install(|| inputs.par_iter().map(|input| prepare(input)).collect()),
        _ => inputs.iter().map(|input| prepare(input)).collect(),
    }
}

/// A window whose inputs are prepared.
pub(super) struct PreparedWindow<'p, P: Pipeline> {
    pipeline: &'p P,
    purpose: Arc<Purpose>,
    rows: Vec<Result<Prepared<P::Prepared, P::Output>>>,
}

impl<'p, P: Pipeline> PreparedWindow<'p, P> {
    pub(super) fn new(
        pipeline: &'p P,
        purpose: Arc<Purpose>,
        rows: Vec<Result<Prepared<P::Prepared, P::Output>>>,
    ) -> Self {
        Self { pipeline, purpose, rows }
    }
}

/// An input that has to run.
struct Row<P> {
    /// Its position among the window's inputs.
    position: usize,
    item: P,
    length: usize,
    usage: Usage,
}

impl<P: Pipeline> Window<P::Output> for PreparedWindow<'_, P> {
    fn cost(&self) -> WindowCost {
        self.rows.iter().flatten().map(Prepared::cost).fold(WindowCost::default(), |sum, cost| sum + cost)
    }

    fn run(self: Box<Self>, batching: &Batching, control: &Control) -> Vec<Finished<P::Output>> {
        let Self { pipeline, purpose, rows } = *self;
        let inputs = rows.len();
        let mut results: Vec<Option<Finished<P::Output>>> = Vec::with_capacity(inputs);
        let mut to_run = Vec::new();
        for (position, row) in rows.into_iter().enumerate() {
            results.push(match row {
                Ok(Prepared { stage: Stage::Done(output), usage }) => Some(Ok((output, usage))),
                Ok(Prepared { stage: Stage::Run { item, length, .. }, usage }) => {
                    to_run.push(Row { position, item, length, usage });
                    None
                }
                Err(error) => Some(Err(error)),
            });
        }
        control.report(inputs - to_run.len(), 0);
        // Longest first: memory reaches its peak at once, and workers end together.
        to_run.sort_by_key(|row| std::cmp::Reverse(row.length));
        let batches = Batches { pipeline, purpose: &purpose, control, batches: cut(&to_run, batching) };
        for (position, result) in batches.run() {
            results[position] = Some(result);
        }
        let missing = || Err(Error::input("the pipeline gave no result for this input"));
        results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()
    }
}

fn cut<'w, P>(rows: &'w [Row<P>], batching: &Batching) -> Vec<&'w [Row<P>]> {
    let lengths: Vec<usize> = rows.iter().map(|row| row.length).collect();
    let mut rest = rows;
    let mut batches = Vec::new();
    for count in batching.cut(&lengths) {
        let (batch, after) = rest.split_at(count);
        batches.push(batch);
        rest = after;
    }
    batches
}

/// A result with the position of its input.
type Positioned<O> = (usize, Finished<O>);

struct Batches<'w, P: Pipeline> {
    pipeline: &'w P,
    purpose: &'w Purpose,
    control: &'w Control,
    batches: Vec<&'w [Row<P::Prepared>]>,
}

impl<P: Pipeline> Batches<'_, P> {
    /// Runs all batches, each on the first worker that is free.
    fn run(&self) -> Vec<Positioned<P::Output>> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut results = Vec::new();
            while let Some(batch) = self.batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                results.extend(self.run_batch(batch));
            }
            results
        };
        let workers = if self.batches.len() > 1 { self.pipeline.workers().min(self.batches.len()) } else { 1 };
        if workers == 1 {
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

    fn run_batch(&self, batch: &[Row<P::Prepared>]) -> Vec<Positioned<P::Output>> {
        if self.control.is_cancelled() {
            return batch.iter().map(|row| (row.position, Err(Error::Cancelled))).collect();
        }
        let items: Vec<&P::Prepared> = batch.iter().map(|row| &row.item).collect();
        let results = match self.pipeline.run(&items, self.purpose) {
            Ok(results) => positioned(batch, results),
            Err(error) if batch.len() == 1 => vec![(batch[0].position, Err(error))],
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

fn positioned<P, O>(batch: &[Row<P>], results: Vec<Result<O>>) -> Vec<Positioned<O>> {
    batch.iter().zip(results).map(|(row, result)| (row.position, result.map(|output| (output, row.usage)))).collect()
}
