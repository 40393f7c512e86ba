//! What is counted of each model.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

use super::record::RunRecord;
use super::register::{Histograms, counts, ratios, register, seconds};
use super::tei::TeiMetrics;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CancelLabels {
    model: String,
    stage: &'static str,
}

type Seconds = Gauge<f64, AtomicU64>;

/// The families of which each model has one.
pub(super) struct ModelFamilies {
    queue: Histograms<ModelLabels>,
    prepare: Histograms<ModelLabels>,
    inference: Histograms<ModelLabels>,
    batch_inputs: Histograms<ModelLabels>,
    batch_tokens: Histograms<ModelLabels>,
    batch_padding: Histograms<ModelLabels>,
    inputs: Family<ModelLabels, Counter>,
    tokens: Family<ModelLabels, Counter>,
    truncated: Family<ModelLabels, Counter>,
    failures: Family<ModelLabels, Counter>,
    cancelled: Family<CancelLabels, Counter>,
    queue_inputs: Family<ModelLabels, Gauge>,
    queue_tokens: Family<ModelLabels, Gauge>,
    loaded: Family<ModelLabels, Gauge>,
    load_seconds: Family<ModelLabels, Seconds>,
}

/// The counters of one model.
#[derive(Clone)]
pub(crate) struct ModelMetrics {
    name: String,
    queue: Histogram,
    prepare: Histogram,
    inference: Histogram,
    batch_inputs: Histogram,
    batch_tokens: Histogram,
    batch_padding: Histogram,
    inputs: Counter,
    tokens: Counter,
    truncated: Counter,
    failures: Counter,
    cancelled: Family<CancelLabels, Counter>,
    queue_inputs: Gauge,
    queue_tokens: Gauge,
    loaded: Gauge,
    load_seconds: Seconds,
    tei: Option<Arc<TeiMetrics>>,
}

impl ModelFamilies {
    pub(super) fn new(all: &mut Registry) -> Self {
        let mut histograms = |name: &'static str, help: &'static str, make: fn() -> Histogram| {
            register(all, name, help, Histograms::new_with_constructor(make))
        };
        Self {
            queue: histograms(
                "embedkit_queue_duration_seconds",
                "What an input waited, on average in its batch",
                seconds,
            ),
            prepare: histograms("embedkit_prepare_duration_seconds", "Tokenising and decoding a batch", seconds),
            inference: histograms("embedkit_inference_duration_seconds", "Running a batch", seconds),
            batch_inputs: histograms("embedkit_batch_inputs", "Inputs of a batch", counts),
            batch_tokens: histograms("embedkit_batch_tokens", "Tokens of a batch, without padding", counts),
            batch_padding: histograms(
                "embedkit_batch_padding_ratio",
                "The share of padding in a batch of one run",
                ratios,
            ),
            inputs: register(all, "embedkit_inputs", "Inputs done", Family::default()),
            tokens: register(all, "embedkit_tokens", "Tokens done, without padding", Family::default()),
            truncated: register(all, "embedkit_truncated_inputs", "Inputs that were cut", Family::default()),
            failures: register(all, "embedkit_batch_failures", "Batches in which nothing succeeded", Family::default()),
            cancelled: register(all, "embedkit_cancelled", "Requests whose clients went", Family::default()),
            queue_inputs: register(all, "embedkit_queue_inputs", "Inputs that wait", Family::default()),
            queue_tokens: register(all, "embedkit_queue_tokens", "About how many tokens wait", Family::default()),
            loaded: register(all, "embedkit_model_loaded", "Whether the model is loaded", Family::default()),
            load_seconds: register(all, "embedkit_model_load_seconds", "How long loading took", Family::default()),
        }
    }

    pub(super) fn of(&self, name: &str, tei: Option<Arc<TeiMetrics>>) -> ModelMetrics {
        let labels = ModelLabels { model: name.to_owned() };
        for stage in ["waiting", "running"] {
            drop(self.cancelled.get_or_create(&CancelLabels { model: name.to_owned(), stage }));
        }
        ModelMetrics {
            name: name.to_owned(),
            queue: self.queue.get_or_create(&labels).clone(),
            prepare: self.prepare.get_or_create(&labels).clone(),
            inference: self.inference.get_or_create(&labels).clone(),
            batch_inputs: self.batch_inputs.get_or_create(&labels).clone(),
            batch_tokens: self.batch_tokens.get_or_create(&labels).clone(),
            batch_padding: self.batch_padding.get_or_create(&labels).clone(),
            inputs: self.inputs.get_or_create(&labels).clone(),
            tokens: self.tokens.get_or_create(&labels).clone(),
            truncated: self.truncated.get_or_create(&labels).clone(),
            failures: self.failures.get_or_create(&labels).clone(),
            cancelled: self.cancelled.clone(),
            queue_inputs: self.queue_inputs.get_or_create(&labels).clone(),
            queue_tokens: self.queue_tokens.get_or_create(&labels).clone(),
            loaded: self.loaded.get_or_create(&labels).clone(),
            load_seconds: self.load_seconds.get_or_create(&labels).clone(),
            tei,
        }
    }
}

impl ModelMetrics {
    /// The model's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Counts a batch that ran.
    pub(crate) fn ran(&self, record: &RunRecord) {
        let inputs = record.inputs.max(1);
        self.queue.observe(record.waited.as_secs_f64() / inputs as f64);
        self.prepare.observe(record.prepare.as_secs_f64());
        self.inference.observe(record.run.as_secs_f64());
        self.batch_inputs.observe(record.inputs as f64);
        self.batch_tokens.observe(record.tokens as f64);
        let padded = record.longest.map(|longest| record.inputs * longest);
        if let Some(padded) = padded.filter(|padded| *padded > 0) {
            self.batch_padding.observe(1.0 - record.tokens as f64 / padded as f64);
        }
        self.inputs.inc_by(record.inputs as u64);
        self.tokens.inc_by(record.tokens as u64);
        self.truncated.inc_by(record.truncated as u64);
        self.failures.inc_by(record.is_failure.into());
        if let Some(tei) = &self.tei {
            tei.ran(record);
        }
    }

    /// Counts inputs that were cut before they were let in.
    pub(crate) fn cut(&self, inputs: usize) {
        self.truncated.inc_by(inputs as u64);
    }

    /// Counts a request whose client went while it waited or ran.
    pub(crate) fn cancelled(&self, stage: &'static str) {
        self.cancelled.get_or_create(&CancelLabels { model: self.name.clone(), stage }).inc();
    }

    /// Shows what waits.
    pub(crate) fn waiting(&self, inputs: usize, cost: usize) {
        let before = self.queue_inputs.set(inputs as i64);
        self.queue_tokens.set(cost as i64);
        if let Some(tei) = &self.tei {
            tei.queue.inc_by(inputs as i64 - before);
        }
    }

    /// Shows whether it is loaded.
    pub(crate) fn loaded(&self, is_loaded: bool) {
        self.loaded.set(is_loaded.into());
    }

    /// Shows how long loading took.
    pub(crate) fn load_took(&self, took: Duration) {
        self.load_seconds.set(took.as_secs_f64());
    }
}
