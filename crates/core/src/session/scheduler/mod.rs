//! The rules of a [`Queue`](super::queue::Queue): who runs next, on which session, and when sessions
//! are added.
//!
//! A pool's first sessions and the extra ones, of few threads each, that are added for bulk work use the
//! same cores. They never run at the same time, but for one thing: a short input does not wait for a
//! long job's batch to end. It runs beside the extra sessions, on a first one, and slows the job for as
//! long as it takes.

use std::collections::BTreeMap;
use std::time::Duration;

/// Sessions, and the callers that wait for one.
pub(super) struct Scheduler<S> {
    /// The sessions that were there from the start, as far as they are idle.
    first: Vec<S>,
    extra: Extra<S>,
    /// Runs under way, those of short inputs beside the extra sessions left out.
    on_first: usize,
    on_extra: usize,
    /// Jobs of many batches under way, and the tokens that they were about to run.
    jobs: usize,
    tokens_ahead: usize,
    /// The tokens of callers that wait.
    waiting: BTreeMap<Turn, usize>,
    arrivals: u64,
    /// The time of runs while others waited or were to follow.
    crowded: Duration,
    /// The least time that a token took in a run, in seconds: first runs take longer than those to come.
    per_token: f64,
}

/// The added sessions.
struct Extra<S> {
    idle: Vec<S>,
    /// How many there are, and how many are being opened.
    size: usize,
    opening: usize,
    /// One could not be opened: the pool goes on without.
    failed: bool,
}

/// A caller's turn: callers are served in the order of their expected finish, then of their arrival.
pub(super) type Turn = (u64, u64);

/// On which of the sessions a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionKind {
    First,
    Extra,
    /// One of the first, for a short input beside the extra ones.
    Beside,
}

/// Most sessions that are added by themselves: each keeps working memory of its own. On 16 cores, sixteen of one thread
/// do 1.2 times as much as eight of two, of short texts 1.5 times, in 1.5 times the memory.
const MOST_EXTRA: usize = 16;

/// How many sessions are added on so many cores, and of how many threads each: as few threads as leave the fewest cores
/// without one.
pub(super) fn extra_on(cores: usize) -> (usize, usize) {
    let layout = |threads: usize| ((cores / threads).min(MOST_EXTRA), threads);
    let least = (cores / MOST_EXTRA).max(1);
    let layouts = [layout(least), layout(least + 1)];
    // The first of those with the most threads in all.
    layouts.into_iter().rev().max_by_key(|(sessions, threads)| sessions * threads).unwrap_or(layouts[0])
}

/// How long work must take that sessions are added for on so many cores, as a multiple of how long it took to open the
/// first one: what they save by then pays for opening them, which costs each core about as much. Without them every run is
/// shared by all cores, and takes an eleventh longer for each core beyond the first (measured on 2, 8 and 16 cores: an
/// eleventh to a fifth).
pub(super) fn worth_opening(cores: usize) -> f64 {
    1.0 + 11.0 / (cores.max(2) - 1) as f64
}

/// Inputs of no more tokens may run beside the extra sessions: queries, and passages of some sentences.
const SHORT: usize = 128;

impl<S> Scheduler<S> {
    pub(super) fn new(first: Vec<S>) -> Self {
        Self {
            first,
            extra: Extra { idle: Vec::new(), size: 0, opening: 0, failed: false },
            on_first: 0,
            on_extra: 0,
            jobs: 0,
            tokens_ahead: 0,
            waiting: BTreeMap::new(),
            arrivals: 0,
            crowded: Duration::ZERO,
            per_token: f64::INFINITY,
        }
    }

    /// A caller with so many tokens begins to wait.
    pub(super) fn enter(&mut self, expected_finish: u64, tokens: usize) -> Turn {
        self.arrivals += 1;
        let turn = (expected_finish, self.arrivals);
        self.waiting.insert(turn, tokens);
        turn
    }

