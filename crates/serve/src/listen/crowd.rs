//! The connections there are. Where there are as many as may be, one that asks nothing makes room for the next.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::gauge::Gauge;

use super::phase::Phase;

/// The connections there are.
pub(super) struct Crowd {
    members: Mutex<Members>,
    /// Shows how many there are.
    count: Gauge,
}

#[derive(Default)]
struct Members {
    phases: BTreeMap<u64, Arc<Phase>>,
    arrivals: u64,
}

/// A connection's place among them, until this is dropped, however its connection ends.
pub(super) struct Member {
    crowd: Arc<Crowd>,
    number: u64,
    pub(super) phase: Arc<Phase>,
}

impl Crowd {
    /// None yet; `count` shows how many there are.
    pub(super) fn new(count: Gauge) -> Self {
        Self { members: Mutex::default(), count }
    }

    /// One connection more.
    pub(super) fn enter(self: &Arc<Self>) -> Member {
        let phase = Arc::new(Phase::default());
        let mut members = self.members();
        members.arrivals += 1;
        let number = members.arrivals;
        members.phases.insert(number, phase.clone());
        drop(members);
        self.count.inc();
        Member { crowd: self.clone(), number, phase }
    }

    /// Ends the connection on which nothing has been asked for the longest, if there is one.
    pub(super) fn make_room(&self) {
        let members = self.members();
        let idle = members.phases.values().filter_map(|phase| Some((phase.idle_since()?, phase)));
        if let Some((since, phase)) = idle.min_by_key(|(since, _)| *since) {
            phase.leave(since);
        }
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crowd.members().phases.remove(&self.number);
        self.crowd.count.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_asked_nothing_for_the_longest_leaves_first() {
        let count = Gauge::default();
        let crowd = Arc::new(Crowd::new(count.clone()));
        let [busy, first, second] = [(); 3].map(|()| crowd.enter());
        assert_eq!(count.get(), 3);
        busy.phase.begin();
        crowd.make_room();
        assert_eq!([&busy, &first, &second].map(|member| member.phase.is_leaving()), [false, true, false]);
        crowd.make_room();
        assert!(second.phase.is_leaving(), "who was told already is not told again");
        crowd.make_room();
        assert!(!busy.phase.is_leaving(), "a request that is worked on goes on");
        busy.phase.end();
        drop((first, second));
        crowd.make_room();
        assert!(busy.phase.is_leaving());
        let served = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _busy = busy;
            panic!("while it is served");
        }));
        assert!(served.is_err());
        assert!(crowd.members().phases.is_empty());
        assert_eq!(count.get(), 0);
    }
}
