//! A thread that runs a model.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use embedkit_core::{AnyEmbedder, Batch, Content, Embedding};

use super::deliver::deliver;
use super::job::JobError;
use super::shared::Shared;
use super::slice::Slice;
use super::waiting::Lane;

/// Runs what waits until the queue is closed.
pub(super) fn work(shared: &Shared, embedder: &AnyEmbedder, number: usize, lane: Lane) {
    while let Some(slice) = shared.next(lane) {
        let started = Instant::now();
        shared.watch(number).set(Some(started));
        let run = || {
            let batch = prepare(&slice, embedder);
            let prepared = Instant::now();
            (if slice.is_long { batch.run_as_part() } else { batch.run_in_turn() }, prepared)
        };
        // A plug-in's panic is its requests', not the process's.
        let outcome = catch_unwind(AssertUnwindSafe(run));
        let ended = Instant::now();
        shared.watch(number).set(None);
        shared.ran(&slice, ended - started);
        match outcome {
            Ok((results, prepared)) => deliver(shared, &slice, results, [started, prepared, ended]),
            Err(_) => {
                tracing::error!("a model panicked");
                shared.panics.inc();
                slice.inputs.iter().for_each(|(job, _)| job.fail(JobError::Panic));
            }
        }
    }
}

/// A slice's inputs, ready to run together: all are contents, or all are token ids.
fn prepare<'e>(slice: &Slice, embedder: &'e AnyEmbedder) -> Batch<'e, Embedding> {
    let (engine, purpose) = (embedder.engine(), &slice.inputs[0].0.purpose);
    let contents: Vec<&Content> = slice.inputs.iter().filter_map(|(job, index)| job.inputs.content(*index)).collect();
    if !contents.is_empty() {
        return engine.prepare(&contents, purpose);
    }
    let rows: Vec<&[u32]> = slice.inputs.iter().filter_map(|(job, index)| job.inputs.ids(*index)).collect();
    engine.prepare_ids(&rows, purpose)
}
