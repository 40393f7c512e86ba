//! The threads that inputs are prepared on.

use std::sync::{Arc, OnceLock};

use rayon::ThreadPool;

use crate::limits::check_count;
use crate::{Error, Result};

/// Where inputs are prepared.
#[derive(Clone, Debug)]
pub(super) enum Threads {
    /// On the calling thread.
    Calling,
    /// On a pool that all engines of this process share.
    Shared,
    /// On a pool of this engine's own.
    Own(Arc<Pools>),
}

impl Threads {
    /// So many threads. Default: as many as the process may use, shared by all engines.
    pub(super) fn new(threads: Option<usize>) -> Result<Self> {
        check_count("threads", threads)?;
        match threads {
            None => Ok(Self::Shared),
            Some(1) => Ok(Self::Calling),
            Some(count) => match start(count) {
                Ok(pool) => Ok(Self::Own(Arc::new(Pools::begun(count, pool)))),
                Err(error) => Err(Error::option("threads", format!("{count} threads cannot be started: {error}"))),
            },
        }
    }

    /// The pool; none where the calling thread does the work.
    pub(super) fn pool(&self) -> Option<&ThreadPool> {
        match self {
            Self::Calling => None,
            Self::Shared => SHARED.get(),
            Self::Own(pools) => pools.get(),
        }
    }
}

/// A pool of so many threads; of as many as the process may use for 0.
fn start(threads: usize) -> Result<ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|n| format!("embedkit-{n}")).build()
}

static SHARED: Pools = Pools { threads: 0, first: OnceLock::new() };

/// A pool of so many threads in every process of a line of forks.
///
/// A pool's threads do not survive a fork, and whoever waits for them in the child waits for ever. So every process
/// has a pool of its own, at the end of a list that is read without a lock.
#[derive(Debug)]
pub(super) struct Pools {
    threads: usize,
    first: OnceLock<Box<ProcessPool>>,
}

/// The pool of one process, and those of the processes that were forked from it.
#[derive(Debug)]
struct ProcessPool {
    process: u32,
    threads: Option<ThreadPool>,
    next: OnceLock<Box<Self>>,
}

impl Pools {
    /// Pools of which this process has its own already.
    fn begun(threads: usize, pool: ThreadPool) -> Self {
        Self { threads, first: OnceLock::from(Box::new(ProcessPool::of_this_process(Some(pool)))) }
    }

    /// The pool of this process; none where the system has no threads to give.
    fn get(&self) -> Option<&ThreadPool> {
        let process = std::process::id();
        let mut link = &self.first;
        while let Some(pool) = link.get() {
            if pool.process == process {
                return pool.threads.as_ref();
            }
            link = &pool.next;
        }
        let threads = start(self.threads).inspect_err(|error| {
            tracing::warn!(%error, "threads cannot be started, so inputs are prepared on the calling one");
        });
        // Whoever lost a race to another thread uses the other's, and this one ends.
        drop(link.set(Box::new(ProcessPool::of_this_process(threads.ok()))));
        link.get().and_then(|pool| pool.threads.as_ref())
    }
}

impl ProcessPool {
    fn of_this_process(threads: Option<ThreadPool>) -> Self {
        Self { process: std::process::id(), threads, next: OnceLock::new() }
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        // Another process's threads cannot be told to end.
        if self.process != std::process::id() {
            std::mem::forget(self.threads.take());
        }
    }
}
