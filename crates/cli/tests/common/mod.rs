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

/// Copies a model of which 8-bit weights leave little: one value of its table of tokens, that of a token which no text has,
/// is larger than all others, and the table has one scale.
pub fn copy_loud_model(to: &std::path::Path) {
    subject::copy(&fixtures("colbert").join("multi-vector-fixed"), to);
    let graph = to.join("onnx/model.onnx");
    let mut bytes = std::fs::read(&graph).unwrap();
    // A tensor's bytes stand behind their tag and their length; the table is the longest.
    let tensor = |at: usize| {
        let length = bytes[at + 1..].iter().take(3).enumerate().try_fold(0, |length, (place, byte)| {
            let length = length | usize::from(byte & 0x7f) << (7 * place);
            if *byte < 0x80 { Err((at + 2 + place, length)) } else { Ok(length) }
        });
        length.err().filter(|(start, length)| bytes[at] == 0x4a && length % 4 == 0 && start + length <= bytes.len())
    };
    let tensors = (0..bytes.len() - 4).filter_map(tensor);
    let is_of_numbers = |(start, length): &(usize, usize)| {
        let cells = bytes[*start..start + length].as_chunks::<4>().0;
        cells.iter().all(|cell| f32::from_le_bytes(*cell).abs() < 100.0)
    };
    let (start, length) = tensors.filter(is_of_numbers).max_by_key(|(_, length)| *length).unwrap();
    assert!(length > 4096, "{length}");
    bytes[start..start + 4].copy_from_slice(&1e4f32.to_le_bytes());
    std::fs::write(graph, bytes).unwrap();
}

/// A file of another crate's fixtures.
pub fn fixtures(family: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(family).join("tests/fixtures")
}
