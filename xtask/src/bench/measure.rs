//! Rounds: every side on every workload, each time in a new process, one side after another.

use std::path::{Path, PathBuf};

use bench_protocol::Config;
use serde::{Deserialize, Serialize};

use super::compare::{Likeness, compare};
use super::options::Options;
use super::place::place;
use super::process::Process;
use super::programs::Programs;
use super::sides::{Kind, Library, Side};
use super::statistics::{median, quantile};
use super::workloads::Workload;
use crate::failure::{Failure, failed};
use crate::files;

/// A side's numbers for a workload.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Measured {
    pub(super) workload: &'static str,
    pub(super) side: String,
    #[serde(skip)]
    pub(super) library: Library,
    #[serde(skip)]
    pub(super) kind: Kind,
    /// Items a second.
    pub(super) rate: Spread,
    /// Seconds of a call: the median, and what 99 in 100 stay below.
    pub(super) p50: Spread,
    pub(super) p99: Spread,
    /// Seconds from the start of the process to the first result.
    pub(super) cold: Spread,
    /// Most memory of all rounds, in bytes.
    pub(super) peak: u64,
    /// Processor seconds of a job; worker processes' are not known.
    pub(super) processor: Option<Spread>,
    /// How near all results are to embedkit's, where the side has results.
    pub(super) likeness: Option<Likeness>,
    /// What is wrong with the results.
    pub(super) differs: Option<String>,
    pub(super) tokens: Option<usize>,
    pub(super) computed_tokens: Option<usize>,
}

/// A number of several rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
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
    likeness: Option<Likeness>,
    differs: Option<String>,
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
        let sides: Vec<&Side> = sides.iter().filter(|side| side.does(workload.task, workload.is_single)).collect();
        let mut samples: Vec<Samples> = sides.iter().map(|_| Samples::default()).collect();
        let results = Results::new(sides.len())?;
        for round in 0..options.rounds() {
            let mut turns: Vec<_> = sides.iter().zip(&mut samples).enumerate().collect();
            // No side is always the first, nor always after the same one.
            if round % 2 == 1 {
                turns.reverse();
            }
            for (number, (side, samples)) in turns {
                samples.take(workload, side, programs, options.seconds(), &results.files[number])?;
                let (name, rate) = (&side.name, samples.rates.last().unwrap_or(&0.0));
                eprintln!("{} round {}: {name}: {rate:.1}/s", workload.name, round + 1);
            }
            // embedkit as it comes is the first of all sides.
            for (number, (side, samples)) in sides.iter().zip(&mut samples).enumerate().skip(1) {
                if side.library.has_results() {
                    samples.compare(workload, &results.files[0], &results.files[number]);
                }
            }
        }
        measured.extend(sides.iter().zip(samples).map(|(side, samples)| samples.summary(workload, side)));
    }
    Ok(measured)
}

/// Files that sides write their results to, for as long as they are compared.
struct Results {
    files: Vec<PathBuf>,
}

impl Results {
    fn new(count: usize) -> Result<Self, Failure> {
        let folder = place().join("results");
        files::create(&folder)?;
        let folder = files::absolute(&folder)?;
        Ok(Self { files: (0..count).map(|number| folder.join(number.to_string())).collect() })
    }
}

impl Drop for Results {
    fn drop(&mut self) {
        for file in &self.files {
            // What is not there need not go.
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Samples {
    /// Starts the side, has it do the work, and notes what it took.
    fn take(
        &mut self,
        workload: &Workload,
        side: &Side,
        programs: &Programs,
        least_seconds: f64,
        results: &Path,
    ) -> Result<(), Failure> {
        let config = Config {
            task: workload.task.to_owned(),
            model_dir: workload.model_dir.clone(),
            hub_cache: workload.hub_cache.clone(),
            options: side.settings.clone(),
        };
        let command = match workload.one_core {
            true => programs.command_on_one_core(side.library)?,
            false => programs.command(side.library)?,
        };
        let mut process = Process::start(command, &config)?;
        process.ask(&workload.first())?;
        self.cold.push(process.started.elapsed().as_secs_f64());
        let before = process.processor_seconds();
        let results = side.library.has_results().then(|| results.to_owned());
        let mut reply = process.ask(&workload.request(least_seconds, results))?;
        let jobs = if workload.is_single { reply.seconds.len() / workload.texts } else { reply.seconds.len() };
        self.processor.push((process.processor_seconds() - before) / jobs as f64);
        self.peak.push(process.peak_bytes());
        if reply.results != workload.texts {
            return Err(failed(format!("{} gave {} results for {} texts", side.name, reply.results, workload.texts)));
        }
        self.rates.push((reply.results * jobs) as f64 / reply.seconds.iter().sum::<f64>());
        reply.seconds.sort_by(f64::total_cmp);
        self.p50.push(quantile(&reply.seconds, 0.50));
        self.p99.push(quantile(&reply.seconds, 0.99));
        (self.tokens, self.computed_tokens) = (reply.tokens, reply.computed_tokens);
        Ok(())
    }

    /// Compares the results of the round; the worst round counts.
    fn compare(&mut self, workload: &Workload, ours: &Path, theirs: &Path) {
        match compare(ours, theirs) {
            Ok(likeness) => {
                let worst = self.likeness.map_or(likeness, |before| before.worse(likeness));
                self.likeness = Some(worst);
                if !worst.is_within(&workload.tolerance) {
                    self.differs = Some(format!("{worst:?} is beyond {:?}", workload.tolerance));
                }
            }
            Err(failure) => self.differs = Some(failure.to_string()),
        }
    }

    fn summary(self, workload: &Workload, side: &Side) -> Measured {
        Measured {
            workload: workload.name,
            side: side.name.clone(),
            library: side.library,
            kind: side.kind,
            rate: Spread::of(&self.rates),
            p50: Spread::of(&self.p50),
            p99: Spread::of(&self.p99),
            cold: Spread::of(&self.cold),
            peak: self.peak.into_iter().max().unwrap_or(0),
            processor: side.settings.parallel.is_none().then(|| Spread::of(&self.processor)),
            likeness: self.likeness,
            differs: self.differs,
            tokens: self.tokens,
            computed_tokens: self.computed_tokens,
        }
    }
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { median: median(values), least, most }
    }
}
