//! Rounds: every side on every workload, each time in a new process, one side after another.

use bench_protocol::Config;
use serde::Serialize;

use super::options::Options;
use super::process::Process;
use super::programs::Programs;
use super::sides::{Kind, Library, Side};
use super::workloads::Workload;
use crate::failure::Failure;

/// A side's numbers for a workload: medians over the rounds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Measured {
    pub(super) workload: &'static str,
    pub(super) side: String,
    #[serde(skip)]
    pub(super) library: Library,
    #[serde(skip)]
    pub(super) kind: Kind,
    /// Texts a second.
    pub(super) rate: f64,
    /// The rate of each round.
    pub(super) rates: Vec<f64>,
    /// Seconds of a call: the median, and what 99 in 100 stay below.
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Seconds from the start of the process to the first result.
    pub(super) cold: f64,
    /// Most memory of all rounds, in bytes.
    pub(super) peak: u64,
    /// Processor seconds of the work; worker processes' are not known.
    pub(super) processor: Option<f64>,
    /// How near the first result is to embedkit's, where both are vectors: their cosine.
    pub(super) cosine: Option<f32>,
    pub(super) tokens: Option<usize>,
    pub(super) computed_tokens: Option<usize>,
}

/// One side's samples for one workload.
#[derive(Default)]
struct Samples {
    rates: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cold: Vec<f64>,
    peak: Vec<u64>,
    processor: Vec<f64>,
    first: Vec<f32>,
    tokens: Option<usize>,
    computed_tokens: Option<usize>,
}

/// Measures all.
pub(super) fn measure(
    options: &Options,
    workloads: &[Workload],
    sides: &[Side],
    programs: &Programs,
) -> Result<Vec<Measured>, Failure> {
    let mut measured = Vec::new();
    for workload in workloads {
        let sides: Vec<&Side> = sides.iter().filter(|side| side.does(workload.task, workload.is_single())).collect();
        let mut samples: Vec<Samples> = sides.iter().map(|_| Samples::default()).collect();
        for round in 0..options.rounds {
            let mut turns: Vec<_> = sides.iter().zip(&mut samples).collect();
            // No side is always the first, nor always after the same one.
            if round % 2 == 1 {
                turns.reverse();
            }
            for (side, samples) in turns {
                samples.take(workload, side, programs)?;
                let (name, rate) = (&side.name, samples.rates.last().unwrap_or(&0.0));
                eprintln!("{} round {}: {name}: {rate:.1}/s", workload.name, round + 1);
            }
        }
        let ours = sides.iter().position(|side| side.library == Library::Embedkit && side.kind == Kind::Default);
        let ours = ours.map(|ours| samples[ours].first.clone()).unwrap_or_default();
        measured.extend(sides.iter().zip(samples).map(|(side, samples)| samples.summary(workload, side, &ours)));
    }
    Ok(measured)
}

impl Samples {
    /// Starts the side, has it do the work, and notes what it took.
    fn take(&mut self, workload: &Workload, side: &Side, programs: &Programs) -> Result<(), Failure> {
        let config = Config {
            task: workload.task.to_owned(),
            model_dir: workload.model_dir.clone(),
            options: side.settings.clone(),
        };
        let mut process = Process::start(programs.command(side.library, workload.one_core)?, &config)?;
        process.ask(&workload.first)?;
        self.cold.push(process.started.elapsed().as_secs_f64());
        let before = process.processor_seconds();
        let mut reply = process.ask(&workload.request)?;
        self.processor.push(process.processor_seconds() - before);
        self.peak.push(process.peak_bytes());
        if reply.results != workload.texts {
            let message = format!("{} gave {} results for {} texts", side.name, reply.results, workload.texts);
            return Err(Failure::Failed(message));
        }
        self.rates.push(reply.results as f64 / reply.seconds.iter().sum::<f64>());
        reply.seconds.sort_by(f64::total_cmp);
        self.p50.push(quantile(&reply.seconds, 0.50));
        self.p99.push(quantile(&reply.seconds, 0.99));
        self.first = reply.first;
        (self.tokens, self.computed_tokens) = (reply.tokens, reply.computed_tokens);
        Ok(())
    }

    fn summary(self, workload: &Workload, side: &Side, ours: &[f32]) -> Measured {
        Measured {
            workload: workload.name,
            side: side.name.clone(),
            library: side.library,
            kind: side.kind,
            rate: median(&self.rates),
            p50: median(&self.p50),
            p99: median(&self.p99),
            cold: median(&self.cold),
            peak: self.peak.into_iter().max().unwrap_or(0),
            processor: side.settings.parallel.is_none().then(|| median(&self.processor)),
            cosine: cosine(&self.first, ours),
            rates: self.rates,
            tokens: self.tokens,
            computed_tokens: self.computed_tokens,
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// The value that a part of all values do not exceed (nearest rank).
pub(super) fn quantile(sorted: &[f64], part: f64) -> f64 {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

fn cosine(a: &[f32], b: &[f32]) -> Option<f32> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    (a.len() == b.len() && !a.is_empty()).then(|| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quantiles_are_of_the_values() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((quantile(&hundred, 0.5), quantile(&hundred, 0.99)), (50.0, 99.0));
        assert_eq!(quantile(&[7.0], 0.99), 7.0);
    }

    #[test]
    fn cosines_are_of_vectors_of_one_width() {
        assert_eq!(cosine(&[1.0, 0.0], &[2.0, 0.0]), Some(1.0));
        assert_eq!(cosine(&[1.0], &[1.0, 0.0]), None);
    }
}
