//! `--resume`: with Parquet, parts of which the output is made when all is done; with either format, inputs that are others
//! are noticed.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Outcome, embedkit, run, run_with};
use serde_json::Value;

fn inputs(count: usize) -> String {
    let line =
        |number: usize| format!("{{\"text\":\"text number {number}\",\"id\":{number},\"part\":{:?}}}\n", number % 3);
    (0..count).map(line).collect()
}

fn embed(input: &str, path: &Path, more: &[&str]) -> Outcome {
    let args = ["embed", "--keep-fields", "--keep-text", "--resume", "-o", path.to_str().unwrap()];
    run_with(&[&args, more].concat(), input.as_bytes())
}

/// The rows, by the program's own reader.
fn rows(path: &Path) -> Vec<Value> {
    run(&["tokens", "-i", path.to_str().unwrap(), "--keep-fields", "--keep-text"]).json()
}

fn parts_of(path: &Path) -> PathBuf {
    path.with_file_name(format!("{}.parts", path.file_name().unwrap().to_str().unwrap()))
}

/// The file of a run without interruption.
fn whole(folder: &Path, count: usize) -> Vec<Value> {
    let path = folder.join("whole.parquet");
    let args = ["embed", "--keep-fields", "--keep-text", "-o", path.to_str().unwrap()];
    assert_eq!(run_with(&args, inputs(count).as_bytes()).code, 0);
    rows(&path)
}

#[test]
fn more_inputs_are_added_to_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    for count in [0, 2, 2, 7] {
        let outcome = embed(&inputs(count), &path, &[]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        assert!(path.exists() && !parts_of(&path).exists());
        if count > 0 {
            assert_eq!(rows(&path).len(), count);
        }
    }
    assert_eq!(rows(&path), whole(folder.path(), 7));
}

#[test]
fn a_run_that_fails_keeps_what_it_has_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    let wrong = inputs(3) + "wrong\n";
    embed(&wrong, &path, &[]).assert_fails(1, "line 4");
    assert!(!path.exists());
    assert_eq!(rows(&parts_of(&path).join("00000000.parquet")).len(), 3);
    embed(&inputs(9), &path, &["--encoding", "f16"]).assert_fails(2, "the options");
    embed(&inputs(9), &path, &["-m", "bm25"]).assert_fails(2, "was made with the model embedkit/static-minilm-en");
    assert_eq!(embed(&inputs(9), &path, &[]).code, 0);
    assert_eq!(rows(&path), whole(folder.path(), 9));
    assert!(!parts_of(&path).exists());
}

/// Killed twice, with parts that are whole after every result: nothing is done twice, and nothing is lost.
#[test]
fn a_run_that_is_killed_goes_on_from_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    for wanted in [2, 4] {
        let mut command = embedkit();
        command.args(["embed", "--keep-fields", "--keep-text", "--resume", "--part-time", "0", "-o"]).arg(&path);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // The input stays open, as if more were to come.
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(inputs(wanted).as_bytes()).unwrap();
        stdin.flush().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let count = || std::fs::read_dir(parts_of(&path)).into_iter().flatten().flatten().count();
        // A part for each result, and the lock.
        while count() <= wanted {
            assert!(Instant::now() < deadline, "{} parts", count());
            std::thread::sleep(Duration::from_millis(10));
        }
        let second = embed(&inputs(wanted), &path, &[]);
        second.assert_fails(1, "is being written by another process");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(!path.exists());
    let outcome = embed(&inputs(6), &path, &["--part-time", "0"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(rows(&path), whole(folder.path(), 6));
    assert!(!parts_of(&path).exists());
}

/// The run that put the parts together was ended before it removed them.
#[test]
fn parts_that_the_output_has_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.parquet");
    assert_eq!(embed(&inputs(3), &path, &[]).code, 0);
    std::fs::create_dir(parts_of(&path)).unwrap();
    std::fs::copy(&path, parts_of(&path).join("00000000.parquet")).unwrap();
    assert_eq!(embed(&inputs(5), &path, &[]).code, 0);
    assert_eq!(rows(&path), whole(folder.path(), 5));
}

#[test]
fn other_inputs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["out.jsonl", "out.parquet"] {
        let path = folder.path().join(name);
        assert_eq!(embed(&inputs(5), &path, &[]).code, 0);
        let there = std::fs::read(&path).unwrap();
        let others = [
            (inputs(9).replace("number 0", "number zero"), "the first 1 are not"),
            (inputs(9).replace("\"id\":2", "\"id\":22"), "the first 4 are not"),
            (inputs(9).replace("number 4", "number four"), "the first 5 are not"),
            (inputs(3), "it has results of 5, and there are fewer"),
        ];
        for (other, message) in others {
            let refused = embed(&other, &path, &[]);
            refused.assert_fails(2, message);
            assert!(refused.stderr.contains(name) && refused.stderr.contains("--resume"), "{}", refused.stderr);
            assert_eq!(std::fs::read(&path).unwrap(), there, "{name} {message}");
        }
        // What comes behind those that are done may be anything.
        let more = embed(&inputs(9).replace("number 5", "number five"), &path, &[]);
        assert_eq!(more.code, 0, "{}", more.stderr);
        embed(&inputs(9), &path, &[]).assert_fails(2, "the first 8 are not");
    }
}

/// A run that is killed has written down what the first half of its inputs were, at least.
#[test]
fn a_run_that_is_killed_knows_its_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let mut command = embedkit();
    command.args(["embed", "--keep-fields", "--keep-text", "--resume", "-o"]).arg(&path);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(inputs(5).as_bytes()).unwrap();
    stdin.flush().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while std::fs::read_to_string(&path).unwrap_or_default().lines().count() < 5 {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    embed(&inputs(9).replace("number 3", "number three"), &path, &[]).assert_fails(2, "the first 4 are not");
    assert_eq!(embed(&inputs(9), &path, &[]).code, 0);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 9);
}

/// Results that are lost, as after a crash of the machine, are made anew, whatever stands beside them.
#[test]
fn results_that_are_lost_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    assert_eq!(embed(&inputs(9), &path, &[]).code, 0);
    let there = std::fs::read_to_string(&path).unwrap();
    let kept: String = there.split_inclusive('\n').take(3).collect();
    std::fs::write(&path, kept).unwrap();
    let other = inputs(9).replace("number 5", "number five");
    assert_eq!(embed(&other, &path, &[]).code, 0);
    let whole = run_with(&["embed", "--keep-fields", "--keep-text"], other.as_bytes());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), whole.text());
    embed(&inputs(9), &path, &[]).assert_fails(2, "the first 8 are not");
}

#[test]
fn other_formats_are_written_whole() {
    for format in ["npy", "npz", "safetensors"] {
        run(&["embed", "--resume", "-o", &format!("x.{format}"), "a"]).assert_fails(2, "JSON Lines and Parquet");
    }
}
