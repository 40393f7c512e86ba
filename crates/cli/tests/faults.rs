//! What the machine does to the program: full disks, folders that cannot be written, kills, interrupts,
//! too little memory, missing hardware. Never half a file under the final name, never a panic.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{embedkit, run};
use serde_json::Value;

/// Runs the program in a shell that first does something to itself.
fn limited(limit: &str, args: &[&str]) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{limit}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_embedkit")]).args(args);
    shell.env("RUST_BACKTRACE", "0").output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Many lines of text in a file of this folder.
fn many(folder: &Path, lines: usize) -> String {
    let file = folder.join("many.txt");
    std::fs::write(&file, "a line of text\n".repeat(lines)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_full_disk_is_an_error_that_names_the_file() {
    let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
    for args in [
        &["embed", "a"][..],
        &["embed", "a", "--format", "npy"],
        &["embed", "a", "--encoding", "int8"],
        &["tokens", "a"],
        &["similarity", "a", "b"],
        &["models", "list"],
        &["embed", "-m", "Qdrant/bm25", "a"],
        &["embed", "--help"],
        &["--version"],
    ] {
        let output = embedkit().args(args).stdout(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(stderr(&output).starts_with("embedkit: standard output: No space"), "{args:?}: {}", stderr(&output));
    }
    run(&["embed", "a", "--output", "/dev/full"]).assert_fails(1, "embedkit: /dev/full: No space");
}

/// What is told beside results is lost where it cannot be written, and nothing else with it.
#[test]
fn results_come_whatever_becomes_of_standard_error() {
    let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let results = run(&["embed", "a"]).stdout;
    for args in [
        &["embed", "a"][..],
        &["embed", "a", "-vv"],
        &["embed", "a", "--provider", "cuda"],
        &["embed", &"a ".repeat(9000)],
    ] {
        let output = embedkit().args(args).env("EMBEDKIT_LOG", "debug").stderr(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(output.stdout == results || args[1].len() > 1, "{args:?}");
    }
    for (args, code) in [(&["embed", "--nonsense"][..], 2), (&["embed", "-m", "no/such-model", "a"], 1)] {
        let output = embedkit().args(args).stderr(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}");
    }
}

#[test]
fn a_file_that_may_not_grow_is_not_left_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let texts = many(folder.path(), 2000);
    let file = folder.path().join("vectors");
    for format in ["jsonl", "npy", "parquet"] {
        let args = ["embed", "--input", &texts, "--format", format, "--output", file.to_str().unwrap()];
        std::fs::write(&file, "as it was").unwrap();
        // The signal that the system sends otherwise ends the program at once.
        let output = limited("trap '' XFSZ; ulimit -f 64", &args);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let told = stderr(&output);
        assert!(told.contains("/vectors: ") && told.contains("File too large"), "{told}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file stays");
        let killed = limited("ulimit -f 64", &args);
        assert_eq!(killed.status.code(), None, "{}", stderr(&killed));
        assert_eq!(std::fs::read(&file).unwrap(), b"as it was");
        remove_temporary(folder.path());
    }
}

#[test]
fn places_that_cannot_be_written_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    let below = plain.join("below");
    let below = below.to_str().unwrap();
    run(&["embed", "a", "--output", below]).assert_fails(1, below);
    run(&["embed", "a", "--output", "/proc/vectors"]).assert_fails(1, "/proc/vectors");
}

/// The program, embedding lines that come without end into a file; it has begun to write them.
fn endless(file: &Path) -> Child {
    let mut command = embedkit();
    command.args(["embed", "--output", file.to_str().unwrap()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    feed(&mut child);
    let begun = |path: &Path| std::fs::metadata(path).is_ok_and(|meta| meta.len() > 100_000);
    wait_until("something is written", || {
        std::fs::read_dir(file.parent().unwrap()).unwrap().any(|entry| begun(&entry.unwrap().path()))
    });
    child
}

/// Writes lines to the program until it ends.
fn feed(child: &mut Child) {
    let mut input = child.stdin.take().unwrap();
    std::thread::spawn(move || while input.write_all(&b"a line of text\n".repeat(100)).is_ok() {});
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "in a minute not so: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn remove_temporary(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_name().to_str().unwrap().starts_with(".embedkit-") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
}

#[test]
fn a_killed_run_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectors.jsonl");
    for before in [None, Some("as it was")] {
        if let Some(text) = before {
            std::fs::write(&file, text).unwrap();
        }
        let mut child = endless(&file);
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().code(), None);
        assert_eq!(std::fs::read_to_string(&file).ok().as_deref(), before);
        assert_eq!(run(&["embed", "a", "--output", file.to_str().unwrap()]).code, 0, "what stayed is in no one's way");
        assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 1);
        std::fs::remove_file(&file).unwrap();
        remove_temporary(folder.path());
    }
}

#[test]
fn an_interrupt_or_termination_stops_within_a_batch_and_says_how_far_it_came() {
    for name in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vectors.jsonl");
        let mut child = endless(&file);
        let start = Instant::now();
        signal(&child, name);
        let status = child.wait().unwrap();
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        let mut message = String::new();
        child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        assert_eq!(status.code(), Some(130), "{message}");
        let done = message.split_once("interrupted after ").unwrap().1.split(' ').next().unwrap();
        assert!(done.parse::<u64>().unwrap() > 0, "{message}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays");
    }
}

#[test]
fn an_interrupt_leaves_whole_lines_on_standard_output() {
    let mut child =
        embedkit().arg("embed").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    feed(&mut child);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    signal(&child, "-INT");
    let lines: Vec<String> = std::iter::once(first).chain(lines.map(Result::unwrap)).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    for (index, line) in lines.iter().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["index"], index);
    }
}

/// The system's own limit on memory; not every system has it.
#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_leaves_no_half_written_file() {
    let folder = tempfile::tempdir().unwrap();
    let texts = many(folder.path(), 2000);
    let file = folder.path().join("vectors.jsonl");
    let mut failed = 0;
    for megabytes in [20, 35, 45, 55, 65, 80, 120, 4000] {
        let args = ["embed", "--input", &texts, "--output", file.to_str().unwrap()];
        let output = limited(&format!("ulimit -v {}", megabytes * 1000), &args);
        assert!(!stderr(&output).contains("panicked"), "{megabytes} MB: {}", stderr(&output));
        if output.status.success() {
            assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 2000, "{megabytes} MB");
            std::fs::remove_file(&file).unwrap();
        } else {
            failed += 1;
            assert!(!file.exists(), "{megabytes} MB");
        }
        remove_temporary(folder.path());
    }
    assert!((1..8).contains(&failed), "{failed} of the limits were too low");
}

#[test]
fn hardware_that_is_not_there_is_an_error_only_where_it_is_required() {
    let model = common::fixtures("dense").join("custom-mean");
    let model = ["--model-dir", model.to_str().unwrap(), "--pooling", "mean", "--normalize", "a text"];
    let embed = |more: &[&str]| run(&[&["embed"], &model[..], more].concat());
    let expected = embed(&[]).vectors();
    for provider in ["cuda", "tensorrt", "coreml", "directml"] {
        let preferred = embed(&["--provider", provider]);
        assert_eq!(preferred.vectors(), expected, "{provider}");
        assert!(preferred.stderr.contains("WARN") && preferred.stderr.contains(provider), "{}", preferred.stderr);
        let required = embed(&["--provider", provider, "--require-provider"]);
        required.assert_fails(2, "option `providers`");
        required.assert_fails(2, provider);
        assert_eq!(required.stdout, b"");
    }
    assert_eq!(embed(&["--provider", "cuda", "--quiet"]).stderr, "");
}
