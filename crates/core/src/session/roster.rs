//! The rules of a [`Queue`](super::queue::Queue): who runs next, on which session, and when sessions
//! are added.
//!
//! A pool's first sessions and its crew, the sessions of one thread that are added for bulk work, use
//! the same cores. They never run at the same time, but for one thing: a short input does not wait for
//! a long job's batch to end. It runs beside the crew, on a first session, and slows the job for as
//! long as it takes.

use std::collections::BTreeMap;
use std::time::Duration;

/// Sessions, and the callers that wait for one.
pub(super) struct Roster<S> {
    /// The sessions that were there from the start, as far as they are idle.
    first: Vec<S>,
    crew: Crew<S>,
    /// Runs under way, those of short inputs beside the crew left out.
    on_first: usize,
    on_crew: usize,
    /// Jobs of many batches under way, and the tokens that they were about to run.
    jobs: usize,
    tokens_ahead: usize,
    /// The tokens of callers that wait.
    waiting: BTreeMap<Place, usize>,
    arrivals: u64,
    /// The time of runs while others waited or were to follow.
    crowded: Duration,
    /// The least time that a token took in a run, in seconds: first runs take longer than those to come.
    per_token: f64,
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

/// A place in the line: expected finish, and arrival.
pub(super) type Place = (u64, u64);

/// What a session on loan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    First,
    Crew,
    /// One of the first, for a short input beside the crew.
    Beside,
}

/// Inputs of no more tokens may run beside the crew: queries, and passages of some sentences.
const SHORT: usize = 128;

impl<S> Roster<S> {
    pub(super) fn new(first: Vec<S>) -> Self {
        Self {
            first,
            crew: Crew { idle: Vec::new(), size: 0, opening: 0, failed: false },
            on_first: 0,
            on_crew: 0,
            jobs: 0,
            tokens_ahead: 0,
            waiting: BTreeMap::new(),
            arrivals: 0,
            crowded: Duration::ZERO,
            per_token: f64::INFINITY,
        }
    }

    /// Puts a caller with so many tokens into the line.
    pub(super) fn enter(&mut self, expected_finish: u64, tokens: usize) -> Place {
        self.arrivals += 1;
        let place = (expected_finish, self.arrivals);
        self.waiting.insert(place, tokens);
        place
    }

    /// An idle session for a caller, who then no longer waits; none when others go first.
    pub(super) fn take(&mut self, place: Place) -> Option<(S, Kind)> {
        let is_next = self.waiting.first_key_value().is_some_and(|(next, _)| *next == place);
        let in_turn = if is_next { self.take_in_turn() } else { None };
        let taken = in_turn.or_else(|| self.take_beside(place))?;
        self.waiting.remove(&place);
        Some(taken)
    }

    fn take_in_turn(&mut self) -> Option<(S, Kind)> {
        if self.has_crew() && !self.is_quiet() {
            let session = if self.on_first == 0 { self.crew.idle.pop() } else { None }?;
            self.on_crew += 1;
            return Some((session, Kind::Crew));
        }
        let session = if self.on_crew == 0 { self.first.pop() } else { None }?;
        self.on_first += 1;
        Some((session, Kind::First))
    }

    /// For the first of the short ones, while a job has the whole crew.
    fn take_beside(&mut self, place: Place) -> Option<(S, Kind)> {
        let short = self.waiting.iter().find(|(_, tokens)| **tokens <= SHORT);
        let is_next = short.is_some_and(|(next, _)| *next == place);
        let crew_is_taken = self.jobs > 0 && self.on_crew > 0 && self.crew.idle.is_empty();
        if is_next && crew_is_taken { Some((self.first.pop()?, Kind::Beside)) } else { None }
    }

