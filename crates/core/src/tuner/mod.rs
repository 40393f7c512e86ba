//! Measures tunings against each other on the caller's own work.

mod search;

use std::time::{Duration, Instant};

use search::{layouts, search};

use crate::limits::check_count;
use crate::session::Provider;
use crate::{Build, Builder, Error, Result, Tuning};

/// A tuning replaces another only when it takes less than this part of its time: on a machine that
/// does other things too, smaller differences are chance.
const BETTER: f64 = 0.97;

/// Finds the [`Tuning`] that suits a model, a machine and a kind of work.
///
/// Every candidate is loaded beside the best so far, and the two do the work in turns; the quicker
/// of their best rounds wins. Nothing else should run meanwhile.
#[must_use]
pub struct Tuner<E> {
    builder: Builder<E>,
    rounds: usize,
    on_trial: Box<dyn FnMut(&Trial)>,
}

/// A candidate that was measured.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trial {
    /// The candidate.
    pub tuning: Tuning,
    /// What the work took at best.
    pub time: Duration,
    /// What it took with the best tuning so far, in the same rounds.
    pub best_so_far: Duration,
    /// Whether the candidate is the best from now on.
    pub is_better: bool,
}

impl<E: Build> Tuner<E> {
    /// A tuner of the model that this builder loads, with its options: sessions or threads that it fixes
    /// stay as they are, and so do they on accelerators.
    pub fn new(builder: Builder<E>) -> Self {
        Self { builder, rounds: 3, on_trial: Box::new(|_| {}) }
    }

    /// How often each candidate does the work. Default: 3.
    pub fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds;
        self
    }

    /// Calls back after every candidate. Default: nothing is called.
    pub fn on_trial(mut self, on_trial: impl FnMut(&Trial) + 'static) -> Self {
        self.on_trial = Box::new(on_trial);
        self
    }

    /// Measures. `work` should take some seconds and be like what the model is for: texts of the
    /// lengths that will be embedded.
    ///
    /// # Errors
    /// A model without a graph, which has nothing to tune; as [`Builder::build`]; the first error of
    /// the work.
    pub fn run(mut self, mut work: impl FnMut(&E) -> Result<()>) -> Result<Tuning> {
        check_count("rounds", Some(self.rounds))?;
        let start = self.builder.untuned()?;
        // What the caller fixed stays so; and each session of an accelerator holds the weights in its memory.
        let are_open = self.builder.session.leaves_sessions_open() && start.provider == Provider::Cpu.name();
        let layouts = if are_open { layouts(&start) } else { Vec::new() };
        let mut best_model: Option<E> = None;
        search(start, layouts, |candidate, best| {
            let best_loaded = match best_model.take() {
                Some(model) => model,
                None => self.load(best, &mut work)?,
            };
            let model = self.load(candidate, &mut work)?;
            let (mut time, mut best_so_far) = (Duration::MAX, Duration::MAX);
            for _ in 0..self.rounds {
                best_so_far = best_so_far.min(timed(&best_loaded, &mut work)?);
                time = time.min(timed(&model, &mut work)?);
            }
            let is_better = time.as_secs_f64() < best_so_far.as_secs_f64() * BETTER;
            best_model = Some(if is_better { model } else { best_loaded });
            (self.on_trial)(&Trial { tuning: candidate.clone(), time, best_so_far, is_better });
            Ok(is_better)
        })
    }

    /// The model with this tuning, warmed up.
    fn load(&self, tuning: &Tuning, work: &mut impl FnMut(&E) -> Result<()>) -> Result<E> {
        let model = self.builder.clone().tuned(tuning.clone()).build()?;
        work(&model)?;
        Ok(model)
    }
}

fn timed<E>(model: &E, work: &mut impl FnMut(&E) -> Result<()>) -> Result<Duration> {
    let start = Instant::now();
    work(model)?;
    Ok(start.elapsed())
}

impl<E: Build> Builder<E> {
    /// What the model runs with as this builder has it.
    fn untuned(&self) -> Result<Tuning> {
        let loaded = self.clone().lazy(false).load()?;
        let Some(provider) = loaded.provider() else {
            let message = format!("model {} runs no graph: there is nothing to measure", loaded.model().id);
            return Err(Error::option("tuning", message));
        };
        let bounds = self.engine.batching.on(provider != Provider::Cpu);
        Ok(Tuning::untuned(&loaded.model().id, provider, &bounds, &self.session))
    }
}
