//! Callers that share a model: `cargo xtask bench callers` and `cargo xtask bench soak`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bench_protocol::{Callers, Config, Request};

use super::named::Named;
use super::options::{CallersOptions, SoakOptions};
use super::place::{place, print};
use super::process::Process;
use super::programs::Programs;
use super::sides::{self, Library};
use super::statistics::quantile;
use super::workloads::{corpus_texts, saved};
use crate::failure::{Failure, Outcome, failed};

/// Numbers of callers that are compared, and the calls they make in all.
const CALLERS: [usize; 4] = [1, 2, 8, 64];
const CALLS: usize = 2_000;
/// Callers of the soak, and their calls between two looks at the memory.
const SOAKING: usize = 8;
const SOAK_CALLS: usize = 500;
/// Made-up texts that a static model is soaked with.
const STREAM: usize = 1_000_000;

/// Short texts from more and more callers, alone and beside a caller with long batches.
pub(super) fn run(options: &CallersOptions) -> Outcome {
    let (programs, model, corpus) = ready(options)?;
    print(
        "| callers | beside a long job | texts/s | p50 ms | p99 ms | worst ms |\n| --- | --- | --- | --- | --- | --- |",
    );
    for beside in [None, Some(corpus)] {
        for callers in CALLERS {
            let mut process = start(&programs, "dense", &model)?;
            // Once for warmth: sessions are added when there is work for them.
            let request =
                Request::Callers(Callers { callers, calls: CALLS, beside: beside.clone(), ..Callers::default() });
            process.ask(&request)?;
            let began = Instant::now();
            let mut seconds = process.ask(&request)?.seconds;
            let rate = seconds.len() as f64 / began.elapsed().as_secs_f64();
            seconds.sort_by(f64::total_cmp);
            let [p50, p99, worst] = [0.5, 0.99, 1.0].map(|part| quantile(&seconds, part) * 1e3);
            let long = if beside.is_some() { "yes" } else { "no" };
            print(&format!("| {callers} | {long} | {rate:.0} | {p50:.2} | {p99:.2} | {worst:.2} |"));
        }
    }
    Ok(())
}

/// A static model over a million texts; then callers and long batches for the minutes asked for. Fails on an error,
/// on a result that changes, and reports how memory went.
pub(super) fn soak(options: &SoakOptions) -> Outcome {
    let (programs, model, corpus) = ready(&options.callers)?;
    let mut process = start(&programs, "static", Path::new(""))?;
    process.ask(&Request::Stream(STREAM / 10))?;
    let warm = process.resident_bytes();
    process.ask(&Request::Stream(STREAM))?;
    let grown = process.resident_bytes() as f64 - warm as f64;
    print(&format!(
        "static: {STREAM} texts; {:.1} MB resident, {:+.1} MB since the first tenth",
        mb(warm),
        grown / 1e6
    ));

    let mut process = start(&programs, "dense", &model)?;
    let callers = Callers { callers: SOAKING, calls: SOAK_CALLS, beside: Some(corpus), ..Callers::default() };
    let request = Request::Callers(callers);
    let (began, length) = (Instant::now(), Duration::from_secs(60 * u64::from(options.minutes)));
    let (mut samples, mut first, mut calls) = (Vec::new(), Vec::new(), 0);
    while began.elapsed() < length {
        let reply = process.ask(&request)?;
        calls += reply.results;
        if first.is_empty() {
            first = reply.first;
        } else if first != reply.first {
            return Err(failed(format!("the result for the same text changed after {calls} calls")));
        }
        samples.push((began.elapsed().as_secs_f64() / 3600.0, mb(process.resident_bytes())));
    }
    let warm = &samples[samples.len() / 5..];
    let largest = warm.iter().map(|(_, size)| *size).fold(0.0, f64::max);
    print(&format!(
        "dense: {calls} calls of {SOAKING} callers beside long batches in {} minutes, results equal; at most {largest:.1} MB \
         resident, {:+.1} MB an hour after the first fifth",
        options.minutes,
        slope(warm),
    ));
    Ok(())
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The least-squares slope of values over time.
fn slope(samples: &[(f64, f64)]) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (time, size) = (mean(|sample| sample.0), mean(|sample| sample.1));
    let together: f64 = samples.iter().map(|sample| (sample.0 - time) * (sample.1 - size)).sum();
    together / samples.iter().map(|sample| (sample.0 - time).powi(2)).sum::<f64>()
}

/// The programs, the model, and a file with the corpus's texts.
fn ready(options: &CallersOptions) -> Result<(Programs, PathBuf, PathBuf), Failure> {
    let programs = Programs::ready(Named::default(), &[sides::ours()], &place())?;
    let texts: Vec<String> = corpus_texts(&options.corpus)?.into_iter().take(options.texts.get()).collect();
    Ok((programs, options.model_dir.clone(), saved(&place(), "callers", &texts)?))
}

fn start(programs: &Programs, task: &str, model: &Path) -> Result<Process, Failure> {
    let config = Config { task: task.to_owned(), model_dir: model.to_owned(), ..Config::default() };
    Process::start(programs.command(Library::Embedkit)?, &config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_by_least_squares() {
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]), 2.0);
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 2.0), (2.0, 1.0)]), 0.0);
    }
}
