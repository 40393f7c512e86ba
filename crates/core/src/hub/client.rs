//! Requests that follow redirects, keep the token at home, and are tried again when that may help.

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::event::EventHandler;
use super::transport::{Request, Response, Transport};
use super::{HubError, HubEvent, url};

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 10;
/// The longest wait before a retry, whatever the server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Sends requests to the hub and to where it redirects.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) transport: Arc<dyn Transport>,
    /// Who may see the token.
    pub(super) origin: String,
    pub(super) token: Option<String>,
    pub(super) retries: u32,
    pub(super) backoff: Duration,
    pub(super) on_event: Option<EventHandler>,
}

/// One try's failure.
pub(super) struct Failure {
    pub(super) error: HubError,
    /// Whether another try may help.
    pub(super) heals: bool,
    /// Whether so much was achieved that earlier failures no longer count.
    pub(super) progressed: bool,
    /// The wait that the server asks for.
    pub(super) retry_after: Option<Duration>,
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self { error, heals: false, progressed: false, retry_after: None }
    }
}

impl Failure {
    /// A failure that another try may heal.
    pub(super) fn passing(error: HubError) -> Self {
        Self { heals: true, ..error.into() }
    }
}

impl Client {
    /// Tells what is going on.
    pub(super) fn tell(&self, event: HubEvent) {
        tracing::trace!(?event, "hub");
        if let Some(handler) = &self.on_event {
            handler(&event);
        }
    }

    /// This client, trying once.
    pub(super) fn without_retries(&self) -> Self {
        Self { retries: 0, ..self.clone() }
    }

    /// Tries until it works, the failure is final, or it was tried often enough.
    pub(super) fn retrying<T>(
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
            if !failure.heals || failures >= self.retries {
                return Err(failure.error);
            }
            let wait = failure.retry_after.unwrap_or_else(|| self.wait(failures)).min(LONGEST_WAIT);
            failures += 1;
            let reason = failure.error.to_string();
            tracing::debug!(file, failures, ?wait, reason, "hub: trying again");
            self.tell(HubEvent::Retrying { file: file.to_owned(), attempt: failures, wait, reason });
            std::thread::sleep(wait);
        }
    }

    /// Doubles with each failure, with a quarter of chance, so that clients do not come back all at once.
    fn wait(&self, failures: u32) -> Duration {
        let base = self.backoff.saturating_mul(1u32.checked_shl(failures).unwrap_or(u32::MAX));
        let chance = std::hash::RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64;
        base.min(LONGEST_WAIT).mul_f64(0.75 + chance / 2.0)
    }

    /// One request, with redirects followed until `is_final` accepts an answer that is one.
    ///
    /// Answers are successes and 404s (and 416s); other statuses are failures.
    pub(super) fn send(
        &self,
        head: bool,
        address: &str,
        from: u64,
        is_final: impl Fn(&Response) -> bool,
    ) -> Result<Response, Failure> {
        let mut current = address.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let token = self.token.as_deref().filter(|_| url::origin(&current).as_ref() == Some(&self.origin));
            let request = Request { head, url: &current, token, from };
            let response = self.transport.send(&request).map_err(|error| Failure {
                heals: error.heals,
                ..HubError::Network { url: url::redacted(&current), message: error.message, source: error.source }
                    .into()
            })?;
            if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
                return self.judge(&current, token.is_some(), response);
            }
            if is_final(&response) {
                return Ok(response);
            }
            let next = response.header("location").and_then(|location| url::join(&current, location));
            let wrong =
                |message: &str| HubError::Protocol { url: url::redacted(&current), message: message.to_owned() };
            let next = next.ok_or_else(|| wrong("it redirects to nowhere"))?;
            if current.starts_with("https:") && !next.to_ascii_lowercase().starts_with("https:") {
                return Err(wrong("it redirects from https to plain http, which is not followed").into());
            }
            current = next;
        }
        Err(HubError::Protocol { url: url::redacted(address), message: "it redirects without end".to_owned() }.into())
    }

    fn judge(&self, address: &str, sent_token: bool, response: Response) -> Result<Response, Failure> {
        let url = url::redacted(address);
        let status = response.status;
        match status {
            200..=299 | 404 | 416 => Ok(response),
            401 | 403 => {
                Err(HubError::Refused { url, status, advice: self.refusal(address, sent_token, &response) }.into())
            }
            408 | 425 | 429 | 500..=599 => {
                let retry_after = response.number("retry-after").map(Duration::from_secs);
                Err(Failure { retry_after, ..Failure::passing(HubError::Status { url, status }) })
            }
            _ => Err(HubError::Status { url, status }.into()),
        }
    }

    fn refusal(&self, address: &str, sent_token: bool, response: &Response) -> String {
        let is_gated = response.header("x-error-code") == Some("GatedRepo");
        if url::origin(address).as_ref() != Some(&self.origin) {
            "the file's storage refused; the link may have expired, try again".to_owned()
        } else if is_gated {
            "the repository is gated: accept its terms on its page, and set HF_TOKEN to a token of that account"
                .to_owned()
        } else if sent_token {
            "the repository does not exist, or the token (HF_TOKEN) is wrong or has no access to it".to_owned()
        } else {
            "the repository does not exist, or is private: set HF_TOKEN to a token that may read it".to_owned()
        }
    }
}
