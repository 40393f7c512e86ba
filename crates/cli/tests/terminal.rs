//! Names and texts of strangers command no terminal.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use common::{Outcome, run, run_with};

/// What would set a terminal's title, clear it, and show a name backwards.
const BAD: &str = "x\u{1b}]0;t\u{7}\u{9b}2J\u{202e}gpj.exe\u{2066}";

fn is_command(c: char) -> bool {
    c != '\n'
        && (c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

fn assert_harmless(what: &[&str], outcome: &Outcome, also_results: bool) {
    assert!(!outcome.stderr.contains(is_command), "{what:?}: {:?}", outcome.stderr);
    if also_results {
        assert!(!outcome.text().contains(is_command), "{what:?}: {:?}", outcome.text());
    }
}

#[test]
fn no_message_repeats_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let manifest = at("models.toml");
    let quoted = serde_json::to_string(BAD).unwrap().replace('\u{9b}', "\\u009b");
    let row = format!(
        "[[model]]\nid = {quoted}\nfamily = \"dense\"\narchitecture = \"static\"\ndescription = {quoted}\n\
         license = {quoted}\nlanguages = [{quoted}]\nmodel-file = {quoted}\ndim = 4\n"
    );
    std::fs::write(&manifest, row).unwrap();
    std::fs::create_dir(at(BAD)).unwrap();
    std::fs::write(at("config.json"), format!("{{\"normalize\": {quoted}}}")).unwrap();
    std::fs::write(at("broken.jsonl"), format!("\"a\"\n{BAD}\n")).unwrap();
    let (bad_path, broken) = (at(BAD), at("broken.jsonl"));
    let missing = at(&format!("nowhere/{BAD}"));
    let option = format!("--{BAD}");
    let folder_path = folder.path().to_str().unwrap();
    let cases: &[(&[&str], i32)] = &[
        (&["embed", "-i", &missing], 1),
        (&["embed", "-i", &bad_path], 1),
        (&["embed", "-i", &broken], 1),
        (&["embed", "-i", &broken, "--skip-invalid"], 0),
        (&["embed", "a", "-o", &missing], 1),
        (&["embed", "a", "-o", &bad_path], 1),
        (&["embed", "a", "-m", BAD], 1),
        (&["embed", "a", "--kind", BAD], 2),
        (&["embed", "a", "--task", BAD], 1),
        (&["embed", "a", "--dim", BAD], 2),
        (&["embed", "a", "--format", BAD], 2),
        (&[BAD], 2),
        (&["embed", &option], 2),
        (&["embed", "a", "--model-dir", &missing], 1),
        (&["embed", "a", "--model-dir", &bad_path], 1),
        (&["embed", "a", "--model-dir", folder_path], 1),
        (&["embed", "a", "--tuning", &missing], 1),
        (&["embed", "a", "--encoding", "int8", "--calibration", &missing], 1),
        (&["--manifest", &missing, "models", "list"], 1),
        (&["--manifest", &manifest, "models", "list"], 0),
        (&["--manifest", &manifest, "models", "show", BAD], 0),
        (&["--manifest", &manifest, "embed", "a", "-m", BAD, "--model-dir", folder_path], 1),
        (&["models", "show", BAD], 1),
        (&["models", "list", "--family", BAD], 2),
        (&["similarity", BAD, "plain"], 0),
        (&["explain", "--query", "a", "b", "-m", BAD], 1),
        (&["muvera", "--dim", "16", "-i", &missing], 1),
        (&["runtime", "install", "--file", &missing], 1),
        (&["runtime", "status", "--runtime-dir", &missing], -1),
    ];
    for (args, code) in cases {
        let outcome = run(args);
        assert!(*code < 0 || outcome.code == *code, "{args:?}: {outcome:?}");
        assert_harmless(args, &outcome, true);
        // The most that is logged.
        let verbose = run(&[&["-vv"], *args].concat());
        assert_harmless(args, &verbose, true);
    }
}

#[test]
fn no_message_repeats_a_file_at_any_length() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (manifest, name) = (at("models.toml"), "x".repeat(100_000));
    std::fs::write(&manifest, format!("a = \"{name}")).unwrap();
    for args in [
        &["--manifest", &manifest, "models", "list"][..],
        &["embed", "a", "-m", &name],
        &["embed", "a", "--model-dir", &name],
        &["embed", "a", &format!("--{name}")],
    ] {
        let outcome = run(args);
        assert!(outcome.code > 0 && outcome.stderr.len() < 10_000, "{:?}: {} bytes", args[0], outcome.stderr.len());
    }
}

#[test]
fn explanations_show_texts_and_obey_none() {
    let fixture = common::fixtures("colbert").join("colbert");
    let golden: serde_json::Value =
        serde_json::from_slice(&std::fs::read(fixture.join("golden.json")).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let row = serde_json::from_value(golden["model"].clone()).unwrap();
    let model = common::model_args(folder.path(), row, &fixture);
    let model: Vec<&str> = model.iter().map(String::as_str).collect();
    let text = format!("hello {BAD}");
    let args = [&["explain", "--query", BAD, &text], &model[..]].concat();
    let outcome = run(&args);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let own = outcome.text().replace("\u{1b}[0m", "").replace("\u{1b}[30;48;5;", "");
    assert!(!own.contains(is_command), "{own:?}");
}

#[test]
fn results_are_json_and_keep_texts_as_they_are() {
    let line = serde_json::json!({ "text": "a", "id": BAD }).to_string();
    let outcome = run_with(&["embed", "--keep-fields"], line.as_bytes());
    assert_eq!(outcome.json()[0]["id"], BAD);
    assert!(!outcome.text().contains('\u{1b}'), "control characters are escaped");
}
