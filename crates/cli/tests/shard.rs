//! `--shard`: one share of a job, whose only state is its results.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use common::subject::STATIC;
use common::{Outcome, embedkit, model_args, run};
use serde_json::Value;

/// A folder with inputs of several kinds, and one for results.
struct Job {
    folder: tempfile::TempDir,
}

impl Job {
    fn new() -> Self {
        let job = Self { folder: tempfile::tempdir().unwrap() };
        for (name, text) in [
            ("in/a.jsonl", "{\"text\":\"a cat\",\"id\":1}\n{\"text\":\"a kitten\",\"id\":2}\n"),
            ("in/b.txt", "snow in the mountains\nbread\n"),
            ("in/sub/c.csv", "text,id\nthe tax return,7\n"),
            ("in/.hidden.txt", "no input\n"),
            ("in/_SUCCESS", ""),
        ] {
            job.write(name, text);
        }
        job
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs a share of the folder `in` into the folder `out`.
    fn run(&self, shard: &str, more: &[&str]) -> Outcome {
        let (input, output) = (self.path("in"), self.path("out"));
        let args = ["embed", "-v", "--shard", shard, "-i", input.to_str().unwrap(), "-o", output.to_str().unwrap()];
        run(&[&args, more].concat())
    }

    /// The files of results.
    fn made(&self, folder: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        list(&self.path(folder), &self.path(folder), &mut found);
        found
    }
}

fn list(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            list(root, &path, found);
        } else {
            found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}

fn lines(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of a Parquet file with a column of texts, by the program's own reader.
fn rows(path: &Path) -> Vec<Value> {
    run(&["tokens", "-i", path.to_str().unwrap(), "--keep-fields", "--keep-text"]).json()
}

#[test]
fn shares_are_together_what_each_file_is_alone() {
    let job = Job::new();
    for shard in ["0/2", "1/2"] {
        let outcome = job.run(shard, &["--keep-text"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    let expected: BTreeSet<String> = ["a", "b", "sub/c"]
        .into_iter()
        .flat_map(|name| [format!("{name}.jsonl"), format!("{name}.jsonl.made.json")])
        .collect();
    assert_eq!(job.made("out"), expected);
    for (input, output) in [("a.jsonl", "a.jsonl"), ("b.txt", "b.jsonl"), ("sub/c.csv", "sub/c.jsonl")] {
        let path = job.path("in").join(input);
        let alone = run(&["embed", "--keep-text", "-i", path.to_str().unwrap()]).json();
        assert_eq!(lines(&job.path("out").join(output)), alone, "{input}");
    }
}

#[test]
fn what_is_there_is_passed_over_and_what_is_missing_is_made() {
    let job = Job::new();
    for format in ["jsonl", "parquet"] {
        let first = job.run("0/1", &["--format", format]);
        assert!(first.stderr.contains("3 files made, 0 files there already"), "{}", first.stderr);
        let made = job.path(&format!("out/a.{format}"));
        let times = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
        let before = times(&made);
        std::fs::remove_file(job.path(&format!("out/b.{format}"))).unwrap();
        let again = job.run("0/1", &["--format", format]);
        assert!(again.stderr.contains("1 file made, 2 files there already"), "{}", again.stderr);
        assert_eq!(times(&made), before);
        // What changes no result is no reason to do anything anew.
        let other = job.run("0/1", &["--format", format, "--threads", "1", "--batch-size", "1"]);
        assert!(other.stderr.contains("0 files made, 3 files there already"), "{}", other.stderr);
    }
}

/// A model is what its results depend on: not where its folder is, nor what else lies in it.
#[test]
fn a_model_is_told_by_what_was_read_of_it() {
    let job = Job::new();
    let (first, second) = (job.path("model"), job.path("moved"));
    STATIC.copy_to(&first);
    let run = |folder: &Path| {
        let model = model_args(job.folder.path(), STATIC.row(), folder);
        job.run("0/1", &model.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(run(&first).code, 0);
    std::fs::write(first.join("README.md"), "notes").unwrap();
    std::fs::rename(&first, &second).unwrap();
    let again = run(&second);
    assert!(again.stderr.contains("0 files made, 3 files there already"), "{}", again.stderr);
    let config = second.join("tokenizer.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text + "\n").unwrap();
    run(&second).assert_fails(2, "was made with the model");
}

#[test]
fn results_of_another_model_or_of_other_options_are_refused() {
    let job = Job::new();
    for format in ["jsonl", "parquet"] {
        assert_eq!(job.run("0/1", &["--format", format]).code, 0);
        let file = job.path(&format!("out/a.{format}"));
        let before = std::fs::read(&file).unwrap();
        job.run("0/1", &["--format", format, "-m", "bm25"])
            .assert_fails(2, "was made with the model embedkit/static-minilm-en");
        job.run("0/1", &["--format", format, "--encoding", "int8"]).assert_fails(2, "the options {}");
        assert_eq!(std::fs::read(&file).unwrap(), before);
        job.write("in/a.jsonl", "{\"text\":\"a cat that was not there\"}\n");
        job.run("0/1", &["--format", format]).assert_fails(1, "a.");
        job.write("in/a.jsonl", "{\"text\":\"a cat\",\"id\":1}\n{\"text\":\"a kitten\",\"id\":2}\n");
    }
    // One of an earlier version.
    let mark = job.path("out/b.jsonl.made.json");
    let made = std::fs::read_to_string(&mark).unwrap();
    std::fs::write(&mark, made.replace("sha256:", "sha256:0").replacen('{', "{\"embedkit.row\":\"sha256:0\",", 1))
        .unwrap();
    job.run("0/1", &[]).assert_fails(2, "b.jsonl was made by an earlier version");
    // A file of someone else's, and one that was cut.
    std::fs::remove_file(job.path("out/b.jsonl.made.json")).unwrap();
    job.run("0/1", &[]).assert_fails(2, "b.jsonl does not say what it was made with");
    std::fs::remove_file(job.path("out/b.jsonl")).unwrap();
    assert_eq!(job.run("0/1", &[]).code, 0);
    let text = std::fs::read_to_string(job.path("out/a.jsonl")).unwrap();
    std::fs::write(job.path("out/a.jsonl"), &text[..text.len() / 2]).unwrap();
    job.run("0/1", &[]).assert_fails(1, "remove it, to make it anew");
}

#[test]
fn a_file_is_shared_by_its_inputs() {
    let job = Job::new();
    let texts: String = (0..10).map(|number| format!("text number {number}\n")).collect();
    job.write("texts.txt", &texts);
    let (input, output) = (job.path("texts.txt"), job.path("vectors/all.parquet"));
    let args = |shard: &'static str| {
        ["embed", "--keep-text", "--shard", shard, "-i", input.to_str().unwrap(), "-o", output.to_str().unwrap()]
    };
    let mut found = Vec::new();
    for (shard, name) in [("0/3", "00000"), ("1/3", "00001"), ("2/3", "00002")] {
        assert_eq!(run(&args(shard)).code, 0);
        found.extend(rows(&job.path(&format!("vectors/all-{name}-of-00003.parquet"))));
    }
    found.sort_by_key(|row| row["input_index"].as_u64());
    let whole = run(&["embed", "--keep-text", "-i", input.to_str().unwrap()]).json();
    assert_eq!(found.len(), 10);
    for (row, line) in found.iter().zip(&whole) {
        assert_eq!((&row["input_index"], &row["text"]), (&line["index"], &line["text"]));
        let numbers = |value: &Value| serde_json::from_value::<Vec<f32>>(value.clone()).unwrap();
        assert_eq!(numbers(&row["embedding"]), numbers(&line["embedding"]));
    }
    // The end of the file says what made it.
    let bytes = std::fs::read(job.path("vectors/all-00000-of-00003.parquet")).unwrap();
    for entry in
        ["embedkit.digest", "sha256:", "embedkit.revision", "embedkit.version", "embedkit.dim", "texts.txt 0/3"]
    {
        assert!(bytes.windows(entry.len()).any(|part| part == entry.as_bytes()), "{entry}");
    }
}

#[test]
fn a_share_that_is_killed_leaves_nothing_and_is_made_by_the_next_run() {
    let job = Job::new();
    std::fs::remove_dir_all(job.path("in")).unwrap();
    let texts: String = (0..60_000).map(|number| format!("{number} cats sleep on {number} sofas\n")).collect();
    job.write("in/many.txt", &texts);
    job.write("in/few.txt", "a cat\n");
    let mut command = embedkit();
    command.args(["embed", "--shard", "0/1", "-i"]).arg(job.path("in")).arg("-o").arg(job.path("out"));
    let mut child = command.spawn().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !job.path("out/few.jsonl").exists() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!job.path("out/many.jsonl").exists());
    let again = job.run("0/1", &[]);
    assert!(again.stderr.contains("1 file made, 1 file there already"), "{}", again.stderr);
    assert_eq!(lines(&job.path("out/many.jsonl")).len(), 60_000);
}

#[test]
fn shares_that_cannot_be_are_refused() {
    let job = Job::new();
    let (input, within) = (job.path("in"), job.path("in/out"));
    let (input, within) = (input.to_str().unwrap(), within.to_str().unwrap());
    run(&["embed", "--shard", "2/2", "-i", input, "-o", "x"]).assert_fails(2, "the last of 2 is 1/2");
    run(&["embed", "--shard", "0/1", "-o", "x", "a text"]).assert_fails(2, "--input");
    run(&["embed", "--shard", "0/1", "-i", input]).assert_fails(2, "--output");
    run(&["embed", "--shard", "0/1", "-i", "-", "-o", "x.jsonl"]).assert_fails(2, "a folder or a file");
    run(&["embed", "--shard", "0/1", "-i", input, "-o", within]).assert_fails(2, "results would be inputs");
    job.run("0/1", &["--format", "npy"]).assert_fails(2, "--shard writes jsonl and parquet");
    job.write("in/b.csv", "text\nx\n");
    job.run("0/1", &[]).assert_fails(2, "would both become");
    std::fs::remove_file(job.path("in/b.csv")).unwrap();
    let none = job.run("7/9", &[]);
    assert!(none.code == 0 && none.stderr.contains("has no files"), "{}", none.stderr);
    job.write("in/a.jsonl", "{\"text\":\"a\"}\nwrong\n");
    job.run("0/1", &[]).assert_fails(1, "a.jsonl, line 2");
    assert!(job.made("out").is_empty(), "{:?}", job.made("out"));
}
