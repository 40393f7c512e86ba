//! The scheduler on machines that are not at hand: 2 to 128 cores, with sessions that only take time, by a clock of its own.
//!
//! A token takes a core [`TOKEN`]; of a run, [`SERIAL`] is done by one thread whatever the session has. So a run of `t` threads
//! takes `TOKEN · tokens · (SERIAL + (1 - SERIAL) / t)`, which is Amdahl's law. How memory is shared among nodes is not in it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::{Scheduler, SessionKind, Turn, extra_on, worth_opening};

/// Nanoseconds of a core.
const TOKEN: u64 = 50_000;
/// The part of a run that does not share.
const SERIAL: f64 = 0.05;
/// Tokens of a long job's batches.
const BATCH: usize = 512;
/// What opening a session takes.
const OPENING: u64 = 45_000_000;

/// A session of so many threads.
type Session = usize;

/// What happens when.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A worker of the long job begins to wait.
    Ask,
    /// A short text comes.
    Short,
    /// A run ends: on which session, of what kind, of how many tokens, and whether it was the long job's.
    Ended {
        session: Session,
        is_extra: bool,
        is_beside: bool,
        tokens: usize,
        since: u64,
    },
    Opened {
        turn: Turn,
    },
}

/// What came of it.
#[derive(Debug, Default)]
struct Outcome {
    /// Tokens of the long job that were run.
    tokens: usize,
    /// How long short texts waited.
    waits: Vec<u64>,
    /// How often the scheduler was asked.
    asked: usize,
    runs: usize,
}

struct Simulation {
    scheduler: Scheduler<Session>,
    clock: u64,
    events: BinaryHeap<Reverse<(u64, usize, Event)>>,
    number: usize,
    /// Who waits, with their tokens and since when.
    waiting: Vec<(Turn, usize, u64)>,
    layout: (usize, usize),
    /// How often [`OPENING`] work must take that sessions are added for.
    worth: f64,
    outcome: Outcome,
}

impl Simulation {
    /// A long job on so many cores, for so long, while a short text comes every so often.
    fn run(cores: usize, seconds: u64, short_every: u64) -> Outcome {
        let layout = extra_on(cores);
        let mut simulation = Self {
            scheduler: Scheduler::new(vec![cores]),
            clock: 0,
            events: BinaryHeap::new(),
            number: 0,
            waiting: Vec::new(),
            layout,
            worth: worth_opening(cores),
            outcome: Outcome::default(),
        };
        simulation.scheduler.begin_job(1 << 40);
        for _ in 0..layout.0 {
            simulation.at(0, Event::Ask);
        }
        if short_every > 0 {
            for at in (OPENING * 4..seconds * 1_000_000_000).step_by(short_every as usize) {
                simulation.at(at, Event::Short);
            }
        }
        while let Some(Reverse((at, _, event))) = simulation.events.pop() {
            if at > seconds * 1_000_000_000 {
                break;
            }
            simulation.clock = at;
            simulation.happen(event);
            simulation.serve();
        }
        simulation.outcome
    }

    fn at(&mut self, at: u64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((at, self.number, event)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ask => self.enter(BATCH),
            Event::Short => self.enter(16),
            Event::Opened { turn } => self.scheduler.end_opening(Some(self.layout.1), turn, BATCH),
            Event::Ended { session, is_extra, is_beside, tokens, since } => {
                let kind = match (is_extra, is_beside) {
                    (true, _) => SessionKind::Extra,
                    (_, true) => SessionKind::Beside,
                    _ => SessionKind::First,
                };
                let took = Duration::from_nanos(self.clock - since);
                self.scheduler.give_back(Some(session), kind, tokens, took);
                if tokens == BATCH {
                    self.outcome.tokens += tokens;
                    self.enter(BATCH);
                }
            }
        }
    }

    fn enter(&mut self, tokens: usize) {
        let turn = self.scheduler.enter(self.clock / 1000 + 100 * tokens as u64, tokens);
        self.waiting.push((turn, tokens, self.clock));
    }

    /// Everybody who waits looks, as they do when they are woken.
    fn serve(&mut self) {
        let mut at = 0;
        while at < self.waiting.len() {
            let (turn, tokens, since) = self.waiting[at];
            self.outcome.asked += 1;
            if tokens == BATCH
                && self.scheduler.should_open_more(self.layout.0, Duration::from_nanos(OPENING).mul_f64(self.worth))
            {
                self.scheduler.begin_opening(turn);
                self.at(self.clock + OPENING, Event::Opened { turn });
                at += 1;
            } else if let Some((session, kind)) = self.scheduler.take(turn) {
                self.waiting.remove(at);
                let threads = session as f64;
                let took = (TOKEN * tokens as u64) as f64 * (SERIAL + (1.0 - SERIAL) / threads);
                let (is_extra, is_beside) = (kind == SessionKind::Extra, kind == SessionKind::Beside);
                if tokens != BATCH {
                    self.outcome.waits.push(self.clock - since);
                }
                self.outcome.runs += 1;
                let ended = Event::Ended { session, is_extra, is_beside, tokens, since: self.clock };
                self.at(self.clock + took as u64, ended);
                // Who came before may have a turn now.
                at = 0;
            } else {
                at += 1;
            }
        }
    }
}

/// What all cores could do if none of a run were serial.
fn most(cores: usize, seconds: u64) -> f64 {
    cores as f64 * seconds as f64 * 1e9 / TOKEN as f64
}

#[test]
fn a_long_job_uses_the_cores_that_its_sessions_have() {
    for cores in [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128] {
        let seconds = 60;
        let outcome = Simulation::run(cores, seconds, 0);
        let (sessions, threads) = extra_on(cores);
        let of_a_session = 1.0 / (SERIAL + (1.0 - SERIAL) / threads as f64);
        let expected = sessions as f64 * of_a_session / cores as f64;
        let share = outcome.tokens as f64 / most(cores, seconds);
        assert!(
            (share / expected - 1.0).abs() < 0.05,
            "{cores} cores: {share:.2} of them used, {expected:.2} expected"
        );
        // Little is lost up to 48 cores; from there on, what a session's threads cannot share is what stops it.
        assert!(share > if cores <= 48 { 0.9 } else { 0.7 }, "{cores}: {share}");
        // Those who wait are few, so that a turn costs few looks, whatever the cores.
        assert!(outcome.asked <= 20 * outcome.runs, "{cores}: {} looks for {} runs", outcome.asked, outcome.runs);
    }
}

#[test]
fn a_short_text_beside_a_long_job_waits_for_no_batch_of_it() {
    for cores in [2, 8, 32, 128] {
        let mut outcome = Simulation::run(cores, 20, 50_000_000);
        outcome.waits.sort_unstable();
        let p99 = outcome.waits[outcome.waits.len() * 99 / 100];
        let (_, threads) = extra_on(cores);
        let batch = (TOKEN * BATCH as u64) as f64 * (SERIAL + (1.0 - SERIAL) / threads as f64);
        assert!((p99 as f64) < batch, "{cores} cores: {p99} ns, a batch takes {batch}");
    }
}
