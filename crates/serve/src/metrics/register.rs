//! How metrics are made and made known.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Metric, Registry};

/// Bounds of histograms of times, in seconds.
const SECONDS: [f64; 17] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 60.0];

/// A histogram for each set of labels.
pub(super) type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Makes a metric known under its name; gives it back.
pub(super) fn register<M: Metric + Clone>(
    registry: &mut Registry,
    name: &'static str,
    help: &'static str,
    metric: M,
) -> M {
    registry.register(name, help, metric.clone());
    metric
}

/// A histogram of times.
pub(super) fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

/// A histogram of numbers of things.
pub(super) fn counts() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 15))
}

/// A histogram of shares.
pub(super) fn ratios() -> Histogram {
    Histogram::new([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75])
}
