//! `models quantize` and `--quantize`, as processes.
#![cfg(feature = "onnx")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use std::path::Path;

use common::{copy_loud_model, fixtures, run};
use serde_json::Value;

fn folder() -> std::path::PathBuf {
    fixtures("colbert").join("multi-vector-fixed")
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_folder_is_written_whole_or_not_at_all_and_its_model_runs() {
    let scratch = tempfile::tempdir().unwrap();
    let (from, to) = (folder(), scratch.path().join("quantized"));
    // A model of random weights loses much by 8 bits.
    let texts = scratch.path().join("texts");
    std::fs::write(&texts, "hello world\nthe quick brown fox\n\njumps over the lazy dog\n").unwrap();
    let command = ["models", "quantize", path(&from), "-o", path(&to), "--texts", path(&texts)];
    let forced = run(&[&command[..], &["--force", "--json"]].concat());
    assert_eq!(forced.code, 0, "{}", forced.stderr);
    let report: Value = serde_json::from_str(forced.text()).unwrap();
    let cosine = report["comparison"]["mean_cosine"].as_f64().unwrap();
    assert!(cosine > 0.5 && cosine < 0.99999, "{report}");
    assert_eq!((&report["comparison"]["texts"], &report["comparison"]["nearest"]), (&3.into(), &2.into()));
    assert!(report["products"].as_u64().unwrap() > 0 && report["bytes_before"].as_u64().unwrap() > 0);

    let again = run(&command);
    assert!(again.code == 2 && again.stderr.contains("is there already"), "{}", again.stderr);

    let embed = |args: &[&str]| {
        let outcome = run(&[&["embed", "hello world", "--kind", "colbert", "--passage", "--model-dir"], args].concat());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.stdout
    };
    let written = embed(&[path(&to)]);
    assert_eq!(written, embed(&[path(&from), "--quantize", "int8"]));
    assert_ne!(written, embed(&[path(&from)]));
}

#[test]
fn texts_are_read_as_other_verbs_read_theirs() {
    let scratch = tempfile::tempdir().unwrap();
    let report = |name: &str, content: &str| -> Value {
        let (texts, to) = (scratch.path().join(name), scratch.path().join(format!("{name}-out")));
        std::fs::write(&texts, content).unwrap();
        let outcome = run(&[&[
            "models",
            "quantize",
            path(&folder()),
            "-o",
            path(&to),
            "--texts",
            path(&texts),
            "--force",
            "--json",
        ][..]]
        .concat());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        serde_json::from_str::<Value>(outcome.text()).unwrap()["comparison"].take()
    };
    let lines = report("lines", "hello world\n\nthe quick brown fox\n");
    for (name, content) in [
        ("marked", "\u{feff}hello world\nthe quick brown fox\n"),
        ("lines.jsonl", "{\"text\": \"hello world\"}\n{\"text\": \"the quick brown fox\"}\n"),
        ("table.csv", "id,text\n1,hello world\n2,the quick brown fox\n"),
    ] {
        assert_eq!(report(name, content), lines, "{name}");
    }
}

#[test]
fn values_beside_the_graph_are_in_it_and_counted() {
    let scratch = tempfile::tempdir().unwrap();
    let (from, to) = (scratch.path().join("from"), scratch.path().join("to"));
    common::subject::copy(&folder(), &from);
    let graph = from.join("onnx/model.onnx");
    let before = std::fs::metadata(&graph).unwrap().len();
    let (structure, values) = embedkit_fixtures::with_external_weight(&std::fs::read(&graph).unwrap(), "values.bin");
    std::fs::write(&graph, structure).unwrap();
    std::fs::write(from.join("onnx/values.bin"), values).unwrap();
    let outcome = run(&["models", "quantize", path(&from), "-o", path(&to), "--force", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let report: Value = serde_json::from_str(outcome.text()).unwrap();
    assert!(report["bytes_before"].as_u64().unwrap() >= before, "{report}");
    assert!(to.join("onnx/model.onnx").exists() && !to.join("onnx/values.bin").exists());
}

#[test]
fn what_changes_much_is_written_only_by_force() {
    let scratch = tempfile::tempdir().unwrap();
    let (from, to) = (scratch.path().join("loud"), scratch.path().join("quantized"));
    copy_loud_model(&from);
    let command = ["models", "quantize", path(&from), "-o", path(&to)];
    run(&command).assert_fails(1, "change this model's vectors too much");
    assert!(!to.exists());
    let forced = run(&[&command[..], &["--force"]].concat());
    assert_eq!(forced.code, 0, "{}", forced.stderr);
    assert!(to.join("onnx/model.onnx").exists());
}

#[test]
fn what_cannot_be_quantised_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let to = scratch.path().join("quantized");
    let once = run(&["models", "quantize", path(&folder()), "-o", path(&to), "--force"]);
    assert_eq!(once.code, 0, "{}", once.stderr);
    let twice = scratch.path().join("twice");
    let (texts, reranker) = (scratch.path().join("texts"), fixtures("rerank").join("cross-encoder-plain"));
    std::fs::write(&texts, "one\ntwo\n").unwrap();
    let (undescribed, table) = (fixtures("dense").join("transformer-mean"), fixtures("dense").join("static-f32"));
    for (args, expected) in [
        (vec!["models", "quantize", path(&undescribed), "-o", path(&twice)], "modules.json is missing"),
        (vec!["models", "quantize", path(&table), "-o", path(&twice)], "runs no graph"),
        (
            vec![
                "models",
                "quantize",
                path(&reranker),
                "--kind",
                "rerank",
                "-o",
                path(&twice),
                "--texts",
                path(&texts),
            ],
            "those of rerank are not",
        ),
        (vec!["models", "quantize", path(&to), "-o", path(&twice), "--force"], "quantised already"),
        (vec!["models", "quantize", path(scratch.path()), "-o", path(&twice)], "has no graph"),
        (vec!["embed", "a", "--quantize", "int8"], "`quantize`"),
        (vec!["embed", "a", "-m", "bm25", "--quantize", "int8"], "`quantize`"),
    ] {
        let outcome = run(&args);
        assert!(outcome.code != 0 && outcome.stderr.contains(expected), "{args:?}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("--normalize"), "an option that the verb lacks: {}", outcome.stderr);
        assert!(!twice.exists());
    }
}
