//! The names of text-embeddings-inference, for dashboards and autoscalers that have them.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::record::RunRecord;
use super::register::{counts, register, seconds};

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
    pub(super) fn new(all: &mut Registry) -> Self {
        Self {
            count: register(all, "te_request_count", "Requests", Family::default()),
            success: register(all, "te_request_success", "Requests that succeeded", Family::default()),
            failure: register(all, "te_request_failure", "Requests that failed", Family::default()),
            duration: register(all, "te_request_duration", "Seconds of a request", seconds()),
            tokenization: register(all, "te_request_tokenization_duration", "Seconds of tokenising", seconds()),
            queued: register(all, "te_request_queue_duration", "Seconds of waiting", seconds()),
            inference: register(all, "te_request_inference_duration", "Seconds of running", seconds()),
            length: register(all, "te_request_input_length", "Tokens of an input, on average in its batch", counts()),
            queue: register(all, "te_queue_size", "Inputs that wait", Gauge::default()),
            batch_size: register(all, "te_batch_next_size", "Inputs of a batch", counts()),
            batch_tokens: register(all, "te_batch_next_tokens", "Tokens of a batch", counts()),
        }
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
