//! Folders as sentence-transformers' `SparseEncoder` writes them: what they say is obeyed, or refused by name.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::collections::BTreeSet;
use std::path::Path;

use embedkit_core::tokenizer::{Tokenizer, TokenizerFiles, TokenizerOptions};
use embedkit_core::{Embedder, ModelFiles, TextEmbedder};
use embedkit_fixtures::{Case, TextGolden, assert_near, cases};
use embedkit_sparse::{Role, SparseTextEmbedding, SparseVector};
use serde_json::{Value, json};

const TABLE: &str = "query_0_SparseStaticEmbedding";

/// A model of SPLADE without a description, with what it gives for each of its texts.
fn plain() -> (Case<TextGolden>, Vec<SparseVector>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let case: Case<TextGolden> = cases(folder, |name| name == "splade").pop().unwrap();
    let expected = case.golden.get("embed").unwrap();
    (case, expected)
}

fn kind(module: &str) -> String {
    format!("sentence_transformers.sparse_encoder.models.{module}")
}

fn modules(kinds: &[(&str, &str)]) -> Value {
    kinds.iter().map(|(path, module)| json!({"path": path, "type": kind(module)})).collect()
}

/// The model's files, and these beside them.
fn files(folder: &Path, others: &[(&str, Vec<u8>)]) -> ModelFiles {
    let own = ["config.json", "model.onnx", "tokenizer.json", "tokenizer_config.json"];
    let own = own.map(|name| (name.to_owned(), std::fs::read(folder.join(name)).unwrap()));
    let others = others.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone()));
    ModelFiles::memory(own.into_iter().chain(others))
}

fn load(folder: &Path, others: &[(&str, Value)]) -> Result<SparseTextEmbedding, String> {
    let others: Vec<_> = others.iter().map(|(name, json)| (*name, json.to_string().into_bytes())).collect();
    let builder = SparseTextEmbedding::builder(files(folder, &others));
    builder.build().map_err(|error: embedkit_core::Error| error.to_string())
}

fn splade(pooling: Value, settings: Value) -> Vec<(&'static str, Value)> {
    let modules = modules(&[("", "MLMTransformer"), ("1_SpladePooling", "SpladePooling")]);
    vec![
        ("modules.json", modules),
        ("1_SpladePooling/config.json", pooling),
        ("config_sentence_transformers.json", settings),
    ]
}

#[test]
fn an_activation_is_applied_to_every_weight() {
    let (case, expected) = plain();
    for (activation, weight) in [("relu", (|x| x) as fn(f32) -> f32), ("log1p_relu", |x: f32| x.ln_1p())] {
        let pooling = json!({"pooling_strategy": "max", "activation_function": activation, "chunk_size": 3});
        let model = load(&case.folder, &splade(pooling, json!({}))).unwrap();
        let vectors: Vec<SparseVector> = model.embed(&case.golden.inputs).map(Result::unwrap).collect();
        for ((vector, expected), text) in vectors.iter().zip(&expected).zip(&case.golden.inputs) {
            let expected_values: Vec<f32> = expected.values().iter().map(|value| weight(*value)).collect();
            assert_eq!(vector.indices(), expected.indices(), "{activation} {text:?}");
            assert_near(vector.values(), &expected_values, &format!("{activation} {text:?}"));
        }
    }
}

#[test]
fn a_strategy_and_a_bound_of_terms_are_obeyed() {
    let (case, expected) = plain();
    let (text, highest) = (&case.golden.inputs[9], &expected[9]);
    let embed = |pooling: Value, settings: Value| {
        load(&case.folder, &splade(pooling, settings)).unwrap().embed_one(text, Role::Plain).unwrap()
    };
    // A sum of several tokens' weights is above the highest of them, somewhere by much.
    let sums = embed(json!({"pooling_strategy": "sum"}), json!({}));
    assert_eq!(sums.indices(), highest.indices());
    assert!(sums.values().iter().zip(highest.values()).all(|(sum, highest)| *sum > highest - 1e-5));
    assert!(sums.values().iter().zip(highest.values()).any(|(sum, highest)| *sum > 1.5 * highest));
    let few = embed(json!({}), json!({"max_active_dims": 5}));
    assert_eq!(few.len(), 5);
    let mut values = highest.values().to_vec();
    values.sort_by(|a, b| b.total_cmp(a));
    assert!(few.values().iter().all(|value| *value >= values[4] - 1e-5), "{few:?}");
}

