//! Waiting for answers.

use tokio::runtime::{Builder, Handle};

/// A runtime for the client, whose callers wait.
pub(super) struct Runtime {
    handle: Handle,
    /// None once it is dropped.
    own: Option<tokio::runtime::Runtime>,
}

impl Runtime {
    pub(super) fn new() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("qdrant").enable_all().build()?;
        Ok(Self { handle: runtime.handle().clone(), own: Some(runtime) })
    }

    /// What comes of a future, in whatever runtime the caller is.
    pub(super) fn wait<T: Send>(&self, future: impl Future<Output = T> + Send) -> T {
        if Handle::try_current().is_err() {
            return self.handle.block_on(future);
        }
        // A thread of a runtime may not wait; another may.
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| self.handle.block_on(future));
            waiting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Waiting for its threads is refused inside of other runtimes.
        if let Some(runtime) = self.own.take() {
            runtime.shutdown_background();
        }
    }
}
