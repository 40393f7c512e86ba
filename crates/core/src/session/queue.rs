//! Which caller runs next, and on which of a graph's sessions.
//!
//! One session that uses every core gives a single text the shortest wait; several sessions of one
//! thread each do the most work. Unless the caller fixed either number, a pool starts with the first
//! kind and adds the second as soon as there is work enough to pay for opening them. The two kinds
//! never run at the same time, so that no core has more than one thread.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ort::session::Session;

use super::SessionOptions;
use super::open::Opener;

/// A graph's sessions, and the callers that wait for one.
pub(super) struct Queue {
    // Before the opener, which holds the weights that the sessions use: fields are dropped in this order.
    state: Mutex<State<Session>>,
    pub(super) opener: Opener,
    /// How many sessions may be added, of how many threads each.
    crew: Option<(usize, usize)>,
    /// How long it took to read the graph and open the first session.
    opening: Duration,
    freed: Condvar,
    start: Instant,
}

struct State<S> {
    /// The sessions that were there from the start, as far as they are idle.
    idle: Vec<S>,
    /// The added sessions, as far as they are idle.
    crew: Vec<S>,
    hiring: Hiring,
    /// Runs under way: on a session from the start, and on an added one.
    running: usize,
    crew_running: usize,
    /// Jobs of many batches under way, and the tokens that they were about to run.
    jobs: usize,
    tokens_ahead: usize,
    /// Callers that wait, by expected finish and arrival.
    waiting: BTreeSet<(u64, u64)>,
    arrivals: u64,
    /// All runs' time and tokens; and the time of runs while others waited or were to follow.
    spent: Duration,
    tokens: usize,
    crowded: Duration,
}

/// Whether sessions have been added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Hiring {
    #[default]
    NotYet,
    UnderWay,
    Done,
    /// They could not be opened; the pool goes on without.
    Failed,
}

/// Roughly how long a token takes a small model, for ordering callers that wait; only its order of
/// magnitude matters.
const MICROSECONDS_PER_TOKEN: u64 = 100;

/// Added sessions save about a fifth of the time; they are opened when the work is this many times
/// as long as opening the first session took.
const WORTH_OPENING: u32 = 4;

/// Most sessions that are added by themselves: each keeps working memory of its own.
const LARGEST_CREW: usize = 8;

/// How many sessions may be added, of how many threads each; none when the caller decided otherwise.
pub(super) fn crew(options: &SessionOptions) -> Option<(usize, usize)> {
    let on_cpu = options.providers == super::ProviderChoice::Cpu && options.device_ids.is_empty();
    let cores = super::usable_cores();
    let undecided = options.sessions.is_none() && options.threads.is_none();
    (undecided && on_cpu && cores > 1).then(|| {
        let count = cores.min(LARGEST_CREW);
        (count, cores / count)
    })
}

impl Queue {
    pub(super) fn new(opener: Opener, sessions: Vec<Session>, options: &SessionOptions, opening: Duration) -> Self {
        Self {
            opener,
            crew: crew(options),
            opening,
            state: Mutex::new(State::new(sessions)),
            freed: Condvar::new(),
            start: Instant::now(),
        }
    }

