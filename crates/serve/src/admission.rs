//! How much a server takes on: requests, and the bytes of their bodies, of the images that these name, and of answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;

use crate::config::Config;
use crate::error::{ApiError, ApiResult, Case};
use crate::metrics::Metrics;

/// How much a server takes on. Clones share their counts.
#[derive(Clone)]
pub(crate) struct Admission(Arc<Inner>);

struct Inner {
    max_requests: usize,
    max_body: usize,
    max_buffered: usize,
    requests: AtomicUsize,
    buffered: AtomicUsize,
    /// How long what was taken on will take, about.
    wait: Box<dyn Fn() -> Duration + Send + Sync>,
    metrics: Arc<Metrics>,
}

/// A request that was let in; it is counted until this is dropped.
pub(crate) struct Permit(Arc<Inner>);

/// Bytes that are held of a request: of its body, and of what is fetched for it. They are counted until this and all clones
/// of it are dropped.
#[derive(Clone)]
pub(crate) struct Reservation(Arc<Held>);

struct Held {
    inner: Arc<Inner>,
    bytes: AtomicUsize,
}

/// An answer that is not sent yet, with its reservation.
struct Unsent {
    answer: Vec<u8>,
    _reservation: Reservation,
}

impl AsRef<[u8]> for Unsent {
    fn as_ref(&self) -> &[u8] {
        &self.answer
    }
}

impl Admission {
    /// `wait` tells how long what was taken on will take, for clients that are refused.
    pub(crate) fn new(
        config: &Config,
        wait: impl Fn() -> Duration + Send + Sync + 'static,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self(Arc::new(Inner {
            max_requests: config.max_requests,
            max_body: config.max_body,
            max_buffered: config.max_buffered,
            requests: AtomicUsize::new(0),
            buffered: AtomicUsize::new(0),
            wait: Box::new(wait),
            metrics,
        }))
    }

    /// Lets a request in.
    pub(crate) fn admit(&self) -> ApiResult<Permit> {
        let inner = &self.0;
        if inner.requests.fetch_add(1, Ordering::Relaxed) >= inner.max_requests {
            inner.requests.fetch_sub(1, Ordering::Relaxed);
            inner.metrics.rejected("", "requests");
            let message = format!("{} requests are under way, which is as many as there may be", inner.max_requests);
            return Err(inner.overloaded(message));
        }
        inner.metrics.in_flight.inc();
        Ok(Permit(inner.clone()))
    }

    /// Requests under way.
    pub(crate) fn requests(&self) -> usize {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// No bytes yet, of a request that may have some.
    pub(crate) fn reservation(&self) -> Reservation {
        Reservation(Arc::new(Held { inner: self.0.clone(), bytes: AtomicUsize::new(0) }))
    }

    /// An answer on its way, counted until it is sent or its connection ends: a client may read it slowly, or not at all. It is
    /// never refused, as its work is done; the bodies that come meanwhile are.
    pub(crate) fn unsent(&self, answer: Vec<u8>) -> Bytes {
        let reservation = self.reservation();
        reservation.0.add(answer.capacity());
        Bytes::from_owner(Unsent { answer, _reservation: reservation })
    }
}

impl Inner {
    fn overloaded(&self, message: impl Into<String>) -> ApiError {
        ApiError::new(Case::Overloaded((self.wait)()), message)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.in_flight.dec();
    }
}

impl Reservation {
    /// Reserves until there are so many bytes in all.
    pub(crate) fn grow_to(&self, bytes: usize) -> ApiResult<()> {
        self.grow(bytes.saturating_sub(self.bytes()))
    }

    /// Reserves so many bytes more. What is fetched for a request counts as if it had come in the request's body.
    pub(crate) fn grow(&self, more: usize) -> ApiResult<()> {
        let inner = &self.0.inner;
        if self.bytes().saturating_add(more) > inner.max_body {
            let message = format!(
                "the body, with the images that are fetched for it, is larger than {} bytes: send several requests",
                inner.max_body
            );
            return Err(ApiError::new(Case::TooLarge, message));
        }
        if more == 0 {
            // What was let in is not refused for answers that came after it.
            return Ok(());
        }
        if inner.buffered.fetch_add(more, Ordering::Relaxed) + more > inner.max_buffered {
            inner.buffered.fetch_sub(more, Ordering::Relaxed);
            inner.metrics.rejected("", "bytes");
            return Err(inner.overloaded("other requests' bodies and answers fill the memory for them"));
        }
        self.0.note(more);
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }
}

impl Held {
    /// Reserves more, whatever there is already.
    fn add(&self, bytes: usize) {
        self.inner.buffered.fetch_add(bytes, Ordering::Relaxed);
        self.note(bytes);
    }

    /// Notes that so many bytes more were reserved.
    fn note(&self, bytes: usize) {
        self.inner.metrics.buffered.inc_by(bytes as i64);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let bytes = *self.bytes.get_mut();
        self.inner.buffered.fetch_sub(bytes, Ordering::Relaxed);
        self.inner.metrics.buffered.dec_by(bytes as i64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission() -> Admission {
        let mut config = Config::default();
        (config.max_requests, config.max_body, config.max_buffered) = (2, 10, 15);
        Admission::new(&config, || Duration::from_secs(7), Arc::new(Metrics::new(false)))
    }

    #[test]
    fn requests_are_let_in_up_to_their_bound() {
        let admission = admission();
        let first = admission.admit().unwrap_or_else(|error| panic!("{error:?}"));
        let _second = admission.admit();
        let wait = Duration::from_secs(7);
        assert_eq!(admission.admit().map_err(|error| error.case).err(), Some(Case::Overloaded(wait)));
        drop(first);
        assert!(admission.admit().is_ok());
        assert_eq!(admission.requests(), 1);
    }

    #[test]
    fn bodies_share_their_memory() {
        let admission = admission();
        let (first, second) = (admission.reservation(), admission.reservation());
        assert!(first.grow_to(4).is_ok() && first.grow_to(10).is_ok());
        assert_eq!(first.grow_to(11).map_err(|error| error.case).err(), Some(Case::TooLarge));
        assert!(matches!(second.grow_to(6), Err(ApiError { case: Case::Overloaded(_), .. })));
        assert!(second.grow_to(5).is_ok());
        drop(first);
        assert!(second.grow_to(10).is_ok());
    }

    #[test]
    fn answers_that_are_not_sent_take_of_the_memory_for_bodies() {
        let admission = admission();
        let (first, second) = (admission.reservation(), admission.reservation());
        assert!(first.grow_to(8).is_ok());
        let answer = admission.unsent(vec![b'x'; 100]);
        assert_eq!((&answer[..], admission.0.metrics.buffered.get()), (&[b'x'; 100][..], 108));
        assert!(first.grow_to(8).is_ok(), "what was let in stays so");
        assert!(matches!(second.grow_to(1), Err(ApiError { case: Case::Overloaded(_), .. })));
        let part = answer.slice(90..);
        drop(answer);
        assert!(second.grow_to(1).is_err(), "a part of it is held still");
        drop((part, first));
        assert!(second.grow_to(1).is_ok());
        assert_eq!(admission.0.metrics.buffered.get(), 1);
    }
}
