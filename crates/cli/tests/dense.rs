//! Model folders through the program: the vectors are the reference's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use std::collections::BTreeMap;

use common::{fixtures, run_with};
use embedkit_fixtures::{Case, TextGolden, assert_near, cases};

fn as_lines(case: &Case<TextGolden>) -> Vec<u8> {
    case.golden.inputs.iter().map(|text| serde_json::to_string(text).unwrap() + "\n").collect::<String>().into_bytes()
}

fn check(case: &Case<TextGolden>, args: &[&str], expected: &[Vec<f32>]) {
    let args = [&["embed", "--model-dir", case.folder.to_str().unwrap(), "--input-format", "jsonl"], args].concat();
    let vectors = run_with(&args, &as_lines(case)).vectors();
    assert_eq!(vectors.len(), expected.len(), "{args:?}");
    for (actual, expected) in vectors.iter().zip(expected) {
        assert_near(actual, expected, &format!("{args:?}"));
    }
}

#[test]
fn options_describe_a_folder() {
    for (name, args) in [
        ("custom-mean", &["--kind", "dense", "--pooling", "mean", "--normalize"][..]),
        ("custom-cls-raw", &["--pooling", "cls"]),
        ("custom-last-token", &["--pooling", "last-token", "--normalize"]),
        ("custom-no-pooling", &["--pooling", "none"]),
        ("custom-output-name", &["--normalize", "--output-name", "sentence_embedding", "--batch-size", "2"]),
        (
            "custom-cls-raw",
            &["--pooling", "cls", "--model", "my/own", "--sessions", "2", "--model-file", "onnx/model.onnx"],
        ),
        ("static-f32", &[]),
    ] {
        let case = &cases::<TextGolden>(fixtures("dense"), |folder| folder == name)[0];
        check(case, args, &case.golden.get::<Vec<Vec<f32>>>("embed").unwrap());
    }
}

/// What an option says of pooling is what a folder says of it.
#[test]
fn every_pooling_is_an_option() {
    let folders = fixtures("dense").parent().unwrap().join("folders");
    let base = folders.join("base");
    for (option, case) in [
        ("cls", "pooling-cls"),
        ("max", "pooling-max"),
        ("mean", "pooling-mean"),
        ("mean-sqrt-len", "pooling-mean-sqrt-len-tokens"),
        ("weighted-mean", "pooling-weightedmean"),
        ("last-token", "pooling-lasttoken"),
    ] {
        let golden = std::fs::read(folders.join(case).join("golden.json")).unwrap();
        let golden: serde_json::Value = serde_json::from_slice(&golden).unwrap();
        let texts: Vec<String> = serde_json::from_value(golden["texts"].clone()).unwrap();
        let expected: Vec<Vec<f32>> = serde_json::from_value(golden["plain"].clone()).unwrap();
        let lines: String = texts.iter().map(|text| serde_json::to_string(text).unwrap() + "\n").collect();
        let args = ["embed", "--model-dir", base.to_str().unwrap(), "--pooling", option, "--input-format", "jsonl"];
        for (actual, expected) in run_with(&args, lines.as_bytes()).vectors().iter().zip(&expected) {
            assert_near(actual, expected, option);
        }
    }
}

#[test]
fn rows_of_a_manifest_file_are_models() {
    let case = &cases::<TextGolden>(fixtures("dense"), |folder| folder == "jina-v3")[0];
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("models.toml");
    let mut row = case.golden.model.clone();
    row.id = "test/jina".to_owned();
    std::fs::write(&manifest, toml::to_string(&BTreeMap::from([("model", [row])])).unwrap()).unwrap();
    let named = ["--manifest", manifest.to_str().unwrap(), "--model", "Test/Jina"];
    let golden = |name: &str| case.golden.get::<Vec<Vec<f32>>>(name).unwrap();
    check(case, &[&named[..], &["--query"]].concat(), &golden("query_embed"));
    check(case, &named, &golden("embed"));
    for (task, expected) in case.golden.get::<BTreeMap<String, Vec<Vec<f32>>>>("tasks").unwrap() {
        check(case, &[&named[..], &["--task", &task]].concat(), &expected);
    }

    let tokens = ["tokens", "--model-dir", case.folder.to_str().unwrap(), "--input-format", "jsonl"];
    let lines = run_with(&[&tokens[..], &named].concat(), &as_lines(case)).json();
    let counts: Vec<_> = lines.iter().map(|line| line["tokens"].as_u64().unwrap() as usize).collect();
    assert_eq!(counts, case.golden.token_count);
}
