//! What the server counts, for Prometheus.

mod model;
mod process;
mod record;
mod refused;
mod register;
mod tei;

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use model::ModelFamilies;
pub(crate) use model::ModelMetrics;
pub(crate) use record::RunRecord;
use refused::Refused;
use register::{Histograms, register, seconds};
use tei::TeiMetrics;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    model: String,
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RejectedLabels {
    model: String,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
    onnxruntime: String,
    provider: String,
}

/// A request that was answered.
pub(crate) struct Answered<'a> {
    pub(crate) route: &'static str,
    /// A configured name, or nothing.
    pub(crate) model: &'a str,
    pub(crate) code: u16,
    pub(crate) took: Duration,
    pub(crate) tei_error: Option<&'static str>,
    pub(crate) is_tei: bool,
}

/// All counters of a server.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Histograms<RouteLabels>,
    rejected: Family<RejectedLabels, Counter>,
    refused: Refused,
    build: Family<BuildLabels, Gauge>,
    models: ModelFamilies,
    tei: Option<Arc<TeiMetrics>>,
    pub(crate) panics: Counter,
    pub(crate) in_flight: Gauge,
    pub(crate) buffered: Gauge,
    pub(crate) connections: Gauge,
}

impl Metrics {
    pub(crate) fn new(with_tei: bool) -> Self {
        let mut registry = Registry::default();
        let all = &mut registry;
        let durations = Histograms::new_with_constructor(seconds);
        Self {
            requests: register(all, "embedkit_requests", "Requests answered", Family::default()),
            durations: register(
                all,
                "embedkit_request_duration_seconds",
                "From a request's head to its answer",
                durations,
            ),
            rejected: register(all, "embedkit_rejected", "Requests that were not let in", Family::default()),
            refused: Refused::new(),
            build: register(all, "embedkit_build_info", "What this server is", Family::default()),
            panics: register(all, "embedkit_panics", "Panics of handlers and of models", Counter::default()),
            in_flight: register(
                all,
                "embedkit_requests_in_flight",
                "Requests admitted and not answered",
                Gauge::default(),
            ),
            buffered: register(
                all,
                "embedkit_buffered_bytes",
                "Bodies that wait or run, and answers that are not sent yet",
                Gauge::default(),
            ),
            connections: register(all, "embedkit_connections", "Open connections", Gauge::default()),
            models: ModelFamilies::new(all),
            tei: with_tei.then(|| Arc::new(TeiMetrics::new(all))),
            registry: {
                registry.register_collector(Box::new(process::Process::new()));
                registry
            },
        }
    }

    /// The counters of a model. Those that have not counted anything are there as well, so that rates can be taken of
    /// them from the first on.
    pub(crate) fn model(&self, name: &str) -> ModelMetrics {
        for reason in ["queue", "deadline", "loading"] {
            self.of_rejected(name, reason);
        }
        for reason in ["requests", "bytes", "draining"] {
            self.of_rejected("", reason);
        }
        self.models.of(name, self.tei.clone())
    }

    /// Counts a request that was answered.
    pub(crate) fn answered(&self, answered: &Answered<'_>) {
        let &Answered { route, model, code, took, .. } = answered;
        let model = model.to_owned();
        self.requests.get_or_create(&RequestLabels { route, model: model.clone(), code }).inc();
        self.durations.get_or_create(&RouteLabels { route, model }).observe(took.as_secs_f64());
        if let Some(tei) = self.tei.as_ref().filter(|_| answered.is_tei) {
            tei.answered(route, took, answered.tei_error);
        }
    }

    fn of_rejected(&self, model: &str, reason: &'static str) -> Counter {
        self.rejected.get_or_create(&RejectedLabels { model: model.to_owned(), reason }).clone()
    }

    /// Counts a request that was not let in.
    pub(crate) fn rejected(&self, model: &str, reason: &'static str) {
        self.of_rejected(model, reason).inc();
        self.refused.count(model, reason);
        self.tell_refusals();
    }

    /// Tells the log of requests that were not let in, once a second at most.
    pub(crate) fn tell_refusals(&self) {
        self.refused.tell();
    }

    /// Notes what a loaded model runs on.
    pub(crate) fn runs_on(&self, onnxruntime: String, provider: String) {
        self.build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION"), onnxruntime, provider }).set(1);
    }

    /// All of it in Prometheus's text format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        classic(&text)
    }
}

/// The text of OpenMetrics as that of Prometheus, which names a counter by its whole name and has no end mark. Counters of
/// text-embeddings-inference have the names that it gives them, without `_total`.
fn classic(text: &str) -> String {
    let counters: std::collections::HashSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut classic = String::with_capacity(text.len());
    for line in text.lines().filter(|line| *line != "# EOF") {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", kind @ ("TYPE" | "HELP"), name, rest] if counters.contains(name) && !name.starts_with("te_") => {
                classic.push_str(&format!("# {kind} {name}_total {rest}"));
            }
            _ if line.starts_with("te_") => classic.push_str(&line.replacen("_total{", "{", 1)),
            _ => classic.push_str(line),
        }
        classic.push('\n');
    }
    classic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_prometheus_own() {
        let metrics = Metrics::new(true);
        metrics.rejected("m", "queue");
        metrics.answered(&Answered {
            route: "/embed",
            model: "m",
            code: 200,
            took: Duration::from_millis(3),
            tei_error: None,
            is_tei: true,
        });
        metrics.model("m").cancelled("waiting");
        let text = metrics.text();
        for line in [
            "# TYPE embedkit_requests_total counter",
            "embedkit_requests_total{route=\"/embed\",model=\"m\",code=\"200\"} 1",
            "# TYPE embedkit_request_duration_seconds histogram",
            "embedkit_request_duration_seconds_bucket{le=\"0.005\",route=\"/embed\",model=\"m\"} 1",
            "embedkit_rejected_total{model=\"m\",reason=\"queue\"} 1",
            "embedkit_cancelled_total{model=\"m\",stage=\"waiting\"} 1",
            "embedkit_cancelled_total{model=\"m\",stage=\"running\"} 0",
            "embedkit_rejected_total{model=\"m\",reason=\"deadline\"} 0",
            "embedkit_rejected_total{model=\"\",reason=\"draining\"} 0",
            "# TYPE te_request_success counter",
            "te_request_success{method=\"/embed\"} 1",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        assert!(!text.contains("# EOF"));
        #[cfg(target_os = "linux")]
        assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
    }
}
