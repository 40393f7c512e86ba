//! Every architecture keeps what all models must keep.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

use embedkit_core::{FamilyOf, ModelDescription};
use embedkit_fixtures::cases;
use embedkit_rerank::Reranker;
use embedkit_testing::Conformance;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    model: ModelDescription,
}

#[test]
fn every_model_conforms() {
    for case in cases::<Golden>(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), |_| true) {
        Conformance::new(FamilyOf::<Reranker>::FAMILY, case.golden.model).model_dir(&case.folder).assert();
    }
}
