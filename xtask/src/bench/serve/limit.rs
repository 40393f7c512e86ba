//! The library, called by as many callers as a server has clients: what it does is what can be had.

use std::path::Path;
use std::time::Instant;

use bench_protocol::{Callers, Config, Request};

use super::figures::Figures;
use crate::bench::process::Process;
use crate::bench::programs::Programs;
use crate::bench::sides::Library;
use crate::bench::statistics::quantile;
use crate::failure::Failure;

/// A process with the library and a model.
pub(super) struct Limit(Process);

impl Limit {
    /// Starts it; `task` is the benchmark's name for the kind of model.
    pub(super) fn start(programs: &Programs, task: &str, model: &Path) -> Result<Self, Failure> {
        let config = Config { task: task.to_owned(), model_dir: model.to_owned(), ..Config::default() };
        Ok(Self(Process::start(programs.command(Library::Embedkit)?, &config)?))
    }

    /// Embeds the texts of a file for so long, by so many callers, so many a call.
    pub(super) fn measure(
        &mut self,
        callers: usize,
        seconds: u32,
        texts: &Path,
        a_call: usize,
    ) -> Result<Figures, Failure> {
        let least_seconds = f64::from(seconds);
        let asked = Callers { callers, least_seconds, items: Some(texts.to_owned()), a_call, ..Callers::default() };
        let began = Instant::now();
        let mut seconds = self.0.ask(&Request::Callers(asked))?.seconds;
        let rate = seconds.len() as f64 / began.elapsed().as_secs_f64();
        seconds.sort_by(f64::total_cmp);
        Ok(Figures { rate, median: quantile(&seconds, 0.5), slowest: quantile(&seconds, 0.99), failures: 0 })
    }
}
