//! The table as a late-interaction model.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

use embedkit_colbert::LateInteractionTextEmbedding;
use embedkit_core::{Embedder, Role, TextEmbedder};
use embedkit_dense::TextEmbedding;
use embedkit_static_en::{LATE_MODEL, MODEL};
use embedkit_vector::dot;
use embedkit_vector::multivector::{MaxSim, MultiVector, RowLabel};

fn late() -> LateInteractionTextEmbedding {
    LateInteractionTextEmbedding::builder(LATE_MODEL).parameter("labels", true).build().unwrap()
}

fn sum(vectors: &MultiVector) -> Vec<f32> {
    vectors.rows().fold(vec![0.0; vectors.dim()], |sum, row| sum.iter().zip(row).map(|(a, b)| a + b).collect())
}

#[test]
fn the_model_conforms() {
    embedkit_testing::assert_conforms::<LateInteractionTextEmbedding>(LATE_MODEL);
}

#[test]
fn rows_are_the_single_vectors_own() {
    let model = LateInteractionTextEmbedding::builder(LATE_MODEL).parameter("query-power", 1.0).build().unwrap();
    let dense = TextEmbedding::builder(MODEL).build().unwrap();
    let text = "A kitten sleeps on the sofa.";
    // Rows of their own length add up to the direction of the single vector.
    let mut added = sum(&model.embed_one(text, Role::Query).unwrap());
    embedkit_vector::normalize(&mut added);
    let similarity = dot(&added, &dense.embed_one(text, Role::Plain).unwrap());
    assert!(similarity > 0.9999, "{similarity}");
}

#[test]
fn passages_rows_have_length_one_and_queries_are_weighted() {
    let text = "the aeroelastic kitten";
    let (query, passage) =
        (late().embed_one(text, Role::Query).unwrap(), late().embed_one(text, Role::Passage).unwrap());
    assert_eq!(query.labels(), passage.labels());
    assert_eq!(query.labels()[0], RowLabel::Token("the".into()));
    let lengths: Vec<f32> = query.rows().map(|row| dot(row, row).sqrt()).collect();
    for (row, weighted) in passage.rows().zip(query.rows()) {
        assert!((dot(row, row) - 1.0).abs() < 1e-5);
        // Same direction.
        assert!((dot(row, weighted) - dot(weighted, weighted).sqrt()).abs() < 1e-4);
    }
    let kitten = query.labels().iter().position(|label| *label == RowLabel::Token("kitten".into())).unwrap();
    assert!(lengths[kitten] > 4.0 * lengths[0], "an article says little: {lengths:?}");
    // A passage that is the query gives each token its full weight.
    let score = MaxSim::new(&query).unwrap().score(&passage).unwrap();
    assert!((score - lengths.iter().sum::<f32>()).abs() < 1e-3);
}

#[test]
fn a_text_without_tokens_has_a_row_of_zeros() {
    let model = late();
    let empty = model.embed_one("", Role::Passage).unwrap();
    assert_eq!((empty.len(), empty.as_slice()), (1, &[0.0; 256][..]));
    let query = model.embed_one("a kitten", Role::Query).unwrap();
    assert_eq!(MaxSim::new(&query).unwrap().score(&empty).unwrap(), 0.0);
}
