//! Measures tunings against each other on the caller's own work.

mod duel;
mod search;

use std::time::{Duration, Instant};

use duel::Duel;
use search::{layouts, search};

use crate::limits::check_count;
use crate::session::Provider;
use crate::{Build, Builder, Error, Result, Tuning};

/// How long a machine rests before each measurement: threads of the other model's sessions wait busily for some forty
/// milliseconds, on the cores that this one needs.
const REST: Duration = Duration::from_millis(50);

/// Finds the [`Tuning`] that suits a model, a machine and a kind of work.
///
/// Every candidate is loaded beside the best so far, and the two do the work by turns; it is better when
/// its best round takes less than 0.97 of the other's. What was found in this way is compared once more,
/// with what the model runs with untuned, and is the result only when it is better than that. Nothing else
/// should run meanwhile.
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
    /// What the work took with it at best.
    pub time: Duration,
    /// What it was compared with: the best tuning so far, and in the last trial the untuned model.
    pub baseline: Tuning,
    /// What the work took with that at best, in the same rounds.
    pub baseline_time: Duration,
    /// Whether the candidate is the better of the two.
    pub is_better: bool,
}

impl<E: Build> Tuner<E> {
    /// A tuner of the model that this builder loads, with its options: sessions or threads that it fixes
    /// stay as they are, and so do they on accelerators.
    pub fn new(builder: Builder<E>) -> Self {
        Self { builder, rounds: 3, on_trial: Box::new(|_| {}) }
    }

    /// How often each candidate has its turn to do the work; work of milliseconds is repeated in it. Default: 3.
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
        let mut best_loaded: Option<E> = None;
        let found = search(start.clone(), layouts, |candidate, best| {
            let champion = match best_loaded.take() {
                Some(model) => model,
                None => self.load(best, &mut work)?,
            };
            let challenger = self.load(candidate, &mut work)?;
            let is_better = self.compare((candidate, &challenger), (best, &champion), &mut work)?;
            best_loaded = Some(if is_better { challenger } else { champion });
            Ok(is_better)
        })?;
        let Some(model) = best_loaded.filter(|_| found != start) else { return Ok(start) };
        // Steps that each were better by chance lead anywhere: what counts is that the whole way was worth it.
        let untuned = self.load(&start, &mut work)?;
        let is_better = self.compare((&found, &model), (&start, &untuned), &mut work)?;
        Ok(if is_better { found } else { start })
    }

    /// Whether the work is done quicker by the first of two loaded models.
    fn compare(
        &mut self,
        (tuning, model): (&Tuning, &E),
        (baseline, baseline_model): (&Tuning, &E),
        work: &mut impl FnMut(&E) -> Result<()>,
    ) -> Result<bool> {
        let timed = |model: &E| {
            let start = Instant::now();
            work(model).map(|()| start.elapsed())
        };
        let duel = Duel::fight(self.rounds, REST, timed, model, baseline_model)?;
        (self.on_trial)(&Trial {
            tuning: tuning.clone(),
            time: duel.challenger,
            baseline: baseline.clone(),
            baseline_time: duel.champion,
            is_better: duel.is_won(),
        });
        Ok(duel.is_won())
    }

    /// The model with this tuning, warmed up.
    fn load(&self, tuning: &Tuning, work: &mut impl FnMut(&E) -> Result<()>) -> Result<E> {
        let model = self.builder.clone().tuned(tuning.clone()).build()?;
        work(&model)?;
        Ok(model)
    }
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
