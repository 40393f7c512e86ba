//! The family keeps what all families must keep.

use embedkit::plugin::FamilyOf;
use embedkit::{Content, ContentKind};
use embedkit_testing::{Conformance, Samples};
use own_family::LetterEmbedding;

#[test]
fn every_model_conforms() {
    for id in ["example/letters", "example/vowels"] {
        Conformance::new(FamilyOf::<LetterEmbedding>::FAMILY, id)
            .samples(Samples::of(&[ContentKind::Text]).with_refused([Content::text("")]))
            .assert();
    }
}