/// `router_config.json`; the order of its routes counts.
fn router(routes: [&str; 2], parameters: &str) -> String {
    let route = |name: &str| match name {
        "query" => format!(r#""query": ["{TABLE}"]"#),
        _ => r#""document": ["document_0_MLMTransformer", "document_1_SpladePooling"]"#.to_owned(),
    };
    let types = json!({
        TABLE: kind("SparseStaticEmbedding"),
        "document_0_MLMTransformer": kind("MLMTransformer"),
        "document_1_SpladePooling": kind("SpladePooling"),
    });
    let structure = routes.map(route).join(", ");
    format!(r#"{{"types": {types}, "structure": {{{structure}}}, "parameters": {parameters}}}"#)
}

/// A file of safetensors with a weight for each token: its number and a half.
fn table(tokens: usize) -> Vec<u8> {
    let end = tokens * 4;
    let header = format!(r#"{{"weight": {{"dtype": "F32", "shape": [{tokens}], "data_offsets": [0, {end}]}}}}"#);
    let weights = (0..tokens).flat_map(|token| (token as f32 + 0.5).to_le_bytes());
    (header.len() as u64).to_le_bytes().into_iter().chain(header.into_bytes()).chain(weights).collect()
}

#[test]
fn a_router_answers_queries_from_its_table_and_documents_from_the_graph() {
    let (case, expected) = plain();
    let tokenizer = std::fs::read(case.folder.join("tokenizer.json")).unwrap();
    let mut options = TokenizerOptions::default();
    options.max_length = Some(100);
    let ids_of = Tokenizer::load(&TokenizerFiles::new(tokenizer.clone()), &options).unwrap();
    let text = &case.golden.inputs[9];
    let ids: BTreeSet<u32> = ids_of.encode_bare(text).unwrap().into_iter().collect();
    let from_table: Vec<(u32, f32)> = ids.into_iter().map(|id| (id, id as f32 + 0.5)).collect();
    let weights = format!("{TABLE}/model.safetensors");
    let tokens = format!("{TABLE}/tokenizer.json");
    let build = |routes: [&str; 2], parameters: &str, has_table: bool| {
        let json = |value: Value| value.to_string().into_bytes();
        let mut others = vec![
            ("modules.json", json(modules(&[("", "Router")]))),
            ("router_config.json", router(routes, parameters).into_bytes()),
            (tokens.as_str(), tokenizer.clone()),
        ];
        // The graph's files lie in the model's folder, as exports put them.
        if has_table {
            others.push((weights.as_str(), table(ids_of.vocab_size())));
        }
        let builder = SparseTextEmbedding::builder(files(&case.folder, &others));
        builder.build().map_err(|error: embedkit_core::Error| error.to_string())
    };
    let (query_first, document_first) = (["query", "document"], ["document", "query"]);
    for (routes, parameters, plain_is_query) in [
        (query_first, r#"{"default_route": "document"}"#, false),
        (document_first, r#"{"default_route": "query"}"#, true),
        // The first route that is written.
        (query_first, "{}", true),
        (document_first, "{}", false),
        (query_first, r#"{"allow_empty_key": false}"#, false),
    ] {
        let model: SparseTextEmbedding = build(routes, parameters, true).unwrap();
        let query = model.embed_one(text, Role::Query).unwrap();
        let entries: Vec<(u32, f32)> = query.indices().iter().copied().zip(query.values().iter().copied()).collect();
        assert_eq!(entries, from_table, "{parameters}");
        let passage = model.embed_one(text, Role::Passage).unwrap();
        assert_eq!(passage.indices(), expected[9].indices());
        assert_near(passage.values(), expected[9].values(), "a document");
        let plain = model.embed_one(text, Role::Plain).unwrap();
        assert_eq!(plain, if plain_is_query { query } else { passage }, "{parameters}");
    }
    let error = build(query_first, "{}", false).map(drop).unwrap_err();
    assert!(error.contains(&weights) && error.contains("Router"), "{error}");
    let error = build(query_first, r#"{"route_mappings": {"(None, text)": "query"}}"#, true).map(drop).unwrap_err();
    assert!(error.contains("`route_mappings`"), "{error}");
}

#[test]
fn what_is_not_obeyed_is_refused_by_name() {
    let (case, _) = plain();
    let with = |name: &'static str, json: Value| {
        let mut files = splade(json!({}), json!({}));
        files.retain(|(other, _)| *other != name);
        files.push((name, json));
        files
    };
    for (name, json, expected) in [
        (
            "modules.json",
            modules(&[("", "Transformer"), ("1_SpladePooling", "Pooling"), ("2", "SparseAutoEncoder")]),
            "SparseAutoEncoder",
        ),
        ("modules.json", modules(&[("", "Transformer"), ("1_SpladePooling", "Pooling")]), "module Pooling"),
        ("modules.json", modules(&[("", "MLMTransformer")]), "module"),
        (
            "modules.json",
            modules(&[("", "MLMTransformer"), ("1_SpladePooling", "SpladePooling"), ("2", "Normalize")]),
            "Normalize",
        ),
        ("modules.json", json!([]), "no module"),
        ("1_SpladePooling/config.json", json!({"activation_function": "gelu"}), "`activation_function`"),
        ("1_SpladePooling/config.json", json!({"pooling_strategy": "mean"}), "`pooling_strategy`"),
        ("1_SpladePooling/config.json", json!({"colour": 1}), "`colour`"),
        ("sentence_bert_config.json", json!({"transformer_task": "feature-extraction"}), "feature-extraction"),
        ("sentence_bert_config.json", json!({"query_length": 9}), "`query_length`"),
        ("config_sentence_transformers.json", json!({"truncate_dim": 9}), "`truncate_dim`"),
    ] {
        let error = load(&case.folder, &with(name, json.clone())).map(drop).expect_err(expected);
        assert!(error.contains(expected), "{json}: {error}");
    }
}
