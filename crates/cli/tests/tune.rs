//! `tune`, and `--tuning` with what it wrote.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use std::path::Path;

use common::subject::{COLBERT, COLPALI, HYBRID, IMAGE, RERANK, SPLADE, STATIC, Subject, TRANSFORMER, image};
use common::{Outcome, model_args, run};
use embedkit::Tuning;

const WHOLE: &str = "model = 'test/model'\ncores = 1\nbatch_tokens = 64\nbatch_attention = 4096\nbatch_overhead = 1\n";

/// Runs the program with a subject's files.
fn with(subject: Subject, folder: &Path, verb: &[&str], args: &[&str]) -> Outcome {
    let files = folder.join("files");
    if !files.exists() {
        std::fs::create_dir(&files).unwrap();
        subject.copy_to(&files);
    }
    let model = model_args(folder, subject.row(), &files);
    let model: Vec<&str> = model.iter().map(String::as_str).collect();
    run(&[verb, &model, args].concat())
}

#[test]
fn every_family_is_tuned_and_gives_the_same_results_as_it_is_tuned() {
    let (image, query) = (image(), ["--rerank-query", "hello"]);
    let texts = ["hello world", "flag embedding of the quick brown fox", "query"];
    let images = [image.as_str(); 2];
    for (subject, tune, embed, inputs) in [
        (TRANSFORMER, &["tune"][..], &["embed"][..], &texts[..]),
        (SPLADE, &["tune", "--passage"], &["embed", "--passage"], &texts),
        (COLBERT, &["tune", "--query"], &["embed", "--query"], &texts),
        (HYBRID, &["tune"], &["embed"], &texts),
        (IMAGE, &["tune"], &["embed"], &images),
        (COLPALI, &["tune"], &["embed"], &images),
        (COLPALI, &["tune", "--query"], &["embed", "--query"], &texts),
        (RERANK, &["tune", query[0], query[1]], &["rerank", "--query", "hello", "--keep-order"], &texts),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tuning.toml");
        let path = file.to_str().unwrap();
        let tuned = with(subject, folder.path(), tune, &[&["--rounds", "1", "--output", path], inputs].concat());
        assert_eq!((tuned.code, tuned.text()), (0, ""), "{subject:?} {tune:?}: {}", tuned.stderr);
        assert_eq!(Tuning::load(&file).unwrap().model, "test/model");
        // As far as can be from what it runs with otherwise.
        std::fs::write(&file, WHOLE.to_owned() + "sessions = 2\nthreads = 1\n").unwrap();
        let plain = with(subject, folder.path(), embed, inputs);
        let tuned = with(subject, folder.path(), embed, &[&["--tuning", path], inputs].concat());
        assert_eq!(tuned.json(), plain.json(), "{subject:?} {embed:?}");
    }
}

#[test]
fn measurements_are_told_and_the_file_may_be_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--verbose", "--rounds", "1", "--sample", "2", "one", "two words", "never read"];
    let tuned = with(TRANSFORMER, folder.path(), &["tune"], &args);
    assert_eq!(tuned.code, 0, "{}", tuned.stderr);
    assert!(tuned.text().starts_with("model = \"test/model\"\n"), "{}", tuned.text());
    // What is better is chance with two short texts; that each way from the defaults was tried is not.
    for part in ["sessions of 1 threads, ", "batches of 1024 tokens, ", "of the time with ", "without a tuning"] {
        assert!(tuned.stderr.contains(part), "{part}: {}", tuned.stderr);
    }
    let fixed = with(TRANSFORMER, folder.path(), &["tune"], &[&["--sessions", "3"], &args[..]].concat());
    assert!(fixed.text().contains("sessions = 3\n") && !fixed.stderr.contains("sessions of"), "{fixed:?}");
}

#[test]
fn what_cannot_be_tuned_or_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tune = |subject: Subject, args: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        with(subject, folder.path(), &["tune"], args)
    };
    tune(STATIC, &["text"]).assert_fails(2, "runs no graph: there is nothing to measure");
    tune(TRANSFORMER, &["--sample", "0", "text"]).assert_fails(2, "a --sample of at least 1");
    tune(TRANSFORMER, &[]).assert_fails(2, "give inputs");
    tune(RERANK, &["--kind", "rerank", "text"]).assert_fails(2, "give --rerank-query");
    for role in ["--query", "--passage"] {
        tune(RERANK, &["--rerank-query", "q", role, "text"]).assert_fails(2, "cannot be used with");
    }
    tune(IMAGE, &["--rounds", "1", &image(), "absent.png"]).assert_fails(1, "absent.png");
    let skipping = tune(IMAGE, &["--rounds", "1", "--skip-invalid", &image(), "absent.png"]);
    assert_eq!(skipping.code, 0, "{}", skipping.stderr);
    assert_eq!(skipping.stderr.matches("skipped: input 2").count(), 1, "{}", skipping.stderr);
    tune(IMAGE, &["--rounds", "1", "--skip-invalid", "absent.png"]).assert_fails(1, "absent.png");
    let name = folder.path().join("texts.txt");
    std::fs::write(&name, "text").unwrap();
    let named = tune(TRANSFORMER, &["--rounds", "1", name.to_str().unwrap()]);
    assert!(named.code == 0 && named.stderr.contains("its name is what is embedded"), "{}", named.stderr);
    tune(TRANSFORMER, &["--rounds", "0", "text"]).assert_fails(2, "option `rounds`: must be at least 1");
    tune(RERANK, &["text"]).assert_fails(1, "`rerank` scores them");
    for (text, code, message) in [
        (WHOLE.replace("test/model", "another"), 2, "was measured with another, not with test/model"),
        (WHOLE.replace("batch_tokens = 64", "batch_tokens = 0"), 2, "option `batch_tokens`: must be at least 1"),
        (WHOLE.to_owned() + "sessions = 0", 2, "option `sessions`: must be at least 1"),
        ("model = 3".to_owned(), 1, "tuning.toml: is no tuning"),
    ] {
        let file = folder.path().join("tuning.toml");
        std::fs::write(&file, &text).unwrap();
        let args = ["--tuning", file.to_str().unwrap(), "text"];
        with(TRANSFORMER, folder.path(), &["embed"], &args).assert_fails(code, message);
    }
    let missing = ["--tuning", "no/such/file", "text"];
    with(TRANSFORMER, folder.path(), &["embed"], &missing).assert_fails(1, "no/such/file");
}