    /// Waits for a session for a run of so many tokens.
    pub(super) fn acquire(&self, tokens: usize) -> Loan<'_> {
        let expected = self.start.elapsed().as_micros() as u64 + tokens as u64 * MICROSECONDS_PER_TOKEN;
        let mut state = self.state();
        if self.crew.is_some() && state.hiring == Hiring::NotYet && state.is_worth(self.opening * WORTH_OPENING) {
            state.hiring = Hiring::UnderWay;
            drop(state);
            self.hire();
            state = self.state();
        }
        state.arrivals += 1;
        let place = (expected, state.arrivals);
        state.waiting.insert(place);
        loop {
            if state.waiting.first() == Some(&place)
                && let Some((session, of_crew)) = state.take()
            {
                state.waiting.remove(&place);
                let others_wait = !state.waiting.is_empty();
                drop(state);
                if others_wait {
                    self.freed.notify_all();
                }
                return Loan { queue: self, session: Some(session), of_crew, tokens, since: Instant::now() };
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that batches of so many tokens in all are about to run.
    pub(super) fn begin_job(&self, tokens: usize) -> Job<'_> {
        let mut state = self.state();
        state.jobs += 1;
        state.tokens_ahead += tokens;
        Job { queue: self, tokens }
    }

    /// Opens the crew's sessions, while others go on with the sessions that are there.
    fn hire(&self) {
        let (count, threads) = self.crew.unwrap_or_default();
        let opened: crate::Result<Vec<Session>> =
            (0..count).map(|number| self.opener.session(number, threads)).collect();
        let mut state = self.state();
        match opened {
            Ok(sessions) => {
                tracing::debug!(count, threads, "sessions added");
                state.crew = sessions;
                state.hiring = Hiring::Done;
            }
            Err(error) => {
                tracing::warn!(%error, "no sessions could be added, work goes on with the first");
                state.hiring = Hiring::Failed;
            }
        }
        drop(state);
        self.freed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State<Session>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> State<S> {
    fn new(idle: Vec<S>) -> Self {
        Self {
            idle,
            crew: Vec::new(),
            hiring: Hiring::default(),
            running: 0,
            crew_running: 0,
            jobs: 0,
            tokens_ahead: 0,
            waiting: BTreeSet::new(),
            arrivals: 0,
            spent: Duration::ZERO,
            tokens: 0,
            crowded: Duration::ZERO,
        }
    }

    /// Whether the work so far, and what is known of the work ahead, takes at least this long.
    fn is_worth(&self, least: Duration) -> bool {
        let ahead = match self.tokens {
            0 => Duration::ZERO,
            tokens => self.spent.mul_f64(self.tokens_ahead as f64 / tokens as f64),
        };
        self.crowded + ahead >= least
    }

    /// An idle session for the first that waits, and whether it is one of the crew's.
    fn take(&mut self) -> Option<(S, bool)> {
        let crew_is_there = self.hiring == Hiring::Done;
        let alone = self.jobs == 0 && self.waiting.len() == 1 && self.running + self.crew_running == 0;
        if crew_is_there && !alone {
            let session = if self.running == 0 { self.crew.pop() } else { None }?;
            self.crew_running += 1;
            return Some((session, true));
        }
        let session = self.idle.pop()?;
        self.running += 1;
        Some((session, false))
    }
}

/// A session on loan; it goes back when this is dropped.
pub(super) struct Loan<'q> {
    queue: &'q Queue,
    session: Option<Session>,
    of_crew: bool,
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
        let mut state = self.queue.state();
        if self.of_crew {
            state.crew.extend(self.session.take());
            state.crew_running -= 1;
        } else {
            state.idle.extend(self.session.take());
            state.running -= 1;
        }
        state.spent += took;
        state.tokens += self.tokens;
        if state.jobs > 0 || !state.waiting.is_empty() {
            state.crowded += took;
        }
        drop(state);
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
        let mut state = self.queue.state();
        state.jobs -= 1;
        state.tokens_ahead -= self.tokens;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: &str = "wide";
    const NARROW: [&str; 2] = ["narrow", "narrow"];

    fn state(hired: bool) -> State<&'static str> {
        let mut state = State::new(vec![WIDE]);
        if hired {
            (state.crew, state.hiring) = (NARROW.to_vec(), Hiring::Done);
        }
        state
    }

    #[test]
    fn the_kinds_of_sessions_never_run_together() {
        // Whether the crew is there, jobs, callers that wait; then runs under way of either kind.
        for (hired, jobs, waiting, running, crew_running, expected) in [
            (false, 0, 1, 0, 0, Some(WIDE)),
            (false, 1, 2, 0, 0, Some(WIDE)),
            (true, 0, 1, 0, 0, Some(WIDE)),
            (true, 0, 2, 0, 0, Some(NARROW[0])),
            (true, 1, 1, 0, 0, Some(NARROW[0])),
            (true, 0, 1, 0, 1, Some(NARROW[0])),
            (true, 1, 1, 1, 0, None),
            (true, 0, 1, 1, 0, None),
            (true, 1, 1, 0, 2, None),
        ] {
            let mut state = state(hired);
            (state.jobs, state.running, state.crew_running) = (jobs, running, crew_running);
            state.waiting = (0..waiting).map(|arrival| (0, arrival)).collect();
            state.idle.truncate(1 - running);
            state.crew.truncate(2_usize.saturating_sub(crew_running));
            let case = format!("{hired} {jobs} {waiting} {running} {crew_running}");
            assert_eq!(state.take().map(|(session, _)| session), expected, "{case}");
        }
    }

    #[test]
    fn sessions_are_added_for_work_that_was_or_is_to_come() {
        let opening = Duration::from_millis(100);
        for (tokens, tokens_ahead, crowded, expected) in [
            (0, 1_000_000, 0, false),
            (10, 100, 0, false),
            (10, 1_000, 0, true),
            (10, 0, 99, false),
            (10, 0, 100, true),
        ] {
            let mut state = state(false);
            (state.tokens, state.spent) = (tokens, Duration::from_millis(1));
            (state.tokens_ahead, state.crowded) = (tokens_ahead, Duration::from_millis(crowded));
            assert_eq!(state.is_worth(opening), expected, "{tokens} {tokens_ahead} {crowded}");
        }
    }
}
