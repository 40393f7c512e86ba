//! The conformance suite that every embedkit family and architecture must pass, those of third parties as well as ours.
//!
//! A test of the crate that has the family or the architecture runs it over a small model of each:
//!
//! ```no_run
//! use embedkit_core::{Content, Embedder, FamilyOf, ModelDescription};
//! use embedkit_testing::{Conformance, Samples};
//!
//! fn conforms<E: Embedder>(row: ModelDescription) {
//!     Conformance::new(FamilyOf::<E>::FAMILY, row)
//!         .model_dir("tests/fixtures/tiny")
//!         .samples(Samples::texts(["a", "b b", "c c c"]).with_refused([Content::text("what the model refuses")]))
//!         .assert();
//! }
//! ```
//!
//! Where a model is found by its id, and the samples of this crate will do, one line is enough:
//!
//! ```no_run
//! # fn test<MyEmbedding: embedkit_core::Embedder>() {
//! embedkit_testing::assert_conforms::<MyEmbedding>("example/letters");
//! # }
//! ```
//!
//! What is checked stands at [`Rule`].

mod cancel;
mod comparison;
mod conformance;
mod loading;
mod results;
mod run;
mod samples;
mod subject;
mod violation;

pub use conformance::Conformance;
pub use run::assert_conforms;
pub use samples::Samples;
pub use violation::{Rule, Violation};
