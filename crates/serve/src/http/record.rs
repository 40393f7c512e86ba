//! What is noted of a request: its id, its line in the log, its place in the counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, StatusCode};

use super::Stats;
use super::meant::Meant;
use crate::app::App;
use crate::error::{ApiError, Dialect};
use crate::metrics::Answered;
use crate::traces::{RequestSpan, TraceParent};

/// A request's id: the caller's, or one that was made.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

impl RequestId {
    /// The caller's, if it is at most 128 visible ASCII characters; else a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        let is_fine = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        Self(given.filter(is_fine).map_or_else(Self::made, Into::into))
    }

    fn made() -> Arc<str> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{:x}-{number:x}", now.as_micros(), std::process::id()).into()
    }
}

/// A request that is noted when it is answered, when its client goes before, or when its handler panics.
pub(super) struct Record {
    app: Arc<App>,
    id: RequestId,
    /// The trace that it is a part of.
    parent: Option<TraceParent>,
    route: &'static str,
    dialect: Dialect,
    meant: Meant,
    pub(super) started: Instant,
    is_noted: bool,
}

/// What the log calls a request whose client went: no answer was sent.
const CLIENT_GONE: u16 = 499;

impl Record {
    pub(super) fn new(
        app: Arc<App>,
        id: RequestId,
        headers: &HeaderMap,
        route: &'static str,
        dialect: Dialect,
        meant: Meant,
    ) -> Self {
        let parent = TraceParent::of(headers);
        Self { app, id, parent, route, dialect, meant, started: Instant::now(), is_noted: false }
    }

    /// Notes an answer with results.
    pub(super) fn succeeded(mut self, stats: &Stats) {
        self.note(StatusCode::OK.as_u16(), Some(stats), None);
    }

    /// Notes an answer that is an error.
    pub(super) fn failed(mut self, error: &ApiError) {
        self.fail(error);
    }

    fn fail(&mut self, error: &ApiError) {
        let code = error.case.status(error.dialect.unwrap_or(self.dialect)).as_u16();
        self.note(code, None, Some(error));
    }

    fn note(&mut self, code: u16, stats: Option<&Stats>, error: Option<&ApiError>) {
        self.is_noted = true;
        let model = self.meant.name();
        let took = self.started.elapsed();
        self.app.metrics.answered(&Answered {
            route: self.route,
            model,
            code,
            took,
            tei_error: error.map(|error| error.case.tei_type()).or((code == CLIENT_GONE).then_some("Cancelled")),
            is_tei: self.dialect == Dialect::Tei,
        });
        let means = stats.map(Stats::means).unwrap_or_default();
        let (inputs, tokens) = (stats.map(|stats| stats.inputs), stats.map(|stats| stats.tokens));
        self.app.traces.note(&RequestSpan {
            id: &self.id.0,
            parent: self.parent,
            route: self.route,
            model,
            code,
            inputs: inputs.unwrap_or(0),
            tokens: tokens.unwrap_or(0),
            ended: SystemTime::now(),
            took,
            waited: means.queue,
            ran: means.run,
        });
        if error.is_some_and(|error| error.case.is_refusal()) {
            // The log tells how many there were, once a second.
            return;
        }
        let milliseconds = |time: Duration| (time.as_secs_f64() * 1e5).round() / 1e2;
        tracing::info!(
            id = &*self.id.0,
            trace = self.parent.map(tracing::field::display),
            route = self.route,
            model,
            code,
            inputs,
            tokens,
            ms = milliseconds(took),
            waited_ms = stats.map(|_| milliseconds(means.queue)),
            ran_ms = stats.map(|_| milliseconds(means.run)),
            "request"
        );
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        match (self.is_noted, std::thread::panicking()) {
            (true, _) => {}
            (false, true) => self.fail(&ApiError::of_panic()),
            (false, false) => self.note(CLIENT_GONE, None, None),
        }
    }
}
