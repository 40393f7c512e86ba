//! A thread that runs a model.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use embedkit_core::{AnyEmbedder, Content};

use super::deliver::deliver;
use super::job::JobError;
use super::shared::Shared;
use super::waiting::Lane;

/// Runs what waits until the queue is closed.
pub(super) fn work(shared: &Shared, embedder: &AnyEmbedder, number: usize, lane: Lane) {
    while let Some(slice) = shared.next(lane) {
        let started = Instant::now();
        shared.watch(number).set(Some(started));
        let run = || {
            let contents: Vec<&Content> = slice.inputs.iter().map(|(job, index)| &job.contents[*index]).collect();
            let batch = embedder.engine().prepare(&contents, &slice.inputs[0].0.purpose);
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
