//! What is counted of each model.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;

use super::record::RunRecord;
use super::seconds;
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

type Histograms = Family<ModelLabels, Histogram, fn() -> Histogram>;
type Seconds = Gauge<f64, AtomicU64>;

/// The families of which each model has one.
pub(super) struct ModelFamilies {
    queue: Histograms,
    prepare: Histograms,
    inference: Histograms,
    batch_inputs: Histograms,
    batch_tokens: Histograms,
    batch_padding: Histograms,
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

fn counts() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 13))
}

fn ratios() -> Histogram {
    Histogram::new([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75])
}

impl ModelFamilies {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let times = || Histograms::new_with_constructor(seconds);
        let families = Self {
            queue: times(),
            prepare: times(),
            inference: times(),
            batch_inputs: Histograms::new_with_constructor(counts),
            batch_tokens: Histograms::new_with_constructor(counts),
            batch_padding: Histograms::new_with_constructor(ratios),
            inputs: Family::default(),
            tokens: Family::default(),
            truncated: Family::default(),
            failures: Family::default(),
            cancelled: Family::default(),
            queue_inputs: Family::default(),
            queue_tokens: Family::default(),
            loaded: Family::default(),
            load_seconds: Family::default(),
        };
        let mut add = |name, help, family: &Histograms| registry.register(name, help, family.clone());
        add("embedkit_queue_duration_seconds", "What an input waited, on average in its batch", &families.queue);
        add("embedkit_prepare_duration_seconds", "Tokenising and decoding a batch", &families.prepare);
        add("embedkit_inference_duration_seconds", "Running a batch", &families.inference);
        add("embedkit_batch_inputs", "Inputs of a batch", &families.batch_inputs);
        add("embedkit_batch_tokens", "Tokens of a batch, without padding", &families.batch_tokens);
        add("embedkit_batch_padding_ratio", "The share of padding in a batch of one run", &families.batch_padding);
        let mut add = |name, help, family: &Family<ModelLabels, Counter>| registry.register(name, help, family.clone());
        add("embedkit_inputs", "Inputs done", &families.inputs);
        add("embedkit_tokens", "Tokens done, without padding", &families.tokens);
        add("embedkit_truncated_inputs", "Inputs that were cut", &families.truncated);
        add("embedkit_batch_failures", "Batches in which nothing succeeded", &families.failures);
        registry.register("embedkit_cancelled", "Requests whose clients went", families.cancelled.clone());
        let mut add = |name, help, family: &Family<ModelLabels, Gauge>| registry.register(name, help, family.clone());
        add("embedkit_queue_inputs", "Inputs that wait", &families.queue_inputs);
        add("embedkit_queue_tokens", "About how many tokens wait", &families.queue_tokens);
        add("embedkit_model_loaded", "Whether the model is loaded", &families.loaded);
        registry.register("embedkit_model_load_seconds", "How long loading took", families.load_seconds.clone());
        families
    }

    pub(super) fn of(&self, name: &str, tei: Option<Arc<TeiMetrics>>) -> ModelMetrics {
        let labels = ModelLabels { model: name.to_owned() };
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
        let padded = record.inputs * record.longest;
        if padded > 0 {
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

    /// Shows whether it is loaded, and how long that took.
    pub(crate) fn loaded(&self, took: Option<Duration>) {
        self.loaded.set(took.is_some().into());
        if let Some(took) = took {
            self.load_seconds.set(took.as_secs_f64());
        }
    }
}
