//! Whole runs of a model's queue on a machine without threads and clocks: its time is the tokens that it computes.

use std::collections::BTreeMap;
use std::sync::Arc;

use embedkit_core::{Content, Purpose};
use tokio::sync::oneshot;

use super::job::{Job, JobId};
use super::slice::{Slice, SliceBounds};
use super::waiting::{Lane, Waiting};

/// What the engine runs at once, unless it is told otherwise.
const BATCH: usize = 512;
const BOUNDS: SliceBounds = SliceBounds { tokens: BATCH, attention: 1 << 18, inputs: 128, window: 256, shared: true };

/// A model with as many sessions as ordinary workers, and an express worker that waits for a session as others do.
struct Machine {
    waiting: Waiting,
    now: usize,
    workers: Vec<(Lane, Work)>,
    sessions: usize,
    asked: BTreeMap<JobId, Asked>,
    /// How long requests took that are done.
    took: BTreeMap<JobId, usize>,
}

/// A request, when it came, and how many of its inputs are not done.
struct Asked {
    job: Arc<Job>,
    since: usize,
    missing: usize,
}

/// What a worker does.
enum Work {
    Nothing,
    /// It has a slice since then, and waits for a session.
    Waits(Slice, usize),
    /// It has a session, until then.
    Runs(Slice, usize),
}

impl Machine {
    fn new(sessions: usize) -> Self {
        let mut workers: Vec<_> = (0..sessions).map(|_| (Lane::Ordinary, Work::Nothing)).collect();
        workers.push((Lane::Express, Work::Nothing));
        Self {
            waiting: Waiting::new(BOUNDS, sessions),
            now: 0,
            workers,
            sessions,
            asked: BTreeMap::new(),
            took: BTreeMap::new(),
        }
    }

    /// A request of so many texts of so many tokens arrives.
    fn ask(&mut self, texts: usize, tokens: usize) -> JobId {
        let contents = vec![Content::text("abcd".repeat(tokens - 2)); texts];
        let job = Arc::new(Job::new(contents.into(), Purpose::default(), oneshot::channel().0));
        let id = self.waiting.enter(job.clone());
        self.asked.insert(id, Asked { job, since: self.now, missing: texts });
        id
    }

    /// Computes a token on each session.
    fn step(&mut self) {
        for at in 0..self.workers.len() {
            if let (_, Work::Runs(_, until)) = &self.workers[at]
                && *until <= self.now
                && let Work::Runs(slice, _) = std::mem::replace(&mut self.workers[at].1, Work::Nothing)
            {
                self.end(&slice);
            }
        }
        for (lane, work) in &mut self.workers {
            if let Work::Nothing = work
                && let Some(slice) = self.waiting.take(*lane)
            {
                *work = Work::Waits(slice, self.now);
            }
        }
        self.give_sessions();
        self.now += 1;
    }

    /// Sessions go to those of whom it is expected that they end first, as in the library's pool.
    fn give_sessions(&mut self) {
        let runs = |work: &Work| matches!(work, Work::Runs(..));
        while self.workers.iter().filter(|(_, work)| runs(work)).count() < self.sessions {
            let expected = |(_, work): &(Lane, Work)| match work {
                Work::Waits(slice, since) => Some(since + slice.cost),
                _ => None,
            };
            let waits = self.workers.iter().enumerate().filter_map(|(at, worker)| Some((expected(worker)?, at)));
            let Some((_, at)) = waits.min() else { return };
            let work = &mut self.workers[at].1;
            if let Work::Waits(slice, _) = std::mem::replace(work, Work::Nothing) {
                let until = self.now + slice.cost;
                *work = Work::Runs(slice, until);
            }
        }
    }

    fn end(&mut self, slice: &Slice) {
        self.waiting.ran(slice);
        for id in &slice.requests {
            let asked = self.asked.get_mut(id).unwrap();
            asked.missing -= slice.inputs.iter().filter(|(job, _)| Arc::ptr_eq(job, &asked.job)).count();
            if asked.missing == 0 {
                self.took.insert(*id, self.now - asked.since);
            }
        }
    }

    fn is_done(&self, id: JobId) -> bool {
        self.took.contains_key(&id)
    }

    /// Goes on until a request is done; how long it took.
    fn wait_for(&mut self, id: JobId) -> usize {
        while !self.is_done(id) {
            self.step();
            assert!(self.now < 10_000_000, "it starves");
        }
        self.took[&id]
    }

    fn wait(&mut self, time: usize) {
        (0..time).for_each(|_| self.step());
    }
}

/// A short text takes no longer than one batch beside a job of 2,048 long ones, whenever it comes.
#[test]
fn short_requests_wait_for_no_more_than_a_batch_of_a_long_one() {
    for sessions in [1, 2, 8] {
        let mut machine = Machine::new(sessions);
        let long = machine.ask(2048, 200);
        let mut worst = 0;
        for pause in (0..100).map(|turn| turn * 37 % 1024) {
            machine.wait(pause);
            let short = machine.ask(1, 16);
            worst = worst.max(machine.wait_for(short));
            assert!(machine.is_done(long) || worst <= BATCH + 32, "{sessions} sessions: {worst}");
        }
        assert!(machine.took.len() >= 100);
        let took = machine.wait_for(long);
        let alone = 2048 * 200 / sessions;
        assert!(took < alone + alone / 10, "{sessions} sessions: {took}, and {alone} alone");
    }
}

/// Sixty-four short texts that come together pass the job too.
#[test]
fn many_short_requests_pass_a_long_one_together() {
    let mut machine = Machine::new(2);
    machine.ask(2048, 200);
    machine.wait(5000);
    let short: Vec<JobId> = (0..64).map(|_| machine.ask(1, 16)).collect();
    let worst = short.into_iter().map(|id| machine.wait_for(id)).max().unwrap();
    assert!(worst <= 2 * BATCH + 64 * 16, "{worst}");
}

/// However many short ones come, a long one has its share.
#[test]
fn a_long_request_does_not_starve() {
    let mut machine = Machine::new(1);
    let long = machine.ask(20, 200);
    let mut short: Vec<JobId> = (0..8).map(|_| machine.ask(1, 100)).collect();
    while !machine.is_done(long) {
        machine.step();
        for id in &mut short {
            if machine.is_done(*id) {
                *id = machine.ask(1, 100);
            }
        }
        assert!(machine.now < 20 * 200 * 12, "eight others have eight shares of nine");
    }
}

/// Of two long ones, who comes second does not stop the first.
#[test]
fn long_requests_share_the_machine() {
    let mut machine = Machine::new(2);
    let first = machine.ask(200, 200);
    machine.wait(10_000);
    let second = machine.ask(200, 200);
    let took = machine.wait_for(first);
    // Half of it was done alone; the other half has half of the machine.
    assert!((30_000 - 3 * BATCH..30_000 + 3 * BATCH).contains(&took), "{took}");
    assert!(machine.wait_for(second) < 40_000, "{}", machine.took[&second]);
}
