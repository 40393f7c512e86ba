//! Spans of requests, for programs that collect traces. Nothing is sent unless the operator says where to.

#[cfg(feature = "otlp")]
mod otlp;
mod parent;

use std::time::{Duration, SystemTime};

pub(crate) use parent::TraceParent;

use crate::Error;

/// Where spans of requests go.
pub(crate) struct Traces {
    #[cfg(feature = "otlp")]
    sender: Option<otlp::Sender>,
}

/// A request that was answered.
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "only the sender reads it"))]
pub(crate) struct RequestSpan<'a> {
    pub(crate) id: &'a str,
    pub(crate) parent: Option<TraceParent>,
    pub(crate) route: &'static str,
    /// A configured name, or nothing.
    pub(crate) model: &'a str,
    pub(crate) code: u16,
    pub(crate) inputs: usize,
    pub(crate) tokens: usize,
    pub(crate) ended: SystemTime,
    pub(crate) took: Duration,
    /// How long an input waited and ran, on average.
    pub(crate) waited: Duration,
    pub(crate) ran: Duration,
}

impl Traces {
    /// As the variables of OpenTelemetry say.
    ///
    /// # Errors
    /// [`Error::Usage`] for variables that cannot be obeyed.
    pub(crate) fn new() -> Result<Self, Error> {
        #[cfg(feature = "otlp")]
        return Ok(Self { sender: if are_wanted() { Some(otlp::Sender::new()?) } else { None } });
        #[cfg(not(feature = "otlp"))]
        {
            if are_wanted() {
                tracing::warn!("{} is set, and this program is built without the feature otlp: no traces", WHERE[1]);
            }
            Ok(Self {})
        }
    }

    /// Notes a request that was answered.
    pub(crate) fn note(&self, span: &RequestSpan<'_>) {
        #[cfg(feature = "otlp")]
        if let Some(sender) = &self.sender {
            sender.note(span);
        }
        #[cfg(not(feature = "otlp"))]
        let _ = span;
    }

    /// Sends what is not sent yet. None is sent after it.
    pub(crate) fn close(&self) {
        #[cfg(feature = "otlp")]
        if let Some(sender) = &self.sender {
            sender.close();
        }
    }
}

/// The variables that say where spans go.
const WHERE: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// Whether the operator wants spans to be sent.
fn are_wanted() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_off = std::env::var("OTEL_SDK_DISABLED").is_ok_and(|value| value.eq_ignore_ascii_case("true"));
    WHERE.into_iter().any(is_set) && !is_off
}
