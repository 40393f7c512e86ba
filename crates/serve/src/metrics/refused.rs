//! Refusals, told of once a second: under too much load a line for each would be load too.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often refusals are told of.
const EVERY: Duration = Duration::from_secs(1);

/// Refusals since the log last told of them.
pub(super) struct Refused(Mutex<State>);

struct State {
    told: Instant,
    /// By model, if one was meant, and reason.
    counts: BTreeMap<(String, &'static str), u64>,
}

impl Refused {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State { told: Instant::now(), counts: BTreeMap::new() }))
    }

    /// Counts a refusal.
    pub(super) fn count(&self, model: &str, reason: &'static str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state.counts.entry((model.to_owned(), reason)).or_default() += 1;
    }

    /// Tells of those that there were, if it is time.
    pub(super) fn tell(&self) {
        for ((model, reason), requests) in self.due() {
            tracing::info!(model, reason, requests, "refused");
        }
    }

    /// Those that are to be told of.
    fn due(&self) -> BTreeMap<(String, &'static str), u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.told.elapsed() < EVERY {
            return BTreeMap::new();
        }
        state.told = Instant::now();
        std::mem::take(&mut state.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_of_once_a_second() {
        let refused = Refused::new();
        (0..3).for_each(|_| refused.count("m", "queue"));
        refused.count("", "bytes");
        assert!(refused.due().is_empty(), "it is too early");
        refused.0.lock().unwrap().told -= EVERY;
        let told: Vec<_> = refused.due().into_iter().collect();
        assert_eq!(told, [(("".to_owned(), "bytes"), 1), (("m".to_owned(), "queue"), 3)]);
        refused.0.lock().unwrap().told -= EVERY;
        assert!(refused.due().is_empty(), "each is told of once");
    }
}
