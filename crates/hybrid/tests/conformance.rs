//! Every architecture keeps what all models must keep.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

use embedkit_core::FamilyOf;
use embedkit_fixtures::{TextGolden, cases};
use embedkit_hybrid::HybridEmbedding;
use embedkit_testing::{Conformance, Samples};

#[test]
fn every_model_conforms() {
    for case in cases::<TextGolden>(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), |_| true) {
        Conformance::new(FamilyOf::<HybridEmbedding>::FAMILY, case.golden.model)
            .model_dir(&case.folder)
            .samples(Samples::texts(case.golden.inputs))
            .assert();
    }
}
