//! What a connection is at.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// What a connection is at: a request is worked on, or one is waited for.
#[derive(Debug)]
pub(super) struct Phase {
    state: Mutex<State>,
    told: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A request is worked on: nothing is expected of the client.
    Busy,
    /// None is, since then.
    Idle(Instant),
    /// It is to end, as another connection needs its place.
    Leaving,
}

impl Default for Phase {
    fn default() -> Self {
        Self { state: Mutex::new(State::Idle(Instant::now())), told: Notify::new() }
    }
}

impl Phase {
    /// A request's head is there.
    pub(super) fn begin(&self) {
        *self.state() = State::Busy;
    }

    /// A request is answered.
    pub(super) fn end(&self) {
        *self.state() = State::Idle(Instant::now());
    }

    /// Something was sent to the client.
    pub(super) fn sent(&self) {
        if let State::Idle(since) = &mut *self.state() {
            *since = Instant::now();
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        *self.state() == State::Busy
    }

    /// Since when no request is worked on; none while one is, and for a connection that is to end.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        match *self.state() {
            State::Idle(since) => Some(since),
            State::Busy | State::Leaving => None,
        }
    }

    /// Tells the connection to end, if it is idle since then as before: a request that began meanwhile is answered.
    pub(super) fn leave(&self, since: Instant) {
        let mut state = self.state();
        if *state == State::Idle(since) {
            *state = State::Leaving;
            self.told.notify_one();
        }
    }

    #[cfg(test)]
    pub(super) fn is_leaving(&self) -> bool {
        *self.state() == State::Leaving
    }

    /// Waits until the connection is to end, which may never be.
    pub(super) async fn left(&self) {
        // A request that came in the same moment is answered.
        while *self.state() != State::Leaving {
            self.told.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_seen_idle_leaves_only_if_nothing_happened_since() {
        type Act = fn(&Phase);
        let pause = || std::thread::sleep(std::time::Duration::from_millis(1));
        for (meanwhile, leaves) in [
            ((|_| ()) as Act, true),
            (Phase::begin, false),
            (|phase| [Phase::begin, Phase::end].iter().for_each(|act| act(phase)), false),
            (Phase::sent, false),
        ] {
            let phase = Phase::default();
            let since = phase.idle_since().unwrap();
            pause();
            meanwhile(&phase);
            phase.leave(since);
            assert_eq!(phase.is_leaving(), leaves);
        }
    }
}
