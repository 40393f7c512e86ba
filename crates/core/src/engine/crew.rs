//! Threads that run batches, and stay between runs.
//!
//! A thread that begins or ends takes locks of the standard library, and a child that is forked in that instant waits for
//! them for ever. Threads that stay seldom begin or end, and a run does not wait until they have started.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::PerProcess;

/// How many stay at most; more than run at once on most machines.
const MOST_IDLE: usize = 64;

static CREW: PerProcess<Arc<Crew>> = PerProcess::new();

type Work = Box<dyn FnOnce() + Send>;

/// The threads of a process.
#[derive(Default)]
struct Crew {
    state: Mutex<State>,
    /// There is work that no thread has taken.
    given: Condvar,
}

#[derive(Default)]
struct State {
    given: VecDeque<Work>,
    idle: usize,
}

/// Work that a thread has.
pub(super) struct Given {
    ended: Receiver<()>,
}

impl Given {
    /// Waits until it has ended.
    pub(super) fn wait(self) {
        // Nothing is sent: the other end is dropped after the work, and by its panic.
        self.ended.recv().unwrap_or_default();
    }
}

/// Gives work to a thread of this process; none where the system has no thread to give.
pub(super) fn give(work: impl FnOnce() + Send + 'static) -> Option<Given> {
    CREW.get().give(work)
}

impl Crew {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(self: &Arc<Self>, work: impl FnOnce() + Send + 'static) -> Option<Given> {
        let (end, ended) = channel();
        let work = Box::new(move || {
            let _end: Sender<()> = end;
            work();
        });
        let mut state = self.state();
        if state.idle > state.given.len() {
            state.given.push_back(work);
            drop(state);
            self.given.notify_one();
        } else {
            drop(state);
            let crew = self.clone();
            std::thread::Builder::new().name("embedkit-run".to_owned()).spawn(move || crew.serve(work)).ok()?;
        }
        Some(Given { ended })
    }

    /// Does this and what comes after it.
    fn serve(&self, work: Work) {
        let mut next = Some(work);
        while let Some(work) = next {
            // Whoever waits for results raises the panic.
            drop(catch_unwind(AssertUnwindSafe(work)));
            next = self.next();
        }
    }

    /// Waits for more; none where enough wait already.
    fn next(&self) -> Option<Work> {
        let mut state = self.state();
        if state.idle >= MOST_IDLE {
            return None;
        }
        state.idle += 1;
        loop {
            if let Some(work) = state.given.pop_front() {
                state.idle -= 1;
                return Some(work);
            }
            state = self.given.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread::ThreadId;

    use super::*;

    /// The threads that this is done on so many times, one after another.
    fn threads(crew: &Arc<Crew>, times: usize) -> Vec<ThreadId> {
        let once = |_| {
            let (tell, told) = channel();
            crew.give(move || tell.send(std::thread::current().id()).unwrap()).unwrap().wait();
            // It is idle a moment after its work has ended.
            while crew.state().idle == 0 {
                std::thread::yield_now();
            }
            told.recv().unwrap()
        };
        (0..times).map(once).collect()
    }

    #[test]
    fn threads_stay_and_outlive_a_panic() {
        let crew = Arc::new(Crew::default());
        let before = threads(&crew, 5);
        crew.give(|| panic!("work that fails")).unwrap().wait();
        while crew.state().idle == 0 {
            std::thread::yield_now();
        }
        let after = threads(&crew, 5);
        assert!(before.iter().chain(&after).all(|thread| *thread == before[0]), "{before:?} {after:?}");
    }

    #[test]
    fn work_that_waits_for_other_work_has_a_thread_of_its_own() {
        const AT_ONCE: usize = 2 * MOST_IDLE;
        let crew = Arc::new(Crew::default());
        for _ in 0..3 {
            let barrier = Arc::new(Barrier::new(AT_ONCE));
            let begin = |_| {
                let barrier = barrier.clone();
                let meet = move || {
                    barrier.wait();
                };
                crew.give(meet).unwrap()
            };
            let all: Vec<Given> = (0..AT_ONCE).map(begin).collect();
            all.into_iter().for_each(Given::wait);
        }
        assert!(crew.state().idle <= MOST_IDLE);
    }

    #[test]
    fn what_work_holds_is_let_go_before_it_has_ended() {
        let held = Arc::new(());
        let also = held.clone();
        give(move || drop(also)).unwrap().wait();
        let also = held.clone();
        give(move || assert!(Arc::strong_count(&also) > 1)).unwrap().wait();
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
