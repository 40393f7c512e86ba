//! A window of inputs in batches: prepare, sort, cut, run.

use std::sync::Arc;

use rayon::prelude::*;

use super::bounds::BatchBounds;
use super::control::Control;
use super::threads::Threads;
use super::window::{Batches, CutWindow, Finished, Positioned, Window, WindowCost};
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
pub(super) struct PreparedWindow<P: Pipeline> {
    pipeline: Arc<P>,
    purpose: Arc<Purpose>,
    rows: Vec<Result<Prepared<P::Prepared, P::Output>>>,
}

impl<P: Pipeline> PreparedWindow<P> {
    pub(super) fn new(
        pipeline: Arc<P>,
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

impl<P: Pipeline> Window<P::Output> for PreparedWindow<P> {
    fn cost(&self) -> WindowCost {
        self.rows.iter().flatten().map(Prepared::cost).fold(WindowCost::default(), |sum, cost| sum + cost)
    }

    fn cut(self: Box<Self>, bounds: &BatchBounds, control: &Control) -> CutWindow<P::Output> {
        let Self { pipeline, purpose, rows } = *self;
        let mut results: Vec<Option<Finished<P::Output>>> = Vec::with_capacity(rows.len());
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
        control.report(results.len() - to_run.len(), 0);
        // Longest first: memory reaches its peak at once, and workers end together.
        to_run.sort_by_key(|row| std::cmp::Reverse(row.length));
        let lengths: Vec<usize> = to_run.iter().map(|row| row.length).collect();
        let counts = bounds.cut(&lengths);
        CutWindow { results, batches: Arc::new(RowBatches { pipeline, purpose, batches: split(to_run, &counts) }) }
    }
}

/// Rows in batches of so many.
fn split<P>(rows: Vec<Row<P>>, counts: &[usize]) -> Vec<Vec<Row<P>>> {
    let mut rows = rows.into_iter();
    counts.iter().map(|count| rows.by_ref().take(*count).collect()).collect()
}

struct RowBatches<P: Pipeline> {
    pipeline: Arc<P>,
    purpose: Arc<Purpose>,
    batches: Vec<Vec<Row<P::Prepared>>>,
}

impl<P: Pipeline> RowBatches<P> {
    /// What all batches compute, padding left out.
    #[cfg(feature = "onnx")]
    fn tokens(&self) -> usize {
        self.batches.iter().flatten().map(|row| row.length).sum()
    }

    fn run_rows(&self, batch: &[Row<P::Prepared>], control: &Control) -> Vec<Positioned<P::Output>> {
        if control.is_cancelled() {
            return batch.iter().map(|row| (row.position, Err(Error::Cancelled))).collect();
        }
        let items: Vec<&P::Prepared> = batch.iter().map(|row| &row.item).collect();
        let results = match self.pipeline.run(&items, &self.purpose) {
            Ok(results) => positioned(batch, results),
            Err(error) if batch.len() == 1 => vec![(batch[0].position, Err(error))],
            // One row may be at fault: the others must not lose their results with it. Each reports by itself.
            Err(error) => {
                tracing::warn!(%error, rows = batch.len(), "a batch failed, its rows are tried one by one");
                return batch.chunks(1).flat_map(|row| self.run_rows(row, control)).collect();
            }
        };
        control.report(batch.len(), batch.len() * batch.first().map_or(0, |row| row.length));
        results
    }
}

impl<P: Pipeline> Batches<P::Output> for RowBatches<P> {
    fn count(&self) -> usize {
        self.batches.len()
    }

    fn run(&self, batch: usize, control: &Control) -> Vec<Positioned<P::Output>> {
        self.run_rows(&self.batches[batch], control)
    }

    fn begin_job(&self) -> bool {
        #[cfg(feature = "onnx")]
        return self.pipeline.sessions().is_some_and(|sessions| sessions.begin_job(self.tokens()));
        #[cfg(not(feature = "onnx"))]
        false
    }

    fn end_job(&self) {
        #[cfg(feature = "onnx")]
        if let Some(sessions) = self.pipeline.sessions() {
            sessions.end_job(self.tokens());
        }
    }
}

fn positioned<P, O>(batch: &[Row<P>], results: Vec<Result<O>>) -> Vec<Positioned<O>> {
    batch.iter().zip(results).map(|(row, result)| (row.position, result.map(|output| (output, row.usage)))).collect()
}
