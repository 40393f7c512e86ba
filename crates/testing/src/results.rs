//! Checks of what a model gives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use embedkit_core::{Content, Embedding, Error, Progress, Purpose, Result};

use crate::subject::{Check, ROLE, ROLES, Subject};
use crate::violation::{Rule, Verdict, Violation, ensure};

pub(crate) const CHECKS: &[Check] =
    &[order, bad_input_alone, batch_size, threads, usage, unknown_task, inputs_back, progress, empty_job];

/// Inputs of a job that is long enough for several windows and batches.
const INPUTS: usize = 20;

fn order(subject: &Subject<'_>) -> Verdict {
    for role in ROLES {
        let expected = subject.each_alone(role)?;
        let how = format!("as {role:?}");
        let mut count = 0;
        for (at, result) in subject.model.embed_for(subject.job(INPUTS), role).enumerate() {
            subject.is_like(Rule::Order, &expected[at % expected.len()], at, &result, &how)?;
            count += 1;
        }
        ensure(Rule::Order, count == INPUTS, || format!("{how}: {count} results for {INPUTS} inputs"))?;
    }
    Ok(())
}

fn bad_input_alone(subject: &Subject<'_>) -> Verdict {
    const RULE: Rule = Rule::BadInputAlone;
    let samples = subject.samples();
    for (number, refused) in subject.refused().into_iter().enumerate() {
        let what = format!("{} that must be refused (number {number})", refused.kind());
        is_refused(&subject.model.embed_one(&refused, ROLE), &format!("{what}, embedded alone"))?;
        is_refused(&subject.model.usage(&refused, ROLE), &format!("{what}, asked for its usage"))?;
        for place in [0, samples / 2, samples] {
            let mut job = subject.job(samples);
            job.insert(place, refused.clone());
            let results: Vec<Result<Embedding>> = subject.model.embed_for(job, ROLE).collect();
            let how = format!("{what}, at place {place} of {samples} others");
            ensure(RULE, results.len() == samples + 1, || format!("{how}: {} results", results.len()))?;
            for (at, result) in results.iter().enumerate() {
                match at.cmp(&place) {
                    std::cmp::Ordering::Less => subject.is_of(RULE, at, result, &how)?,
                    std::cmp::Ordering::Equal => is_refused(result, &how)?,
                    std::cmp::Ordering::Greater => subject.is_of(RULE, at - 1, result, &how)?,
                }
            }
        }
    }
    Ok(())
}

fn is_refused<T>(result: &Result<T>, what: &str) -> Verdict {
    match result {
        Err(Error::InvalidInput { .. }) => Ok(()),
        Err(other) => {
            let message = format!("{what}: the error should be InvalidInput, and is {}", other.report());
            Err(Violation::new(Rule::BadInputAlone, message))
        }
        Ok(_) => Err(Violation::new(Rule::BadInputAlone, format!("{what}: it was taken"))),
    }
}

fn batch_size(subject: &Subject<'_>) -> Verdict {
    let job = subject.job(INPUTS);
    for rows in [1, 2, 7] {
        let results = subject.model.embed_for(&job, ROLE).batch_size(rows);
        let results = results.map_err(|error| Violation::new(Rule::BatchSize, error.report()))?;
        subject.are_all(Rule::BatchSize, INPUTS, results, &format!("in batches of {rows}"))?;
    }
    subject.are_all(Rule::BatchSize, INPUTS, subject.model.embed_for(&job, ROLE), "without a batch size")
}

fn threads(subject: &Subject<'_>) -> Verdict {
    const RULE: Rule = Rule::Threads;
    let job = subject.job(INPUTS);
    for threads in [1, 2, 3] {
        let how = format!("loaded for {threads} threads");
        let model = subject.builder().threads(threads).build();
        let model = model.map_err(|error| Violation::new(RULE, format!("{how}: {}", error.report())))?;
        subject.are_all(RULE, INPUTS, model.embed_for(&job, ROLE), &how)?;
    }
    let use_it = || subject.are_all(RULE, INPUTS, subject.model.embed_for(&job, ROLE), "used by four threads at once");
    std::thread::scope(|scope| {
        let users: Vec<_> = (0..4).map(|_| scope.spawn(use_it)).collect();
        let verdicts = users.into_iter().map(|user| user.join().unwrap_or_else(|_| Err(panicked())));
        verdicts.collect::<Vec<Verdict>>().into_iter().collect()
    })
}

fn panicked() -> Violation {
    Violation::new(Rule::Threads, "used by four threads at once: it panicked")
}

