//! Checks of jobs that are cancelled.

use embedkit_core::{CancelToken, Error};

use crate::subject::{Check, ROLE, Subject};
use crate::violation::{Rule, Verdict, Violation, ensure};

pub(crate) const CHECKS: &[Check] = &[cancelled_between_results, cancelled_in_a_batch];

/// Lengths of jobs and places in them: the engine's first windows end after 1 and 17 inputs.
const JOBS: [usize; 5] = [1, 2, 16, 17, 18];

fn cancelled_between_results(subject: &Subject<'_>) -> Verdict {
    for inputs in JOBS {
        let places = JOBS.into_iter().filter(|place| *place < inputs);
        for after in std::iter::once(0).chain(places).chain([inputs]) {
            let token = CancelToken::new();
            let cancel_at = |done: usize| {
                if done == after {
                    token.cancel();
                }
            };
            cancel_at(0);
            let how = format!("a job of {inputs} inputs, cancelled after {after} results");
            is_complete_or_says_so(subject, inputs, &token, cancel_at, &how)?;
        }
    }
    Ok(())
}

/// Reads a job to its end, calling back with the number of results so far.
fn is_complete_or_says_so(
    subject: &Subject<'_>,
    inputs: usize,
    token: &CancelToken,
    on_result: impl Fn(usize),
    how: &str,
) -> Verdict {
    const RULE: Rule = Rule::Cancel;
    let (mut done, mut says_so) = (0, false);
    let mut results = subject.model.embed_for(subject.job(inputs), ROLE).cancel_with(token);
    for result in results.by_ref() {
        ensure(RULE, !says_so, || format!("{how}: it goes on after it said that it was cancelled"))?;
        match result {
            Err(Error::Cancelled) => says_so = true,
            result => {
                subject.is_of(RULE, done, &result, how)?;
                done += 1;
                on_result(done);
            }
        }
    }
    ensure(RULE, results.next().is_none(), || format!("{how}: it goes on after its end"))?;
    ensure(RULE, says_so || done == inputs, || format!("{how}: it ended after {done} results and said nothing"))
}

fn cancelled_in_a_batch(subject: &Subject<'_>) -> Verdict {
    const INPUTS: usize = 20;
    for batches in 1..4 {
        let how = format!("a job of {INPUTS} inputs, cancelled while batch {batches} ran");
        let token = CancelToken::new();
        let (canceller, left) = (token.clone(), std::sync::atomic::AtomicUsize::new(batches));
        let results = subject.model.embed_for(subject.job(INPUTS), ROLE).cancel_with(&token).batch_size(2);
        let results = results.map_err(|error| Violation::new(Rule::Cancel, error.report()))?;
        let results = results.on_progress(move |_| {
            if left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 1 {
                canceller.cancel();
            }
        });
        let collected: Result<Vec<_>, Error> = results.collect();
        match collected {
            Err(Error::Cancelled) => {}
            Err(other) => return Err(Violation::new(Rule::Cancel, format!("{how}: {}", other.report()))),
            Ok(all) => ensure(Rule::Cancel, all.len() == INPUTS, || {
                format!("{how}: it ended after {} results and said nothing", all.len())
            })?,
        }
    }
    Ok(())
}
