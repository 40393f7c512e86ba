//! Threads that the sessions of a process share.
//!
//! A thread that has done its part of a run waits busily for the next one, for some forty milliseconds: a model that is
//! asked again finds it awake. Beside threads of another model it takes a core from those. Where a query goes through two
//! models, an embedder and a reranker, each took twice to three times as long as alone (all-MiniLM-L6-v2 twice, 12 to 128
//! tokens, two cores). So sessions that use every core have threads in common: which of them runs changes nothing for
//! these, and nothing in the results. They are started with the runtime, where the first model can have them: a program
//! of many processes with few threads each has no others, nor one whose threads are not to wait busily.

use ort::environment::GlobalThreadPoolOptions;

use crate::session::usable_cores;

/// One thread for each core, the caller's counted.
#[derive(Debug)]
pub(super) struct SharedThreads {
    count: usize,
    /// The process that started them: threads do not survive a fork.
    process: u32,
}

impl SharedThreads {
    /// What an environment starts them from.
    pub(super) fn new() -> ort::Result<(GlobalThreadPoolOptions, Self)> {
        let count = usable_cores();
        // Operators run one after another in every session, so that none run between them.
        let options = GlobalThreadPoolOptions::default().with_intra_threads(count)?.with_inter_threads(1)?;
        Ok((options, Self { count, process: std::process::id() }))
    }

    /// Whether a session of so many threads can have these.
    pub(super) fn are(&self, count: usize) -> bool {
        // One is the caller's, and takes no other.
        count > 1 && self.count == count && self.process == std::process::id()
    }
}