fn usage(subject: &Subject<'_>) -> Verdict {
    const RULE: Rule = Rule::Usage;
    let samples = subject.job(subject.samples());
    for role in ROLES {
        let fails = |error: &Error| Violation::new(RULE, format!("as {role:?}: {}", error.report()));
        let mut tokens = 0;
        for (at, result) in subject.model.embed_for(&samples, role).with_usage().enumerate() {
            let (_, said) = result.map_err(|error| fails(&error))?;
            let usage = subject.model.usage(&samples[at], role).map_err(|error| fails(&error))?;
            ensure(RULE, said == usage, || {
                format!("as {role:?}: with_usage says {said:?} of sample {at}, and usage {usage:?}")
            })?;
            tokens += usage.tokens;
        }
        let counted = subject.model.engine().count_tokens(&samples, &role.into()).map_err(|error| fails(&error))?;
        ensure(RULE, counted == tokens, || {
            format!("as {role:?}: the token count of all samples is {counted}, and their usages' sum {tokens}")
        })?;
    }
    Ok(())
}

fn unknown_task(subject: &Subject<'_>) -> Verdict {
    const TASK: &str = "a task that no model has";
    for role in ROLES {
        let purpose = || Purpose::new(role).with_task(TASK);
        for sample in subject.job(subject.samples()) {
            let alone = subject.model.embed_one(&sample, purpose()).err();
            let in_a_job = subject.model.embed_for([&sample], purpose()).next().and_then(Result::err);
            let usage = subject.model.usage(&sample, purpose()).err();
            for (error, way) in [(alone, "embed_one"), (in_a_job, "embed_for"), (usage, "usage")] {
                let is_named = |message: &str| message.contains(TASK);
                let is_refused = matches!(&error, Some(Error::InvalidOption { option, message })
                    if option == "task" && is_named(message));
                ensure(Rule::UnknownTask, is_refused, || {
                    let what = error.map_or("takes it".to_owned(), |error| format!("says: {}", error.report()));
                    format!("{way} of {} as {role:?} with the task {TASK:?} {what}", sample.kind())
                })?;
            }
        }
    }
    Ok(())
}

/// An input with a number that travels with it.
struct Numbered {
    number: usize,
    content: Content,
}

impl AsRef<Content> for Numbered {
    fn as_ref(&self) -> &Content {
        &self.content
    }
}

fn inputs_back(subject: &Subject<'_>) -> Verdict {
    const RULE: Rule = Rule::InputsBack;
    let job = || {
        let contents = subject.job(INPUTS).into_iter().chain(subject.refused());
        contents.enumerate().map(|(number, content)| Numbered { number, content })
    };
    let is_right = |at: usize, input: &Numbered, result: &Result<Embedding>| {
        ensure(RULE, input.number == at, || format!("result {at} came with input {}", input.number))?;
        if at < INPUTS { subject.is_of(RULE, at, result, "with its input") } else { Ok(()) }
    };
    let inputs = job().count();
    let mut count = 0;
    for (at, (input, result)) in subject.model.embed_for(job(), ROLE).with_inputs().enumerate() {
        is_right(at, &input, &result)?;
        count += 1;
    }
    ensure(RULE, count == inputs, || format!("{count} inputs came back of {inputs}"))
}

fn progress(subject: &Subject<'_>) -> Verdict {
    const RULE: Rule = Rule::Progress;
    let job: Vec<Content> = subject.refused().into_iter().chain(subject.job(INPUTS)).collect();
    for rows in [1, 2, 7] {
        let told = Arc::new(AtomicUsize::new(0));
        let counter = told.clone();
        let count = move |progress: Progress| _ = counter.fetch_add(progress.inputs, Ordering::Relaxed);
        let results = subject.model.embed_for(&job, ROLE).batch_size(rows);
        let ended = results.map_err(|error| Violation::new(RULE, error.report()))?.on_progress(count).count();
        let told = told.load(Ordering::Relaxed);
        ensure(RULE, told == ended, || format!("in batches of {rows}: {told} inputs were told of, and {ended} ended"))?;
    }
    Ok(())
}

fn empty_job(subject: &Subject<'_>) -> Verdict {
    let nothing = || std::iter::empty::<Content>();
    let results = subject.model.embed_for(nothing(), ROLE).count();
    let with_inputs = subject.model.embed_for(nothing(), ROLE).with_usage().with_inputs().count();
    ensure(Rule::EmptyJob, results + with_inputs == 0, || format!("{} results for no inputs", results + with_inputs))
}
