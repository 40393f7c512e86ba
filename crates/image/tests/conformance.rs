//! Every architecture keeps what all models must keep.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

use embedkit_core::{FamilyOf, ModelDescription};
use embedkit_fixtures::cases;
use embedkit_image::ImageEmbedding;
use embedkit_testing::Conformance;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    model: ModelDescription,
}

#[test]
fn every_model_conforms() {
    for case in cases::<Golden>(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), |_| true) {
        // A rounding error before 16-bit rounding moves a value to its neighbour.
        let tolerance = if case.folder.ends_with("clip-f16") { 1e-3 } else { 1e-5 };
        Conformance::new(FamilyOf::<ImageEmbedding>::FAMILY, case.golden.model)
            .model_dir(&case.folder)
            .tolerance(tolerance)
            .assert();
    }
}
