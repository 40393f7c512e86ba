//! Callers waiting for a graph's sessions.
//!
//! One session that uses every core gives a single text the shortest wait; several sessions of one
//! thread each do the most work. Unless the caller fixed either number, a pool starts with the first
//! kind and adds the second, its crew, when there is work enough to pay for opening them: callers
//! open one each instead of waiting, while others go on. The [`Roster`] has the rules.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ort::session::Session;

use super::SessionOptions;
use super::open::Opener;
use super::roster::{Kind, Place, Roster};

/// A graph's sessions, and the callers that wait for one.
pub(super) struct Queue {
    // Before the opener, which holds the weights that the sessions use: fields are dropped in this order.
    roster: Mutex<Roster<Session>>,
    pub(super) opener: Opener,
    /// How many sessions may be added, of how many threads each.
    crew: Option<(usize, usize)>,
    /// How long the work must take that sessions are added for.
    worth_opening: Duration,
    freed: Condvar,
    start: Instant,
}

type Locked<'q> = MutexGuard<'q, Roster<Session>>;

/// Roughly how long a token takes a small model, for ordering callers that wait; only its order of
/// magnitude matters.
const MICROSECONDS_PER_TOKEN: u64 = 100;

/// Added sessions save about a tenth of the time, and opening them costs each core about as much as
/// opening the first session took; they are opened when the work is this many times as long.
const WORTH_OPENING: u32 = 12;

/// Most sessions that are added by themselves: each keeps working memory of its own.
const LARGEST_CREW: usize = 8;

/// How many sessions may be added, of how many threads each; none when the caller decided otherwise.
pub(super) fn crew(options: &SessionOptions) -> Option<(usize, usize)> {
    let cores = super::usable_cores();
    (options.leaves_sessions_open() && cores > 1).then(|| {
        let count = cores.min(LARGEST_CREW);
        (count, cores / count)
    })
}

impl Queue {
    /// A queue for these sessions; reading the graph and opening the first took so long.
    pub(super) fn new(opener: Opener, sessions: Vec<Session>, options: &SessionOptions, opening: Duration) -> Self {
        Self {
            opener,
            crew: crew(options),
            worth_opening: opening * WORTH_OPENING,
            roster: Mutex::new(Roster::new(sessions)),
            freed: Condvar::new(),
            start: Instant::now(),
        }
    }

    /// Waits for a session for a run of so many tokens.
    pub(super) fn acquire(&self, tokens: usize) -> Loan<'_> {
        let expected = self.start.elapsed().as_micros() as u64 + tokens as u64 * MICROSECONDS_PER_TOKEN;
        let mut roster = self.roster();
        let place = roster.enter(expected, tokens);
        loop {
            if let Some((most, threads)) = self.crew
                && roster.hires(most, self.worth_opening)
            {
                roster = self.hire(roster, threads, place, tokens);
            } else if let Some((session, kind)) = roster.take(place) {
                let others_wait = roster.others_wait();
                drop(roster);
                if others_wait {
                    self.freed.notify_all();
                }
                return Loan { queue: self, session: Some(session), kind, tokens, since: Instant::now() };
            } else {
                roster = self.freed.wait(roster).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Says that batches of so many tokens in all are about to run.
    pub(super) fn begin_job(&self, tokens: usize) -> Job<'_> {
        self.roster().begin_job(tokens);
        Job { queue: self, tokens }
    }

    /// Opens one more session of the crew, while others go on with those that are there.
    fn hire<'q>(&'q self, mut roster: Locked<'q>, threads: usize, place: Place, tokens: usize) -> Locked<'q> {
        let number = roster.begin_hiring(place);
        drop(roster);
        self.freed.notify_all();
        let opened = self.opener.session(number, threads);
        match &opened {
            Ok(_) => tracing::debug!(threads, "a session was added"),
            Err(error) => tracing::warn!(%error, "no session could be added, work goes on with the first"),
        }
        let mut roster = self.roster();
        roster.end_hiring(opened.ok(), place, tokens);
        self.freed.notify_all();
        roster
    }

    fn roster(&self) -> Locked<'_> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session on loan; it goes back when this is dropped.
pub(super) struct Loan<'q> {
    queue: &'q Queue,
    session: Option<Session>,
    kind: Kind,
    tokens: usize,
    since: Instant,
}

impl Loan<'_> {
    #[allow(clippy::unwrap_used, reason = "the session is there until drop")]
    pub(super) fn session(&mut self) -> &mut Session {
        self.session.as_mut().unwrap()
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let took = self.since.elapsed();
        self.queue.roster().give_back(self.session.take(), self.kind, self.tokens, took);
        self.queue.freed.notify_all();
    }
}

/// A job of many batches; it ends when this is dropped.
pub(crate) struct Job<'q> {
    queue: &'q Queue,
    tokens: usize,
}

impl Drop for Job<'_> {
    fn drop(&mut self) {
        self.queue.roster().end_job(self.tokens);
    }
}
