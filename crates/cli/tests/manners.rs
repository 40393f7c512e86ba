//! How the program behaves towards people: names, help, colours, JSON for programs.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

mod common;

use common::{embedkit, run};

#[test]
fn models_are_known_by_how_they_end() {
    assert_eq!(
        run(&["embed", "-m", "BM25", "the cats"]).stdout,
        run(&["embed", "-m", "Qdrant/bm25", "the cats"]).stdout
    );
    assert!(run(&["models", "show", "all-minilm-l6-v2"]).text().contains("all-MiniLM-L6-v2"));
    run(&["embed", "-m", "bm-25", "x"]).assert_fails(1, "did you mean");
    run(&["embed", "-m", env!("CARGO_MANIFEST_DIR"), "x"]).assert_fails(2, "name a folder with --model-dir");
    run(&["models", "show", "colbert-small-v1"]).assert_fails(1, "answerai-colbert-small-v1");
}

#[test]
fn models_are_listed_by_words_and_languages() {
    let ids = |args: &[&str]| -> Vec<String> {
        let rows: Vec<serde_json::Value> =
            serde_json::from_slice(&run(&[&["models", "list", "--json"], args].concat()).stdout).unwrap();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&["BM25", "stemmers"]), ["Qdrant/bm25"], "all words must be there");
    assert_eq!(ids(&["Qdrant/BM25"]), ["Qdrant/bm25"]);
    assert_eq!(ids(&["--language", "german"]), ids(&["--language", "de"]));
    let german = ids(&["german"]);
    assert!(!german.is_empty() && german.len() < ids(&[]).len());
    let empty = tempfile::tempdir().unwrap();
    let cache = empty.path().to_str().unwrap();
    run(&["models", "list", "--cached", "--cache-dir", cache]).assert_fails(1, "no model passes");
    assert!(run(&["models", "list", "bm25"]).text().contains("DOWNLOADED"));
    let german = run(&["embed", "-m", "bm25", "--language", "de", "die Katzen"]);
    assert_eq!(german.stdout, run(&["embed", "-m", "bm25", "--language", "german", "die Katzen"]).stdout);
}

#[test]
fn programs_get_json() {
    let object = |args: &[&str]| -> serde_json::Value { serde_json::from_slice(&run(args).stdout).unwrap() };
    let similarity = object(&["similarity", "--json", "a", "b"]);
    assert_eq!(similarity["texts"], serde_json::json!(["a", "b"]));
    assert!((similarity["similarity"][0][0].as_f64().unwrap() - 1.0).abs() < 1e-6);
    let found = object(&["doctor", "--json"]);
    assert_eq!(found["version"], env!("CARGO_PKG_VERSION"));
    assert!(found["families"].as_array().unwrap().iter().any(|family| family["name"] == "dense"));
    assert!(object(&["tokens", "--json", "a"])["tokens"].is_number());
    assert!(object(&["runtime", "status", "--json"])["looked_at"].is_array());
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let explain = |more: &[&str]| {
        let outcome = run(&[&["explain", "--query", "a cat", "the cat sat"], more].concat());
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        outcome.text().contains('\x1b')
    };
    assert!(!explain(&[]));
    assert!(explain(&["--color", "always"]));
    assert!(explain(&["--color=always"]));
    assert!(!explain(&["--color", "never"]));
    let output = embedkit().args(["--color", "never", "--help"]).output().unwrap();
    assert!(!output.stdout.contains(&0x1b));
    run(&["embed", "--color", "sometimes", "x"]).assert_fails(2, "sometimes");
}

/// Needs the `script` program, which gives a process a terminal.
#[cfg(target_os = "linux")]
#[test]
fn terminals_get_colours_and_are_told_what_is_waited_for() {
    let program = env!("CARGO_BIN_EXE_embedkit");
    let script = |command: &str| {
        let mut script = std::process::Command::new("script");
        let output = script.args(["-qec", command, "/dev/null"]).stdin(std::process::Stdio::null()).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let explain = format!("{program} explain --query 'a cat' 'the cat sat'");
    let Some(coloured) = script(&explain) else { return };
    assert!(coloured.contains("\x1b[30;48"), "{coloured:?}");
    assert!(!script(&format!("NO_COLOR=1 {explain}")).unwrap().contains("\x1b[30;48"));
    let waited = script(&format!("timeout --foreground 3 {program} tokens")).unwrap();
    assert!(waited.contains("until Ctrl-D"), "{waited:?}");
    let told = script(&format!("{program} embed a b -o /dev/null")).unwrap();
    assert!(told.contains("2 inputs in "), "{told:?}");
}

#[test]
fn help_is_short_or_whole() {
    let lines = |args: &[&str]| {
        let text = run(args).text().to_owned();
        assert!(text.contains("Examples:"), "{text}");
        text.lines().filter(|line| line.trim_start().starts_with('-')).count()
    };
    for verb in ["embed", "rerank", "tokens", "score"] {
        let (short, long) = (lines(&[verb, "-h"]), lines(&[verb, "--help"]));
        assert!(short <= 18 && long > 2 * short, "{verb}: {short} of {long}");
    }
    assert!(run(&["rerank", "--help"]).text().contains("There is no default"));
}

#[test]
fn a_text_that_is_a_files_name_is_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "a text").unwrap();
    let outcome = run(&["embed", file.to_str().unwrap()]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.stderr.contains("--input reads it"), "{}", outcome.stderr);
    assert_eq!(run(&["embed", "plain text"]).stderr, "");
}

#[test]
fn shells_complete_names_of_models_and_families() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("models.toml");
    std::fs::write(
        &manifest,
        "[[model]]\nid = \"acme/own-model\"\nfamily = \"dense\"\narchitecture = \"static\"\ndim = 4\nmodel-file = \"model.safetensors\"\n",
    )
    .unwrap();
    let cache = folder.path().join("hub/models--acme--own-model");
    let script = |shell: &str| {
        let args = ["--manifest", manifest.to_str().unwrap(), "completions", shell];
        let output = embedkit().args(args).env("EMBEDKIT_CACHE", cache.parent().unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for shell in ["bash", "zsh", "fish"] {
        let script = script(shell);
        for name in ["acme/own-model", "BAAI/bge-small-en-v1.5", "colpali", "norwegian"] {
            assert!(script.contains(name), "{shell} lacks {name}");
        }
    }
    // As bash itself completes.
    let path = folder.path().join("embedkit.bash");
    std::fs::write(&path, script("bash")).unwrap();
    let complete = |words: &str| {
        let count = words.split(' ').count() - 1;
        let last = words.rsplit(' ').next().unwrap();
        let before = words.rsplit(' ').nth(1).unwrap();
        let command = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD={count}; _embedkit embedkit {last} {before}; echo \"${{COMPREPLY[*]}}\"",
            path.display()
        );
        let output = std::process::Command::new("bash").args(["-c", &command]).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(completed) = complete("embedkit embed --model acme/o") else { return };
    assert_eq!(completed, "acme/own-model");
    assert_eq!(complete("embedkit models show acme/o").unwrap(), "acme/own-model");
    assert_eq!(complete("embedkit embed --kind colb").unwrap(), "colbert");
    // Nothing is downloaded, so that nothing can be removed.
    assert_eq!(complete("embedkit models rm acme/o").unwrap(), "");
}
