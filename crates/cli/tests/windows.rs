//! Inputs that are longer than a model's window: told, marked, or refused.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use common::run;

const LONG: &str = "hello world again and again";

#[test]
fn cuts_are_told_at_the_end() {
    let cut = run(&["embed", "--max-length", "2", LONG, "hello"]);
    assert_eq!(cut.json().len(), 2);
    let line = "2 inputs in ";
    assert!(cut.stderr.contains(line), "{}", cut.stderr);
    assert!(cut.stderr.contains("1 of 2 inputs is longer than the model's 2 tokens and cut"), "{}", cut.stderr);
    assert_eq!(cut.stderr.lines().count(), 1, "{}", cut.stderr);
    assert_eq!(run(&["embed", "--max-length", "2", "hello"]).stderr, "");
    assert_eq!(run(&["--quiet", "embed", "--max-length", "2", LONG]).stderr, "");
}

#[test]
fn results_can_say_what_they_used() {
    let lines = run(&["embed", "--max-length", "2", "--with-usage", LONG, "hello"]).json();
    assert_eq!((&lines[0]["tokens"], &lines[0]["truncated"]), (&2.into(), &true.into()));
    assert_eq!((&lines[1]["tokens"], &lines[1]["truncated"]), (&1.into(), &false.into()));
    assert!(run(&["embed", "hello"]).json()[0].get("tokens").is_none());
}

#[test]
fn long_inputs_can_be_refused() {
    let refused = run(&["embed", "--max-length", "2", "--on-long", "error", "hello", LONG]);
    refused.assert_fails(1, "argument 2: ");
    assert!(refused.stderr.contains("is longer than the model's 2 tokens"), "{}", refused.stderr);
    let skipped = run(&["embed", "--max-length", "2", "--on-long", "error", "--skip-invalid", LONG, "hello"]);
    assert_eq!(skipped.json()[0]["index"], 1);
    assert!(skipped.stderr.contains("1 invalid inputs were skipped"), "{}", skipped.stderr);
    assert_eq!(run(&["embed", "--on-long", "error", LONG]).code, 0);
}

#[test]
fn tokens_tells_the_true_length_beside_the_cut_one() {
    let whole = run(&["tokens", LONG]).json()[0]["tokens"].clone();
    let line = &run(&["tokens", "--max-length", "2", LONG]).json()[0];
    assert_eq!((&line["tokens"], &line["truncated"], &line["length"]), (&2.into(), &true.into(), &whole));
    assert!(run(&["tokens", LONG]).json()[0].get("length").is_none());
}
