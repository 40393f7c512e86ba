//! Every architecture keeps what all models must keep.

use embedkit_core::{FamilyOf, ModelDescription, ModelFiles};
use embedkit_fixtures::case_of_each_architecture;
use embedkit_sparse::SparseTextEmbedding;
use embedkit_testing::{Conformance, Samples};

#[test]
fn every_architecture_conforms() {
    for case in case_of_each_architecture(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures")) {
        Conformance::new(FamilyOf::<SparseTextEmbedding>::FAMILY, case.golden.model)
            .model_dir(&case.folder)
            .samples(Samples::texts(case.golden.inputs))
            .assert();
    }
}

#[test]
fn bm25_over_a_tokenizers_words_conforms() {
    let mut row = ModelDescription::new("test/bm25", "sparse", "bm25");
    row.parameters.insert("words".to_owned(), "tokenizer".into());
    row.parameters.insert("disable-stemmer".to_owned(), true.into());
    Conformance::new(FamilyOf::<SparseTextEmbedding>::FAMILY, row)
        .model_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/splade"))
        .assert();
}

#[test]
fn bm25_conforms() {
    let row = ModelDescription::new("test/bm25", "sparse", "bm25");
    Conformance::new(FamilyOf::<SparseTextEmbedding>::FAMILY, row).model_files(ModelFiles::none()).assert();
}
