//! A program that depends on a third party's plug-in and names it in one line.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

use embedkit::Embedder;
use embedkit::TextEmbedder;
use embedkit::dense::TextEmbedding;
use embedkit::{Content, Error, ModelDescription, ModelFilter, Registry, vector};
use embedkit_plugin_example as _;
use embedkit_testing::{Conformance, Samples};

#[test]
fn its_models_are_found_like_any_other() {
    for (id, dim) in [("example/hashed-trigrams", 128), ("TRIGRAMS", 128), ("Example/Hashed-Trigrams-Large", 1024)] {
        let model = TextEmbedding::builder(id).build().unwrap();
        let results: Vec<_> = model.embed(["colour", "color", "", "umbrella"]).collect();
        let vectors: Vec<&Vec<f32>> = results.iter().flatten().collect();
        assert_eq!(vectors.len(), 3);
        assert_eq!(vectors[0].len(), dim);
        assert!(matches!(results[2], Err(Error::InvalidInput { .. })), "an empty text fails alone");
        assert!(vector::dot(vectors[0], vectors[1]) > vector::dot(vectors[0], vectors[2]));
    }
}

#[test]
fn its_rows_are_listed() {
    let mut filter = ModelFilter::default();
    filter.dim = Some(1024);
    filter.family = Some("dense".to_owned());
    let models = Registry::global().list(&filter);
    assert!(models.iter().any(|model| model.id == "example/hashed-trigrams-large"));
    assert!(Registry::global().faults().is_empty(), "{:?}", Registry::global().faults());
}

#[test]
fn rows_for_its_architecture_can_be_added_at_run_time() {
    let mut row = ModelDescription::new("example/tiny", "dense", "hashed-trigrams");
    row.config_files.clear();
    assert!(Registry::global().register(row.clone()).is_err(), "the architecture wants a width");
    row.dim = Some(16);
    Registry::global().register(row.clone()).unwrap();
    let taken = Registry::global().register(row).unwrap_err();
    assert!(matches!(taken, Error::AlreadyRegistered { .. }), "{taken}");
    let model = TextEmbedding::builder("example/tiny").build().unwrap();
    assert_eq!(model.embed(["hello"]).next().unwrap().unwrap().len(), 16);
}

#[test]
fn a_miss_names_what_is_near() {
    let error = TextEmbedding::builder("example/hashed-trigram").build().unwrap_err();
    let message = error.to_string();
    assert!(message.contains("did you mean example/hashed-trigrams"), "{message}");
    let families = message.split("linked families: ").nth(1).unwrap();
    assert!(families.contains("dense"), "{message}");
}

/// The suite that every architecture must pass, over a small graph.
#[test]
fn its_architectures_conform() {
    let family = Registry::global().family("dense").unwrap();
    let row = |id: &str| (*Registry::global().find("dense", id).unwrap()).clone();
    let texts = || Samples::texts(["a text", "another text", "a longer text than these two"]);
    Conformance::new(family, row("trigrams")).samples(texts().with_refused([Content::text("")])).assert();
    if std::env::var_os("ORT_DYLIB_PATH").is_some() {
        Conformance::new(family, row("example/max-pooling")).model_dir("model").samples(texts()).assert();
    }
}
