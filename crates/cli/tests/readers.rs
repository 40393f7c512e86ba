//! Files of results as others read them: pyarrow, duckdb, polars, NumPy, SciPy and safetensors, where they are installed.
//! `EMBEDKIT_READERS` names the Python that has them; with it, their absence is a failure.
#![cfg(all(feature = "parquet", feature = "npz"))]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests end with a panic, and say what they skip")]

mod common;

use std::path::Path;
use std::process::Command;

use common::subject::{COLBERT, HYBRID, Subject};
use common::{fixtures, model_args, run_with};

const INPUT: &[u8] = br#"{"text":"hello world","id":1,"weight":1,"title":"a","good":true,"tags":["x"],"mixed":1,"big":10000000000000000000000000,"index":"own"}
{"text":"world","id":2,"weight":2.5,"title":"gr\u00f6\u00dfer","good":false,"tags":[],"mixed":"a"}

"hello"
{"text":"flag embedding","id":4,"title":"d"}
"#;

/// The Python that has the readers.
fn python() -> Option<String> {
    let named = std::env::var("EMBEDKIT_READERS").ok();
    let python = named.clone().unwrap_or_else(|| "python3".to_owned());
    let imports = "import duckdb, numpy, polars, pyarrow, scipy, safetensors";
    let found = Command::new(&python).args(["-c", imports]).output().is_ok_and(|output| output.status.success());
    assert!(found || named.is_none(), "{python} lacks the readers");
    if !found {
        eprintln!("skipped: no Python with pyarrow, duckdb, polars, scipy and safetensors");
    }
    found.then_some(python)
}

fn check(kind: &str, model: &[&str]) {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut formats = vec!["jsonl", "parquet", "npz", "safetensors"];
    formats.extend((kind == "dense").then_some("npy"));
    for format in formats {
        let file = folder.path().join(format!("out.{format}"));
        let mut args = vec!["embed", "-o", file.to_str().unwrap()];
        args.extend(model);
        match format {
            "jsonl" | "parquet" => args.extend(["--keep-fields", "--keep-text", "--with-usage"]),
            "npy" => {}
            _ => args.push("--with-usage"),
        }
        let outcome = run_with(&args, INPUT);
        assert_eq!(outcome.code, 0, "{format}: {}", outcome.stderr);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers.py");
    let output = Command::new(python).arg(script).arg(folder.path()).arg(kind).output().unwrap();
    assert!(output.status.success(), "{kind}: {}", String::from_utf8_lossy(&output.stderr));
}

fn check_fixture(kind: &str, subject: Subject) {
    let folder = tempfile::tempdir().unwrap();
    let model = model_args(folder.path(), subject.row(), &fixtures(subject.family).join(subject.fixture));
    check(kind, &model.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn dense_vectors() {
    check("dense", &[]);
}

#[test]
fn sparse_vectors() {
    check("sparse", &["-m", "bm25"]);
}

#[test]
fn multi_vectors() {
    check_fixture("multi", COLBERT);
}

#[test]
fn three_at_once() {
    check_fixture("hybrid", HYBRID);
}
