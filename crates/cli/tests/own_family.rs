//! A program of a third party, with a family of its own, is this program with that family.
#![allow(clippy::unwrap_used, reason = "tests end with a panic")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../embedkit/examples/own_family");

/// Tests the example, which is a workspace of its own, and gives its program. It is built where this program is, so
/// that both share their dependencies.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_BIN_EXE_embedkit")).ancestors().nth(2).unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["test", "--quiet", "--locked", "--manifest-path"]).arg(format!("{EXAMPLE}/Cargo.toml"));
    // What cargo says of this package would have build scripts that look at it run anew.
    for (name, _) in std::env::vars_os() {
        let is_of_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(is_of_package) {
            command.env_remove(name);
        }
    }
    let output = command.arg("--target-dir").arg(target).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
    target.join("debug").join("own-family").with_extension(std::env::consts::EXE_EXTENSION)
});

fn run(arguments: &[&str]) -> String {
    let output = Command::new(&*PROGRAM).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_verb_knows_it() {
    let mut letters = [0.0; 26];
    (letters[0], letters[1], letters[13]) = (3.0, 1.0, 2.0);
    let embedded: serde_json::Value =
        serde_json::from_str(&run(&["embed", "-m", "example/letters", "Banana"])).unwrap();
    assert_eq!(embedded["embedding"], serde_json::json!(letters));
    let tokens = run(&["tokens", "-m", "example/vowels", "banana"]);
    assert!(tokens.contains('3'), "{tokens}");
    let listed = run(&["models", "list", "--family", "letters"]);
    assert!(["example/letters", "example/vowels"].iter().all(|id| listed.contains(id)), "{listed}");
    assert!(!listed.contains("static-minilm-en"), "{listed}");
    let found = run(&["doctor"]);
    assert!(found.contains("letters"), "{found}");
    assert!(run(&["models", "list"]).contains("static-minilm-en"), "ours stay");
}

#[test]
fn a_folder_of_the_family_describes_itself() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letters.json"), r#"{"alphabet": "bn"}"#).unwrap();
    let folder = folder.path().to_str().unwrap();
    let embedded: serde_json::Value =
        serde_json::from_str(&run(&["embed", "--kind", "letters", "--model-dir", folder, "Banana"])).unwrap();
    assert_eq!(embedded["embedding"], serde_json::json!([1.0, 2.0]));
}
