//! Every architecture keeps what all models must keep.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use embedkit_colpali::LateInteractionMultimodalEmbedding;
use embedkit_core::FamilyOf;
use embedkit_testing::Conformance;

#[test]
fn every_model_conforms() {
    for case in common::fixtures() {
        Conformance::new(FamilyOf::<LateInteractionMultimodalEmbedding>::FAMILY, case.golden.model)
            .model_dir(&case.folder)
            .assert();
    }
}
