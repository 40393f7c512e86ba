//! What every download shares: where it comes from and goes to, how often it is tried, and who is told.

use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::event::EventHandler;
use crate::failure::Failure;
use crate::transport::{Http, Transport};
use crate::{HubError, HubEvent};

/// The longest wait before a retry, whatever the server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// What every download shares.
#[derive(Clone)]
pub(crate) struct Downloader {
    /// The cache folder.
    pub(crate) cache: PathBuf,
    /// Reaches the files of repositories.
    pub(crate) transport: Arc<dyn Transport>,
    /// Reaches any address.
    pub(crate) http: Arc<Http>,
    pub(crate) retries: u32,
    pub(crate) backoff: Duration,
    /// In this time some bytes must come, or the transfer counts as stalled.
    pub(crate) read_timeout: Duration,
    pub(crate) max_file_bytes: u64,
    pub(crate) max_unpacked_bytes: u64,
    pub(crate) on_event: Option<EventHandler>,
}

impl Downloader {
    /// Tells what is going on.
    pub(crate) fn tell(&self, event: HubEvent) {
        tracing::trace!(?event, "hub");
        if let Some(handler) = &self.on_event {
            handler(&event);
        }
    }

    /// This downloader, trying once.
    pub(crate) fn without_retries(&self) -> Self {
        Self { retries: 0, ..self.clone() }
    }

    /// Tries until it works, the failure is final, or it was tried often enough.
    pub(crate) fn retrying<T>(
        &self,
        file: &str,
        mut attempt: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, HubError> {
        let mut failures = 0;
        loop {
            let failure = match attempt() {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            if failure.progressed {
                failures = 0;
            }
            if !failure.error.is_retryable() || failures >= self.retries {
                return Err(failure.error);
            }
            let wait = failure.retry_after.unwrap_or_else(|| self.wait(failures)).min(LONGEST_WAIT);
            failures += 1;
            let reason = failure.error.with_causes();
            tracing::debug!(file, failures, ?wait, reason, "hub: trying again");
            self.tell(HubEvent::Retrying { file: file.to_owned(), attempt: failures, wait, reason });
            std::thread::sleep(wait);
        }
    }

    /// Doubles with each failure, and is up to a quarter shorter or longer by chance, so that clients that failed
    /// together do not come back together.
    fn wait(&self, failures: u32) -> Duration {
        let base = self.backoff.saturating_mul(1u32.checked_shl(failures).unwrap_or(u32::MAX));
        let chance = std::hash::RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64;
        base.min(LONGEST_WAIT).mul_f64(0.75 + chance / 2.0)
    }
}
