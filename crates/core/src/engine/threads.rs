//! The threads that inputs are prepared on.

use std::sync::{Arc, OnceLock};

use rayon::ThreadPool;

use crate::limits::check_count;
use crate::{Error, PerProcess, Result};

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

static SHARED: Pools = Pools { threads: 0, of_process: PerProcess::new() };

/// A pool of so many threads in every process of a line of forks.
#[derive(Debug)]
pub(super) struct Pools {
    threads: usize,
    of_process: PerProcess<OnceLock<Option<ThreadPool>>>,
}

impl Pools {
    /// Pools of which this process has its own already.
    fn begun(threads: usize, pool: ThreadPool) -> Self {
        let pools = Self { threads, of_process: PerProcess::new() };
        pools.of_process.get().get_or_init(|| Some(pool));
        pools
    }

    /// The pool of this process; none where the system has no threads to give.
    fn get(&self) -> Option<&ThreadPool> {
        let start = || {
            start(self.threads).inspect_err(|error| {
                tracing::warn!(%error, "threads cannot be started, so inputs are prepared on the calling one");
            })
        };
        self.of_process.get().get_or_init(|| start().ok()).as_ref()
    }
}
