//! How good a ranking is, and whether another is better.
//!
//! A [`Dataset`] has documents, queries and judgements; [`make()`] makes one of documents that nobody has judged.
//! [`Evaluated`] is a pipeline on one, and [`Entry`] a line in the record of evaluations. Below them, useful alone:
//! [`Judgements`] say which documents answer which query, a [`Run`] what a system found. A [`Metric`] makes a number of
//! each query, by the rules of `trec_eval`; [`Interval`] says how sure their mean is, [`Comparison`] whether two systems
//! differ.
//!
//! ```
//! use embedkit_retrieval::evaluation::{Interval, Judgements, Metric, Run};
//!
//! let judgements = Judgements::from_triples([("q1", "paris", 1), ("q2", "rome", 2)]);
//! let mut run = Run::default();
//! run.add("q1", [("berlin", 0.9), ("paris", 0.8)]);
//! run.add("q2", [("rome", 3.0)]);
//! let metric: Metric = "mrr@10".parse()?;
//! let values = metric.of_run(&judgements, &run);
//! assert_eq!(values, [0.5, 1.0]);
//! assert_eq!(Interval::of_mean(&values).mean, 0.75);
//! # Ok::<(), embedkit_core::Error>(())
//! ```

mod comparison;
mod dataset;
mod documents;
mod evaluated;
mod history;
mod interval;
mod judgements;
mod lines;
mod make;
mod metric;
mod random;
mod run;
mod sweep;

pub use comparison::Comparison;
pub use dataset::Dataset;
pub use evaluated::{Evaluated, Figures};
pub use history::Entry;
pub use interval::Interval;
pub use judgements::Judgements;
pub use make::{MEASURES, make};
pub use metric::Metric;
pub use run::Run;
pub use sweep::{FittedWeights, Variant, fit_weights, variants};
