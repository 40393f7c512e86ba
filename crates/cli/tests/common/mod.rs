//! Runs the program.
#![allow(clippy::unwrap_used, unreachable_pub, dead_code, reason = "tests end with a panic and use what they need")]

pub mod library;
pub mod setting;
pub mod subject;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What a run of the program gave.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Outcome {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Standard output as JSON Lines.
    pub fn json(&self) -> Vec<serde_json::Value> {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The vectors of JSON Lines.
    pub fn vectors(&self) -> Vec<Vec<f32>> {
        self.json().into_iter().map(|line| serde_json::from_value(line["embedding"].clone()).unwrap()).collect()
    }

    pub fn assert_fails(&self, code: i32, message: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.stderr.contains(message), "{message:?} is not in {:?}", self.stderr);
    }
}

pub fn embedkit() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_embedkit"));
    command.env_remove("EMBEDKIT_LOG");
    command
}

/// Runs the program with these arguments and this standard input.
pub fn run_with(args: &[&str], input: &[u8]) -> Outcome {
    let mut command = embedkit();
    let mut child =
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // The program may end before it has read everything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn run(args: &[&str]) -> Outcome {
    run_with(args, b"")
}

/// The arguments that name a fixture's model by a manifest file in a folder.
pub fn model_args(
    folder: &std::path::Path,
    mut row: embedkit::ModelDescription,
    files: &std::path::Path,
) -> Vec<String> {
    row.id = "test/model".to_owned();
    let manifest = folder.join("models.toml");
    let rows = std::collections::BTreeMap::from([("model", [row])]);
    std::fs::write(&manifest, toml::to_string(&rows).unwrap()).unwrap();
    let args =
        ["--manifest", manifest.to_str().unwrap(), "--model", "Test/Model", "--model-dir", files.to_str().unwrap()];
    args.map(str::to_owned).into()
}

/// A file of another crate's fixtures.
pub fn fixtures(family: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(family).join("tests/fixtures")
}
