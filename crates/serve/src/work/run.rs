//! A request's inputs through a model's queue.

use std::time::{Duration, Instant};

use embedkit_core::Purpose;

use super::window::Fitted;
use crate::blocking::RETRY_ELSEWHERE;
use crate::error::{ApiError, ApiResult, Case};
use crate::http::{Incoming, Stats};
use crate::models::{Loaded, Served};
use crate::schedule::{Done, JobError, Refusal};

/// Runs inputs; `field` names them in errors.
pub(super) async fn run(
    incoming: &Incoming,
    field: &str,
    served: &Served,
    loaded: &Loaded,
    fitted: Fitted,
    purpose: Purpose,
) -> ApiResult<(Done, Stats)> {
    let started = Instant::now();
    let Fitted { inputs, cut } = fitted;
    let count = inputs.len();
    served.counters().cut(cut);
    let refused = |refusal| refused(incoming, served, refusal);
    let ticket = loaded.queue.submit(inputs, purpose, incoming.deadline).map_err(refused)?;
    let done = ticket.results().await.map_err(|error| failed(field, count, error))?;
    let stats = Stats {
        model: served.name().to_owned(),
        provider: loaded.provider.clone(),
        inputs: count,
        characters: done.characters,
        tokens: done.results.iter().map(|(_, usage)| usage.tokens).sum(),
        truncated: cut + done.results.iter().filter(|(_, usage)| usage.truncated).count(),
        compute: started.elapsed(),
        timing: done.timing,
    };
    Ok((done, stats))
}

fn refused(incoming: &Incoming, served: &Served, refusal: Refusal) -> ApiError {
    let rejected = |reason| incoming.app.metrics.rejected(served.name(), reason);
    let name = served.name();
    match refusal {
        Refusal::Full(wait) => {
            rejected("queue");
            let wait = wait.max(Duration::from_millis(100));
            ApiError::new(Case::Overloaded(wait), format!("as many inputs wait for the model {name} as may"))
        }
        Refusal::Late(wait) => {
            rejected("deadline");
            ApiError::new(Case::Overloaded(wait), format!("the model {name} would not be done with this in time"))
        }
        Refusal::Closed => {
            rejected("loading");
            ApiError::new(Case::Unavailable(RETRY_ELSEWHERE), format!("the model {name} was just dropped"))
        }
    }
}

fn failed(field: &str, inputs: usize, error: JobError) -> ApiError {
    match error {
        JobError::Input { index, error } => {
            let error = ApiError::of_library(&error);
            let param = if inputs == 1 { field.to_owned() } else { format!("{field}[{index}]") };
            let message = format!("{field}[{index}]: {}", error.message);
            ApiError { message, ..error }.at(param)
        }
        JobError::Panic => ApiError::new(Case::Panic, "the model's code panicked, which the log tells more of"),
        JobError::Closed => ApiError::new(Case::Unavailable(RETRY_ELSEWHERE), "the server ends"),
    }
}
