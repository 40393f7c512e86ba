//! Callers waiting for a graph's sessions.
//!
//! One session that uses every core gives a single text the shortest wait; several sessions of few
//! threads each do the most work. Unless the caller fixed either number, a pool starts with the first
//! kind and adds extra sessions of the second when there is work enough to pay for opening them: callers
//! open one each instead of waiting, while others go on. The [`Scheduler`] has the rules.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ort::session::Session;

use super::open::Opener;
use super::scheduler::{Scheduler, SessionKind, Turn, extra_on, worth_opening};
use super::slot::Slot;
use super::{Provider, SessionOptions};
use crate::Result;

/// A graph's sessions, and the callers that wait for one.
pub(super) struct Queue {
    // Before the opener, which holds the weights that the sessions use: fields are dropped in this order.
    scheduler: Mutex<Scheduler<Slot>>,
    pub(super) opener: Opener,
    /// The process that opened the sessions: only there do their threads run.
    process: u32,
    /// How many sessions may be added, of how many threads each.
    extra: Option<(usize, usize)>,
    /// How long the work must take that sessions are added for.
    worth_opening: Duration,
    freed: Condvar,
    start: Instant,
}

type Locked<'q> = MutexGuard<'q, Scheduler<Slot>>;

/// Roughly how long a token takes a small model, for ordering callers that wait; only its order of
/// magnitude matters.
const MICROSECONDS_PER_TOKEN: u64 = 100;

/// How many sessions may be added, of how many threads each; none when the caller decided otherwise, and none on an
/// accelerator, where each would hold the weights again.
pub(super) fn extra_sessions(options: &SessionOptions, is_accelerated: bool) -> Option<(usize, usize)> {
    let cores = super::usable_cores();
    (options.leaves_sessions_open() && !is_accelerated && cores > 1).then(|| extra_on(cores))
}

impl Queue {
    /// A queue for these sessions; reading the graph and opening the first took so long.
    pub(super) fn new(opener: Opener, sessions: Vec<Session>, options: &SessionOptions, opening: Duration) -> Self {
        let threads = options.threads_per_session();
        let slots = sessions.into_iter().enumerate().map(|(number, session)| Slot::new(session, number, threads));
        Self {
            process: std::process::id(),
            extra: extra_sessions(options, opener.provider != Provider::Cpu),
            opener,
            worth_opening: opening.mul_f64(worth_opening(super::usable_cores())),
            scheduler: Mutex::new(Scheduler::new(slots.collect())),
            freed: Condvar::new(),
            start: Instant::now(),
        }
    }

    /// Waits for a session for a run of so many tokens.
    pub(super) fn acquire(&self, tokens: usize) -> SessionGuard<'_> {
        let expected = self.start.elapsed().as_micros() as u64 + tokens as u64 * MICROSECONDS_PER_TOKEN;
        let mut scheduler = self.scheduler();
        let turn = scheduler.enter(expected, tokens);
        loop {
            if let Some((most, threads)) = self.extra
                && scheduler.should_open_more(most, self.worth_opening)
            {
                scheduler = self.open_more(scheduler, threads, turn, tokens);
            } else if let Some((slot, kind)) = scheduler.take(turn) {
                let others_wait = scheduler.others_wait();
                drop(scheduler);
                if others_wait {
                    self.freed.notify_all();
                }
                let since = Instant::now();
                return SessionGuard { queue: self, slot: Some(slot), is_exhausted: false, kind, tokens, since };
            } else {
                scheduler = self.freed.wait(scheduler).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Says that batches of so many tokens in all are about to run.
    pub(super) fn begin_job(&self, tokens: usize) {
        self.scheduler().begin_job(tokens);
    }

    /// Says that they have run.
    pub(super) fn end_job(&self, tokens: usize) {
        self.scheduler().end_job(tokens);
    }

    /// Opens one more session, while others go on with those that are there.
    fn open_more<'q>(&'q self, mut scheduler: Locked<'q>, threads: usize, turn: Turn, tokens: usize) -> Locked<'q> {
        let number = scheduler.begin_opening(turn);
        drop(scheduler);
        self.freed.notify_all();
        let opened = self.opener.session(number, threads);
        match &opened {
            Ok(_) => tracing::debug!(threads, "a session was added"),
            Err(error) => tracing::warn!(%error, "no session could be added, work goes on with the first"),
        }
        let mut scheduler = self.scheduler();
        let slot = opened.ok().map(|session| Slot::new(session, number, threads));
        scheduler.end_opening(slot, turn, tokens);
        self.freed.notify_all();
        scheduler
    }

    fn scheduler(&self) -> Locked<'_> {
        self.scheduler.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process was forked from the one that opened the sessions, while a caller had one of them: here
    /// the threads of the sessions are gone, and the lock may have been taken for ever.
    fn is_inherited(&self) -> bool {
        self.process != std::process::id()
    }
}

/// A session for one run; it is given back when this is dropped.
pub(super) struct SessionGuard<'q> {
    queue: &'q Queue,
    slot: Option<Slot>,
    /// The run had too little memory: the session's is given back with it.
    is_exhausted: bool,
    kind: SessionKind,
    tokens: usize,
    since: Instant,
}

impl SessionGuard<'_> {
    /// The session, and where a run says that it had too little memory.
    ///
    /// # Errors
    /// The session was closed for that, and cannot be opened again.
    #[allow(clippy::unwrap_used, reason = "the slot is there until drop")]
    pub(super) fn session(&mut self) -> Result<(&mut Session, &mut bool)> {
        Ok((self.slot.as_mut().unwrap().session(&self.queue.opener)?, &mut self.is_exhausted))
    }
}

impl Drop for SessionGuard<'_> {
    fn drop(&mut self) {
        if self.queue.is_inherited() {
            std::mem::forget(self.slot.take());
            return;
        }
        if let Some(slot) = self.slot.as_mut().filter(|_| self.is_exhausted) {
            tracing::warn!("a run had too little memory, and its session is opened again for the next");
            slot.close();
        }
        let took = self.since.elapsed();
        self.queue.scheduler().give_back(self.slot.take(), self.kind, self.tokens, took);
        self.queue.freed.notify_all();
    }
}
