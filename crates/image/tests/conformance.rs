//! Every architecture keeps what all models must keep.

use embedkit_core::FamilyOf;
use embedkit_fixtures::case_of_each_architecture;
use embedkit_image::ImageEmbedding;
use embedkit_testing::Conformance;

#[test]
fn every_architecture_conforms() {
    for case in case_of_each_architecture(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")) {
        Conformance::new(FamilyOf::<ImageEmbedding>::FAMILY, case.golden.model).model_dir(&case.folder).assert();
    }
}
