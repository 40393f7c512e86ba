//! A batch's results on their way to the requests.

use std::time::Instant;

use embedkit_core::{Embedding, Error, Usage};

use super::job::Timing;
use super::shared::Shared;
use super::slice::Slice;
use crate::metrics::RunRecord;

/// Gives each request its results. The moments are when the batch was taken, was prepared, and had run.
pub(super) fn deliver(
    shared: &Shared,
    slice: &Slice,
    results: Vec<Result<(Embedding, Usage), Error>>,
    [started, prepared, ended]: [Instant; 3],
) {
    let inputs = slice.inputs.len();
    let usages = || results.iter().flatten().map(|(_, usage)| usage);
    shared.metrics.ran(&RunRecord {
        inputs,
        tokens: usages().map(|usage| usage.tokens).sum(),
        longest: usages().map(|usage| usage.tokens).max().filter(|_| shared.bounds.padded),
        truncated: usages().filter(|usage| usage.truncated).count(),
        waited: slice.waited(started),
        prepare: prepared - started,
        run: ended - prepared,
        is_failure: results.iter().all(Result::is_err),
    });
    let mut results = results.into_iter();
    for (job, index) in &slice.inputs {
        let missing = || Err(Error::input("the model gave no result for this input"));
        let timing = Timing {
            queue: started.saturating_duration_since(job.since),
            prepare: (prepared - started) / inputs as u32,
            run: ended - prepared,
            inputs: 1,
        };
        job.put(
            *index,
            results.next().unwrap_or_else(missing).and_then(|result| finite(shared.metrics.name(), result)),
            timing,
        );
    }
}

/// Refuses results that JSON has no numbers for.
fn finite(model: &str, result: (Embedding, Usage)) -> Result<(Embedding, Usage), Error> {
    if is_finite(&result.0) {
        return Ok(result);
    }
    Err(Error::model(model, "gave a value that is not a finite number"))
}

fn is_finite(embedding: &Embedding) -> bool {
    let all = |values: &[f32]| values.iter().all(|value| value.is_finite());
    match embedding {
        Embedding::Dense(vector) => all(vector),
        Embedding::Sparse(vector) => all(vector.values()),
        Embedding::Multi(rows) => all(rows.as_slice()),
        Embedding::Score(score) => score.is_finite(),
        Embedding::Several(several) => several.iter().all(|(_, embedding)| is_finite(embedding)),
        _ => true,
    }
}
