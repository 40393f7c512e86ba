//! The names of text-embeddings-inference, for dashboards and autoscalers that have them.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::record::RunRecord;
use super::seconds;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    err: &'static str,
}

pub(super) struct TeiMetrics {
    count: Family<Method, Counter>,
    success: Family<Method, Counter>,
    failure: Family<Failed, Counter>,
    duration: Histogram,
    tokenization: Histogram,
    queued: Histogram,
    inference: Histogram,
    length: Histogram,
    pub(super) queue: Gauge,
    batch_size: Histogram,
    batch_tokens: Histogram,
}

impl TeiMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let counts = || Histogram::new(exponential_buckets(1.0, 2.0, 15));
        let metrics = Self {
            count: Family::default(),
            success: Family::default(),
            failure: Family::default(),
            duration: seconds(),
            tokenization: seconds(),
            queued: seconds(),
            inference: seconds(),
            length: counts(),
            queue: Gauge::default(),
            batch_size: counts(),
            batch_tokens: counts(),
        };
        registry.register("te_request_count", "Requests", metrics.count.clone());
        registry.register("te_request_success", "Requests that succeeded", metrics.success.clone());
        registry.register("te_request_failure", "Requests that failed", metrics.failure.clone());
        let mut add = |name, help, histogram: &Histogram| registry.register(name, help, histogram.clone());
        add("te_request_duration", "Seconds of a request", &metrics.duration);
        add("te_request_tokenization_duration", "Seconds of tokenising", &metrics.tokenization);
        add("te_request_queue_duration", "Seconds of waiting", &metrics.queued);
        add("te_request_inference_duration", "Seconds of running", &metrics.inference);
        add("te_request_input_length", "Tokens of an input, on average in its batch", &metrics.length);
        add("te_batch_next_size", "Inputs of a batch", &metrics.batch_size);
        add("te_batch_next_tokens", "Tokens of a batch", &metrics.batch_tokens);
        registry.register("te_queue_size", "Inputs that wait", metrics.queue.clone());
        metrics
    }

    pub(super) fn answered(&self, method: &'static str, took: Duration, error: Option<&'static str>) {
        self.count.get_or_create(&Method { method }).inc();
        match error {
            None => {
                self.success.get_or_create(&Method { method }).inc();
                self.duration.observe(took.as_secs_f64());
            }
            Some(err) => {
                self.failure.get_or_create(&Failed { err }).inc();
            }
        }
    }

    pub(super) fn ran(&self, record: &RunRecord) {
        let inputs = record.inputs.max(1) as f64;
        self.tokenization.observe(record.prepare.as_secs_f64());
        self.queued.observe(record.waited.as_secs_f64() / inputs);
        self.inference.observe(record.run.as_secs_f64());
        self.length.observe(record.tokens as f64 / inputs);
        self.batch_size.observe(record.inputs as f64);
        self.batch_tokens.observe(record.tokens as f64);
    }
}
