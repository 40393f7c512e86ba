//! Every architecture against the reference, value by value.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::Embedder;
use embedkit_core::TextEmbedder;
use std::collections::BTreeMap;

use embedkit_core::{Purpose, Role};
use embedkit_dense::TextEmbedding;
use embedkit_fixtures::{Case, TextGolden, assert_near, cases};

fn fixtures() -> Vec<Case<TextGolden>> {
    cases(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), |_| true)
}

fn load(case: &Case<TextGolden>) -> TextEmbedding {
    let builder = TextEmbedding::builder(case.golden.model.clone());
    // Of a dynamically quantised model the reference's vectors are those of each text alone.
    builder
        .model_dir(&case.folder)
        .batch_invariant(true)
        .build()
        .unwrap_or_else(|e| panic!("{}: {e}", case.folder.display()))
}

fn check(case: &Case<TextGolden>, model: &TextEmbedding, purpose: Purpose, expected: &[Vec<f32>]) {
    for batch_size in [1, 3, 256] {
        let embeddings = model.embed_for(&case.golden.inputs, purpose.clone()).batch_size(batch_size).unwrap();
        let vectors: Vec<Vec<f32>> = embeddings.map(Result::unwrap).collect();
        assert_eq!(vectors.len(), expected.len());
        for ((actual, expected), text) in vectors.iter().zip(expected).zip(&case.golden.inputs) {
            let what = format!("{} {purpose:?} {batch_size} {text:?}", case.folder.display());
            assert_near(actual, expected, &what);
        }
    }
}

#[test]
fn vectors_are_the_references() {
    for case in fixtures() {
        let model = load(&case);
        let embed: Vec<Vec<f32>> = case.golden.get("embed").unwrap();
        check(&case, &model, Role::Plain.into(), &embed);
        check(&case, &model, Role::Passage.into(), &case.golden.get("passage_embed").unwrap_or_else(|| embed.clone()));
        check(&case, &model, Role::Query.into(), &case.golden.get("query_embed").unwrap_or_else(|| embed.clone()));
        let tasks: BTreeMap<String, Vec<Vec<f32>>> = case.golden.get("tasks").unwrap_or_default();
        for (task, expected) in tasks {
            check(&case, &model, Purpose::default().with_task(task), &expected);
        }
    }
}

#[test]
fn token_counts_are_the_references() {
    for case in fixtures() {
        let model = load(&case);
        let counts: Vec<usize> =
            case.golden.inputs.iter().map(|text| model.usage(text, Role::Plain).unwrap().tokens).collect();
        assert_eq!(counts, case.golden.token_count, "{}", case.folder.display());
        assert_eq!(
            model.token_count(&case.golden.inputs, embedkit_core::Role::Plain).unwrap(),
            counts.iter().sum::<usize>()
        );
    }
}
