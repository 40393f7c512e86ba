//! The threads that many documents are scored on.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::PerProcess;

/// How many multiplications a thread should get at least: what it takes to wake one is then little beside them. Tests
/// share less.
pub(super) const PIECE: usize = if cfg!(test) { 1 << 8 } else { 1 << 20 };

/// The threads to do so many multiplications on; none if they are too few to share.
pub(super) fn for_work(multiplications: usize) -> Option<&'static ThreadPool> {
    if multiplications < 16 * PIECE { None } else { pool() }
}

/// The pool of this process, with a thread for each processor it may use; none where the system has no threads to give.
///
/// Not rayon's own pool, which all of a program shares: its threads do not survive a fork, and whoever waits for them in
/// the child waits for ever. Here every process of a line of forks has a pool of its own, started when first asked for.
fn pool() -> Option<&'static ThreadPool> {
    static POOLS: PerProcess<OnceLock<Option<ThreadPool>>> = PerProcess::new();
    let start = || ThreadPoolBuilder::new().thread_name(|n| format!("embedkit-vector-{n}")).build().ok();
    POOLS.get().get_or_init(start).as_ref()
}
