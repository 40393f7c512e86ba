//! Waiting for answers.

use tokio::runtime::{Builder, Handle};

/// A runtime for the client, whose callers wait.
pub(super) struct Runtime(Option<tokio::runtime::Runtime>);

impl Runtime {
    pub(super) fn new() -> std::io::Result<Self> {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("qdrant")
            .enable_all()
            .build()
            .map(|it| Self(Some(it)))
    }

    /// What comes of a future, in whatever runtime the caller is.
    pub(super) fn wait<T: Send>(&self, future: impl Future<Output = T> + Send) -> T {
        let runtime = match &self.0 {
            Some(runtime) => runtime.handle().clone(),
            None => Handle::current(),
        };
        if Handle::try_current().is_err() {
            return runtime.block_on(future);
        }
        // A thread of a runtime may not wait; another may.
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| runtime.block_on(future));
            waiting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Waiting for its threads is refused inside of other runtimes.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
