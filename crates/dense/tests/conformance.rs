//! Every architecture keeps what all models must keep.

use embedkit_core::FamilyOf;
use embedkit_dense::TextEmbedding;
use embedkit_fixtures::case_of_each_architecture;
use embedkit_testing::{Conformance, Samples};

#[test]
fn every_architecture_conforms() {
    for case in case_of_each_architecture(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")) {
        Conformance::new(FamilyOf::<TextEmbedding>::FAMILY, case.golden.model)
            .model_dir(&case.folder)
            .samples(Samples::texts(case.golden.inputs))
            .assert();
    }
}
