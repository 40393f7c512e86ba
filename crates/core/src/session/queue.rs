//! Which caller runs next, and on which of a graph's sessions.
//!
//! One session that uses every core gives a single text the shortest wait; several sessions of one
//! thread each do the most work. Unless the caller fixed either number, a pool starts with the first
//! kind and adds the second, its crew, when there is work enough to pay for opening them: callers
//! that would wait for a session open one instead, while others go on. The two kinds never run at
//! the same time, so that no core has more than one thread.

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

type Locked<'q> = MutexGuard<'q, State<Session>>;

struct State<S> {
    /// The sessions that were there from the start, as far as they are idle.
    idle: Vec<S>,
    crew: Crew<S>,
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

/// The added sessions.
struct Crew<S> {
    idle: Vec<S>,
    /// How many there are, and how many are being opened.
    size: usize,
    opening: usize,
    /// One could not be opened: the pool goes on without.
    failed: bool,
}

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
        state.arrivals += 1;
        let place = (expected, state.arrivals);
        state.waiting.insert(place);
        loop {
            if let Some((most, threads)) = self.crew
                && state.hires(most, self.opening * WORTH_OPENING)
            {
                state.waiting.remove(&place);
                state = self.hire(state, threads);
                state.waiting.insert(place);
            } else if state.waiting.first() == Some(&place)
                && let Some((session, of_crew)) = state.take()
            {
                state.waiting.remove(&place);
                let others_wait = !state.waiting.is_empty();
                drop(state);
                if others_wait {
                    self.freed.notify_all();
                }
                return Loan { queue: self, session: Some(session), of_crew, tokens, since: Instant::now() };
            } else {
                state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Says that batches of so many tokens in all are about to run.
    pub(super) fn begin_job(&self, tokens: usize) -> Job<'_> {
        let mut state = self.state();
        state.jobs += 1;
        state.tokens_ahead += tokens;
        Job { queue: self, tokens }
    }

    /// Opens one more session of the crew, while others go on with those that are there.
    fn hire<'q>(&'q self, mut state: Locked<'q>, threads: usize) -> Locked<'q> {
        state.crew.opening += 1;
        let number = state.crew.size + state.crew.opening;
        drop(state);
        self.freed.notify_all();
        let opened = self.opener.session(number, threads);
        let mut state = self.state();
        state.crew.opening -= 1;
        match opened {
            Ok(session) => {
                tracing::debug!(threads, "a session was added");
                state.crew.size += 1;
                state.crew.idle.push(session);
            }
            Err(error) => {
                tracing::warn!(%error, "no session could be added, work goes on with the first");
                state.crew.failed = true;
                state.crew.idle.clear();
            }
        }
        self.freed.notify_all();
        state
    }

    fn state(&self) -> Locked<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> State<S> {
    fn new(idle: Vec<S>) -> Self {
        Self {
            idle,
            crew: Crew { idle: Vec::new(), size: 0, opening: 0, failed: false },
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

    /// Whether a caller that waits should open one more session, where the crew may be so large and
    /// the work has to take at least this long.
    fn hires(&self, most: usize, least: Duration) -> bool {
        let crew = &self.crew;
        crew.idle.is_empty() && crew.size + crew.opening < most && !crew.failed && self.is_worth(least)
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
        let crew_is_there = self.crew.size > 0 && !self.crew.failed;
        let alone = self.jobs == 0 && self.waiting.len() == 1 && self.running + self.crew_running == 0;
        if crew_is_there && !alone {
            let session = if self.running == 0 { self.crew.idle.pop() } else { None }?;
            self.crew_running += 1;
            return Some((session, true));
        }
        if self.crew_running > 0 {
            return None;
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
        let session = self.session.take();
        let mut state = self.queue.state();
        if self.of_crew {
            state.crew_running -= 1;
            if !state.crew.failed {
                state.crew.idle.extend(session);
            }
        } else {
            state.idle.extend(session);
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
            (state.crew.idle, state.crew.size) = (NARROW.to_vec(), NARROW.len());
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
            state.crew.idle.truncate(2_usize.saturating_sub(crew_running));
            let case = format!("{hired} {jobs} {waiting} {running} {crew_running}");
            assert_eq!(state.take().map(|(session, _)| session), expected, "{case}");
        }
    }

    #[test]
    fn a_crew_grows_while_its_sessions_are_taken_and_can_be_opened() {
        let worth = Duration::from_millis(100);
        // Sessions idle, in all, being opened; whether one failed, the work so far; whether one is added.
        for (idle, size, opening, failed, crowded, expected) in [
            (0, 0, 0, false, worth, true),
            (0, 1, 0, false, worth, true),
            (0, 0, 1, false, worth, true),
            (0, 1, 1, false, worth, false),
            (0, 2, 0, false, worth, false),
            (1, 1, 0, false, worth, false),
            (0, 0, 0, true, worth, false),
            (0, 0, 0, false, worth / 2, false),
        ] {
            let mut state = State::new(vec![WIDE]);
            state.crew = Crew { idle: vec![NARROW[0]; idle], size, opening, failed };
            state.crowded = crowded;
            assert_eq!(state.hires(2, worth), expected, "{idle} {size} {opening} {failed} {crowded:?}");
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
