//! The threads that many documents are scored on.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

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
    static POOLS: Pools = Pools::new();
    POOLS.of(std::process::id())
}

/// The pools of a process and of those that it was forked from, oldest first, in a list that is read without a lock.
struct Pools(OnceLock<Box<ProcessPool>>);

struct ProcessPool {
    process: u32,
    threads: Option<ThreadPool>,
    younger: Pools,
}

impl Pools {
    const fn new() -> Self {
        Self(OnceLock::new())
    }

    fn of(&self, process: u32) -> Option<&ThreadPool> {
        let mut link = self;
        while let Some(pool) = link.0.get() {
            if pool.process == process {
                return pool.threads.as_ref();
            }
            link = &pool.younger;
        }
        let threads = ThreadPoolBuilder::new().thread_name(|n| format!("embedkit-vector-{n}")).build().ok();
        // Whoever lost a race to another thread uses the other's, and this one ends.
        drop(link.0.set(Box::new(ProcessPool { process, threads, younger: Self::new() })));
        link.0.get().and_then(|pool| pool.threads.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_has_a_pool_of_its_own() {
        let pools = Pools::new();
        let of = |process| std::ptr::from_ref(pools.of(process).unwrap());
        let (parent, child, grandchild) = (of(1), of(2), of(3));
        assert!(parent != child && child != grandchild && parent != grandchild);
        assert_eq!([of(1), of(2), of(3)], [parent, child, grandchild], "and keeps it");
        assert_eq!(pools.of(3).unwrap().install(|| 7), 7);
    }

    #[test]
    fn many_who_ask_at_once_get_one() {
        let pools = Pools::new();
        let asked = || std::ptr::from_ref(pools.of(1).unwrap()).addr();
        let all = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8).map(|_| scope.spawn(asked)).collect();
            asking.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(all.iter().all(|pool| *pool == asked()), "{all:?}");
    }
}