    /// An idle session for a caller, who then no longer waits; none when others go first.
    pub(super) fn take(&mut self, turn: Turn) -> Option<(S, SessionKind)> {
        let is_next = self.waiting.first_key_value().is_some_and(|(next, _)| *next == turn);
        let in_turn = if is_next { self.take_in_turn() } else { None };
        let taken = in_turn.or_else(|| self.take_beside(turn))?;
        self.waiting.remove(&turn);
        Some(taken)
    }

    fn take_in_turn(&mut self) -> Option<(S, SessionKind)> {
        if self.has_extra() && !self.is_quiet() {
            let session = if self.on_first == 0 { self.extra.idle.pop() } else { None }?;
            self.on_extra += 1;
            return Some((session, SessionKind::Extra));
        }
        let session = if self.on_extra == 0 { self.first.pop() } else { None }?;
        self.on_first += 1;
        Some((session, SessionKind::First))
    }

    /// For the first of the short ones, while a job has all the extra sessions.
    fn take_beside(&mut self, turn: Turn) -> Option<(S, SessionKind)> {
        let short = self.waiting.iter().find(|(_, tokens)| **tokens <= SHORT);
        let is_next = short.is_some_and(|(next, _)| *next == turn);
        let all_are_taken = self.jobs > 0 && self.on_extra > 0 && self.extra.idle.is_empty();
        if is_next && all_are_taken { Some((self.first.pop()?, SessionKind::Beside)) } else { None }
    }

    /// Takes a session back after a run.
    pub(super) fn give_back(&mut self, session: Option<S>, kind: SessionKind, tokens: usize, took: Duration) {
        match kind {
            SessionKind::Extra => {
                self.on_extra -= 1;
                if !self.extra.failed {
                    self.extra.idle.extend(session);
                }
            }
            SessionKind::First => {
                self.on_first -= 1;
                self.first.extend(session);
            }
            SessionKind::Beside => self.first.extend(session),
        }
        self.per_token = self.per_token.min(took.as_secs_f64() / tokens.max(1) as f64);
        if self.jobs > 0 || self.others_wait() {
            self.crowded += took;
        }
    }

    /// Whether callers wait.
    pub(super) fn others_wait(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn has_extra(&self) -> bool {
        self.extra.size > 0 && !self.extra.failed
    }

    /// Whether nothing runs or is to run but what one caller asks for.
    fn is_quiet(&self) -> bool {
        self.jobs == 0 && self.waiting.len() <= 1 && self.on_first + self.on_extra == 0
    }

    /// Notes that batches of so many tokens in all are about to run.
    pub(super) fn begin_job(&mut self, tokens: usize) {
        self.jobs += 1;
        self.tokens_ahead += tokens;
    }

    /// Notes that a job is done.
    pub(super) fn end_job(&mut self, tokens: usize) {
        self.jobs -= 1;
        self.tokens_ahead -= tokens;
    }

    /// Whether a caller should open one more extra session instead of waiting, where there may be so many of them,
    /// and opening them is worth while for work that takes at least so long.
    pub(super) fn should_open_more(&self, most: usize, least: Duration) -> bool {
        let extra = &self.extra;
        let can_grow = extra.idle.is_empty() && extra.size + extra.opening < most && !extra.failed;
        can_grow && !self.is_quiet() && self.is_worth(least)
    }

    /// Whether the work so far, and what is known of the work ahead, takes at least this long.
    fn is_worth(&self, least: Duration) -> bool {
        let ahead = if self.per_token.is_finite() { self.per_token * self.tokens_ahead as f64 } else { 0.0 };
        self.crowded.as_secs_f64() + ahead >= least.as_secs_f64()
    }

    /// A caller opens a session instead of waiting; which of the extra ones it will be.
    pub(super) fn begin_opening(&mut self, turn: Turn) -> usize {
        self.waiting.remove(&turn);
        self.extra.opening += 1;
        self.extra.size + self.extra.opening
    }

    /// Adds the session that was opened, or goes on without extra ones; the caller waits again.
    pub(super) fn end_opening(&mut self, opened: Option<S>, turn: Turn, tokens: usize) {
        self.waiting.insert(turn, tokens);
        let extra = &mut self.extra;
        extra.opening -= 1;
        match opened {
            Some(session) => {
                extra.size += 1;
                extra.idle.push(session);
            }
            None => extra.failed = true,
        }
        if extra.failed {
            extra.idle.clear();
        }
    }
}

#[cfg(test)]
mod simulation;

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: &str = "wide";
    const NARROW: &str = "narrow";
    const LONG: usize = SHORT + 1;