    /// Takes a session back after a run.
    pub(super) fn give_back(&mut self, session: Option<S>, kind: Kind, tokens: usize, took: Duration) {
        match kind {
            Kind::Crew => {
                self.on_crew -= 1;
                if !self.crew.failed {
                    self.crew.idle.extend(session);
                }
            }
            Kind::First => {
                self.on_first -= 1;
                self.first.extend(session);
            }
            Kind::Beside => self.first.extend(session),
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

    fn has_crew(&self) -> bool {
        self.crew.size > 0 && !self.crew.failed
    }

    /// Whether nothing runs or is to run but what one caller asks for.
    fn is_quiet(&self) -> bool {
        self.jobs == 0 && self.waiting.len() <= 1 && self.on_first + self.on_crew == 0
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

    /// Whether a caller should open one more session instead of waiting, where the crew may be so
    /// large, and is worth its opening for work that takes at least so long.
    pub(super) fn hires(&self, most: usize, least: Duration) -> bool {
        let crew = &self.crew;
        let can_grow = crew.idle.is_empty() && crew.size + crew.opening < most && !crew.failed;
        can_grow && !self.is_quiet() && self.is_worth(least)
    }

    /// Whether the work so far, and what is known of the work ahead, takes at least this long.
    fn is_worth(&self, least: Duration) -> bool {
        let ahead = if self.per_token.is_finite() { self.per_token * self.tokens_ahead as f64 } else { 0.0 };
        self.crowded.as_secs_f64() + ahead >= least.as_secs_f64()
    }

    /// Takes a caller out of the line, who opens a session meanwhile; which of the crew's it will be.
    pub(super) fn begin_hiring(&mut self, place: Place) -> usize {
        self.waiting.remove(&place);
        self.crew.opening += 1;
        self.crew.size + self.crew.opening
    }

    /// Adds the session that was opened, or goes on without a crew, and puts the caller back in line.
    pub(super) fn end_hiring(&mut self, opened: Option<S>, place: Place, tokens: usize) {
        self.waiting.insert(place, tokens);
        let crew = &mut self.crew;
        crew.opening -= 1;
        match opened {
            Some(session) => {
                crew.size += 1;
                crew.idle.push(session);
            }
            None => crew.failed = true,
        }
        if crew.failed {
            crew.idle.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: &str = "wide";
    const NARROW: &str = "narrow";
    const LONG: usize = SHORT + 1;

    /// A roster with a crew of two, if any, of which some run; and a run on the first session, or none.
    fn roster(has_crew: bool, on_first: usize, on_crew: usize) -> Roster<&'static str> {
        let mut roster = Roster::new(vec![WIDE; 1 - on_first]);
        if has_crew {
            roster.crew.idle = vec![NARROW; 2 - on_crew];
            roster.crew.size = 2;
        }
        (roster.on_first, roster.on_crew) = (on_first, on_crew);
        roster
    }

    #[test]
    fn the_kinds_of_sessions_run_together_only_for_short_inputs_beside_a_job() {
        let (first, crew, beside) = (Some((WIDE, Kind::First)), Some((NARROW, Kind::Crew)), Some((WIDE, Kind::Beside)));
        // Whether the crew is there, jobs, others that wait; runs under way of either kind; the tokens.
        for (has_crew, jobs, others, on_first, on_crew, tokens, expected) in [
            (false, 0, 0, 0, 0, LONG, first),
            (false, 1, 1, 0, 0, LONG, first),
            (false, 1, 0, 1, 0, SHORT, None),
            (true, 0, 0, 0, 0, LONG, first),
            (true, 0, 1, 0, 0, LONG, crew),
            (true, 1, 0, 0, 0, LONG, crew),
            (true, 0, 0, 0, 1, LONG, crew),
            (true, 1, 0, 1, 0, LONG, None),
            (true, 0, 0, 1, 0, SHORT, None),
            (true, 1, 0, 0, 2, LONG, None),
            (true, 1, 0, 0, 2, SHORT, beside),
            (true, 1, 0, 0, 1, SHORT, crew),
            (true, 0, 0, 0, 2, SHORT, None),
        ] {
            let mut roster = roster(has_crew, on_first, on_crew);
            roster.jobs = jobs;
            let place = roster.enter(0, tokens);
            for _ in 0..others {
                roster.enter(1, LONG);
            }
            let case = format!("{has_crew} {jobs} {others} {on_first} {on_crew} {tokens}");
            assert_eq!(roster.take(place), expected, "{case}");
        }
    }

    #[test]
    fn callers_go_in_their_order_and_short_ones_past_long_ones_beside_a_job() {
        let mut roster = roster(true, 0, 2);
        roster.jobs = 1;
        let long = roster.enter(10, LONG);
        let [later, sooner] = [30, 20].map(|finish| roster.enter(finish, SHORT));
        assert_eq!([long, later].map(|place| roster.take(place)), [None, None]);
        assert_eq!(roster.take(sooner), Some((WIDE, Kind::Beside)));
        assert_eq!(roster.take(later), None, "the session is taken");
        roster.give_back(Some(NARROW), Kind::Crew, LONG, Duration::ZERO);
        assert_eq!(roster.take(later), None, "another goes first");
        assert_eq!(roster.take(long), Some((NARROW, Kind::Crew)));
        roster.give_back(Some(WIDE), Kind::Beside, SHORT, Duration::ZERO);
        assert_eq!(roster.take(later), Some((WIDE, Kind::Beside)));
        assert!(!roster.others_wait());
    }

    #[test]
    fn a_crew_grows_while_its_sessions_are_taken_and_can_be_opened() {
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
            let mut roster = Roster::new(vec![WIDE]);
            roster.crew = Crew { idle: vec![NARROW; idle], size, opening, failed };
            (roster.jobs, roster.crowded) = (jobs, crowded);
            assert_eq!(roster.hires(2, worth), expected, "{idle} {size} {opening} {failed} {jobs} {crowded:?}");
        }
    }

    #[test]
    fn a_session_that_cannot_be_opened_ends_the_crew() {
        let mut roster = roster(true, 0, 1);
        roster.jobs = 1;
        let place = roster.enter(0, LONG);
        assert_eq!(roster.begin_hiring(place), 3);
        assert!(!roster.others_wait(), "who opens a session keeps no one waiting");
        roster.end_hiring(None, place, LONG);
        assert_eq!(roster.take(place), None, "the crew's last run goes on");
        roster.give_back(Some(NARROW), Kind::Crew, LONG, Duration::ZERO);
        assert_eq!(roster.take(place), Some((WIDE, Kind::First)));
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
            let mut roster = roster(false, 0, 0);
            for run in runs {
                let place = roster.enter(0, 10);
                let (session, kind) = roster.take(place).unwrap();
                roster.give_back(Some(session), kind, 10, Duration::from_millis(*run));
            }
            roster.begin_job(tokens_ahead);
            roster.crowded += Duration::from_millis(crowded);
            assert_eq!(roster.is_worth(opening), expected, "{runs:?} {tokens_ahead} {crowded}");
        }
    }
}
