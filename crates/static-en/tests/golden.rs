//! The vectors that model2vec gives with the model's files.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

use embedkit_core::Embedder;
use embedkit_core::TextEmbedder;
use embedkit_core::{Registry, Role};
use embedkit_dense::TextEmbedding;
use embedkit_fixtures::assert_near;
use embedkit_static_en::{MODEL, PLUGIN};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    text: String,
    tokens: Vec<u32>,
    embedding: Vec<f32>,
}

#[test]
fn vectors_are_model2vecs() {
    let golden: Golden = serde_json::from_str(include_str!("golden.json")).unwrap();
    let model = TextEmbedding::builder(MODEL.to_uppercase()).build().unwrap();
    for item in &golden.items {
        assert_near(&model.embed_one(&item.text, Role::Plain).unwrap(), &item.embedding, &item.text);
        assert!(model.usage(&item.text, Role::Plain).unwrap().tokens >= item.tokens.len());
    }
}

#[test]
fn the_crate_can_be_registered_by_hand() {
    let registry = Registry::empty();
    registry.add(&embedkit_dense::PLUGIN).unwrap();
    registry.add(&PLUGIN).unwrap();
    let model = TextEmbedding::builder("static-minilm-en").registry(&registry).build().unwrap();
    assert_eq!(model.embed_one("hello", Role::Plain).unwrap().len(), 256);
}
