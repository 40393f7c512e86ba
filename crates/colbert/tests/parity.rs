//! Both sides of every kind of model against the reference, value by value.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::fs;

use embedkit_colbert::{LateInteractionTextEmbedding, MultiVector};
use embedkit_core::{Embedder, TextEmbedder};
use embedkit_core::{ModelDescription, ModelFiles, Role};
use embedkit_fixtures::{Case, assert_near, cases};
use serde::Deserialize;
use serde_json::{Value, json};

/// `golden.json`; models that know no queries have documents alone, and those of passages are there where
/// a prompt sets them apart.
#[derive(Deserialize)]
struct Golden {
    model: ModelDescription,
    inputs: Vec<String>,
    embed: Vec<Vec<Vec<f32>>>,
    query_embed: Option<Vec<Vec<Vec<f32>>>>,
    passage_embed: Option<Vec<Vec<Vec<f32>>>>,
    document_token_count: Vec<usize>,
    document_token_count_with_extension: Option<Vec<usize>>,
    passage_token_count: Option<Vec<usize>>,
    passage_token_count_with_extension: Option<Vec<usize>>,
    query_token_count: Option<Vec<usize>>,
    query_token_count_with_extension: Option<Vec<usize>>,
}

fn fixtures() -> Vec<Case<Golden>> {
    cases(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), |_| true)
}

fn load(case: &Case<Golden>) -> LateInteractionTextEmbedding {
    let builder = LateInteractionTextEmbedding::builder(case.golden.model.clone());
    builder.model_dir(&case.folder).build().unwrap_or_else(|e| panic!("{}: {e}", case.folder.display()))
}

#[test]
fn folders_that_pylate_saved_describe_themselves() {
    let described: Vec<_> = fixtures().into_iter().filter(|case| case.folder.join("modules.json").is_file()).collect();
    assert!(described.len() > 1);
    for case in described {
        let model = LateInteractionTextEmbedding::builder(&case.folder).build().unwrap();
        assert_eq!(**model.model(), case.golden.model);
    }
}

#[test]
fn vectors_are_the_references() {
    for case in fixtures() {
        assert_vectors(&load(&case), &case.golden, &case.folder.display().to_string());
    }
}

/// The reference reads queries one at a time, by a padding of its own, and documents alone need none: whatever padding the
/// files tell, its vectors are the same, as `tests/fixtures/generate/colbert.py` checks.
#[test]
fn padding_that_the_files_tell_changes_nothing() {
    for case in fixtures().into_iter().filter(|case| case.golden.model.architecture == "colbert") {
        let read =
            |name: &str| -> Value { serde_json::from_slice(&fs::read(case.folder.join(name)).unwrap()).unwrap() };
        let (mut config, mut tokenizer) = (read("tokenizer_config.json"), read("tokenizer.json"));
        let is_padding = |token: &&Value| token["content"] == config["pad_token"];
        let pad_id = tokenizer["added_tokens"].as_array().unwrap().iter().find(is_padding).unwrap()["id"].clone();
        tokenizer["padding"] = json!({"strategy": {"Fixed": 50}, "direction": "Left", "pad_to_multiple_of": 7,
            "pad_id": pad_id, "pad_type_id": 0, "pad_token": config["pad_token"]});
        config["padding_side"] = "left".into();
        for (name, changed) in [("tokenizer_config.json", config), ("tokenizer.json", tokenizer)] {
            let files = ModelFiles::folder(&case.folder).unwrap().with_file(name, changed.to_string().into_bytes());
            let model = LateInteractionTextEmbedding::builder(case.golden.model.clone()).model_files(files).build();
            assert_vectors(&model.unwrap(), &case.golden, &format!("{} with another {name}", case.folder.display()));
        }
    }
}

/// Both sides' vectors, in batches of several sizes.
fn assert_vectors(model: &LateInteractionTextEmbedding, golden: &Golden, what: &str) {
    let documents = &golden.embed;
    let passages = golden.passage_embed.as_ref().unwrap_or(documents);
    let queries = golden.query_embed.as_ref().unwrap_or(documents);
    for (role, expected) in [(Role::Plain, documents), (Role::Passage, passages), (Role::Query, queries)] {
        for batch_size in [1, 3, 256] {
            let embeddings = model.embed_for(&golden.inputs, role).batch_size(batch_size).unwrap();
            let vectors: Vec<MultiVector> = embeddings.map(Result::unwrap).collect();
            assert_eq!(vectors.len(), expected.len());
            for ((actual, expected), text) in vectors.iter().zip(expected).zip(&golden.inputs) {
                let what = format!("{what} {role:?} {batch_size} {text:?}");
                assert_eq!(actual.len(), expected.len(), "{what}: rows");
                for (row, (actual, expected)) in actual.rows().zip(expected).enumerate() {
                    assert_near(actual, expected, &format!("{what}: row {row}"));
                }
            }
        }
    }
}

#[test]
fn token_counts_are_the_references() {
    for case in fixtures() {
        let model = load(&case);
        let golden = &case.golden;
        let documents = &golden.document_token_count;
        let extended = golden.document_token_count_with_extension.as_ref().unwrap_or(documents);
        for (role, include_extension, expected) in [
            (Role::Plain, false, documents),
            (Role::Passage, false, golden.passage_token_count.as_ref().unwrap_or(documents)),
            (Role::Plain, true, extended),
            (Role::Passage, true, golden.passage_token_count_with_extension.as_ref().unwrap_or(extended)),
            (Role::Query, false, golden.query_token_count.as_ref().unwrap_or(documents)),
            (Role::Query, true, golden.query_token_count_with_extension.as_ref().unwrap_or(documents)),
        ] {
            let what = format!("{} {role:?} {include_extension}", case.folder.display());
            let all = |texts: &[String]| {
                if include_extension { model.extended_token_count(texts, role) } else { model.token_count(texts, role) }
            };
            let count = |text: &String| all(std::slice::from_ref(text)).unwrap();
            let counts: Vec<usize> = golden.inputs.iter().map(count).collect();
            assert_eq!(&counts, expected, "{what}");
            let total = all(&golden.inputs).unwrap();
            assert_eq!(total, expected.iter().sum::<usize>(), "{what}");
        }
    }
}