    /// A scheduler with two extra sessions, if any, of which some run; and a run on the first session, or none.
    fn scheduler(has_extra: bool, on_first: usize, on_extra: usize) -> Scheduler<&'static str> {
        let mut scheduler = Scheduler::new(vec![WIDE; 1 - on_first]);
        if has_extra {
            scheduler.extra.idle = vec![NARROW; 2 - on_extra];
            scheduler.extra.size = 2;
        }
        (scheduler.on_first, scheduler.on_extra) = (on_first, on_extra);
        scheduler
    }

    #[test]
    fn added_sessions_leave_few_cores_without_a_thread() {
        for (cores, expected) in [
            (2, (2, 1)),
            (3, (3, 1)),
            (8, (8, 1)),
            (9, (9, 1)),
            (16, (16, 1)),
            (17, (16, 1)),
            (20, (10, 2)),
            (23, (11, 2)),
            (40, (13, 3)),
            (64, (16, 4)),
            (96, (16, 6)),
            (128, (16, 8)),
        ] {
            assert_eq!(extra_on(cores), expected, "{cores}");
        }
        for cores in 2..=256 {
            let (sessions, threads) = extra_on(cores);
            let used = sessions * threads;
            assert!(used <= cores && used * 10 >= cores * 8, "{cores}: {sessions} of {threads}");
        }
    }

    #[test]
    fn the_more_cores_the_sooner_sessions_are_worth_opening() {
        assert_eq!(worth_opening(2), 12.0);
        for cores in 2..=256 {
            let (fewer, more) = (worth_opening(cores), worth_opening(cores + 1));
            assert!(fewer > more && more > 1.0, "{cores}: {fewer}, {more}");
        }
    }

    #[test]
    fn the_kinds_of_sessions_run_together_only_for_short_inputs_beside_a_job() {
        let (first, extra, beside) =
            (Some((WIDE, SessionKind::First)), Some((NARROW, SessionKind::Extra)), Some((WIDE, SessionKind::Beside)));
        // Whether extra sessions are there, jobs, others that wait; runs under way of either kind; the tokens.
        for (has_extra, jobs, others, on_first, on_extra, tokens, expected) in [
            (false, 0, 0, 0, 0, LONG, first),
            (false, 1, 1, 0, 0, LONG, first),
            (false, 1, 0, 1, 0, SHORT, None),
            (true, 0, 0, 0, 0, LONG, first),
            (true, 0, 1, 0, 0, LONG, extra),
            (true, 1, 0, 0, 0, LONG, extra),
            (true, 0, 0, 0, 1, LONG, extra),
            (true, 1, 0, 1, 0, LONG, None),
            (true, 0, 0, 1, 0, SHORT, None),
            (true, 1, 0, 0, 2, LONG, None),
            (true, 1, 0, 0, 2, SHORT, beside),
            (true, 1, 0, 0, 1, SHORT, extra),
            (true, 0, 0, 0, 2, SHORT, None),
        ] {
            let mut scheduler = scheduler(has_extra, on_first, on_extra);
            scheduler.jobs = jobs;
            let turn = scheduler.enter(0, tokens);
            for _ in 0..others {
                scheduler.enter(1, LONG);
            }
            let case = format!("{has_extra} {jobs} {others} {on_first} {on_extra} {tokens}");
            assert_eq!(scheduler.take(turn), expected, "{case}");
        }
    }

    #[test]
    fn callers_go_in_their_order_and_short_ones_past_long_ones_beside_a_job() {
        let mut scheduler = scheduler(true, 0, 2);
        scheduler.jobs = 1;
        let long = scheduler.enter(10, LONG);
        let [later, sooner] = [30, 20].map(|finish| scheduler.enter(finish, SHORT));
        assert_eq!([long, later].map(|turn| scheduler.take(turn)), [None, None]);
        assert_eq!(scheduler.take(sooner), Some((WIDE, SessionKind::Beside)));
        assert_eq!(scheduler.take(later), None, "the session is taken");
        scheduler.give_back(Some(NARROW), SessionKind::Extra, LONG, Duration::ZERO);
        assert_eq!(scheduler.take(later), None, "another goes first");
        assert_eq!(scheduler.take(long), Some((NARROW, SessionKind::Extra)));
        scheduler.give_back(Some(WIDE), SessionKind::Beside, SHORT, Duration::ZERO);
        assert_eq!(scheduler.take(later), Some((WIDE, SessionKind::Beside)));
        assert!(!scheduler.others_wait());
    }

    #[test]
    fn sessions_are_added_while_all_are_taken_and_more_can_be_opened() {
        let worth = Duration::from_millis(100);
        // Sessions idle, in all, being opened; whether one failed, jobs, the work so far; whether one is added.
        for (idle, size, opening, failed, jobs, crowded, expected) in [
            (0, 0, 0, false, 1, worth, true),
            (0, 1, 0, false, 1, worth, true),
            (0, 0, 1, false, 1, worth, true),
            (0, 1, 1, false, 1, worth, false),
            (0, 2, 0, false, 1, worth, false),
            (1, 1, 0, false, 1, worth, false),
            (0, 0, 0, true, 1, worth, false),
            (0, 0, 0, false, 0, worth, false),
            (0, 0, 0, false, 1, worth / 2, false),
        ] {
            let mut scheduler = Scheduler::new(vec![WIDE]);
            scheduler.extra = Extra { idle: vec![NARROW; idle], size, opening, failed };
            (scheduler.jobs, scheduler.crowded) = (jobs, crowded);
            assert_eq!(
                scheduler.should_open_more(2, worth),
                expected,
                "{idle} {size} {opening} {failed} {jobs} {crowded:?}"
            );
        }
    }

    #[test]
    fn a_session_that_cannot_be_opened_ends_the_use_of_extra_ones() {
        let mut scheduler = scheduler(true, 0, 1);
        scheduler.jobs = 1;
        let turn = scheduler.enter(0, LONG);
        assert_eq!(scheduler.begin_opening(turn), 3);
        assert!(!scheduler.others_wait(), "who opens a session keeps no one waiting");
        scheduler.end_opening(None, turn, LONG);
        assert_eq!(scheduler.take(turn), None, "the last run on an extra session goes on");
        scheduler.give_back(Some(NARROW), SessionKind::Extra, LONG, Duration::ZERO);
        assert_eq!(scheduler.take(turn), Some((WIDE, SessionKind::First)));
    }

    #[test]
    fn sessions_are_added_for_work_that_was_or_is_to_come() {
        let opening = Duration::from_millis(100);
        // Milliseconds of runs of ten tokens each, alone; tokens to come; milliseconds of runs in a crowd.
        for (runs, tokens_ahead, crowded, expected) in [
            (&[][..], 1_000_000, 0, false),
            (&[2], 499, 0, false),
            (&[2], 500, 0, true),
            (&[20, 2, 3], 499, 0, false),
            (&[20, 2, 3], 500, 0, true),
            (&[2], 0, 99, false),
            (&[2], 0, 100, true),
            (&[2], 250, 50, true),
        ] {
            let mut scheduler = scheduler(false, 0, 0);
            for run in runs {
                let turn = scheduler.enter(0, 10);
                let (session, kind) = scheduler.take(turn).unwrap();
                scheduler.give_back(Some(session), kind, 10, Duration::from_millis(*run));
            }
            scheduler.begin_job(tokens_ahead);
            scheduler.crowded += Duration::from_millis(crowded);
            assert_eq!(scheduler.is_worth(opening), expected, "{runs:?} {tokens_ahead} {crowded}");
        }
    }
}
