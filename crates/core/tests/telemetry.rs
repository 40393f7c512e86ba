//! ONNX Runtime keeps and sends nothing about its users, and has no thread for that. It sends nothing from machines that
//! build and test either, which it knows by their variables: a process without any looks.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use std::process::Command;

use common::{options, pool};
use embedkit_core::session::runtime::{RuntimeOptions, status};

const CHILD: &str = "EMBEDKIT_TEST_TELEMETRY";

#[test]
fn nothing_is_kept_of_the_users_doings() {
    if std::env::var_os(CHILD).is_some() {
        let (_pool, threads) = pool(&options(|options| options.threads = Some(1)));
        return assert_eq!(threads, threads.map(|_| 0));
    }
    let candidates = status(&RuntimeOptions::new()).candidates;
    let Some(library) = candidates.iter().find(|candidate| candidate.version().is_some()) else {
        return embedkit_fixtures::without_runtime(&format!("{candidates:#?}"));
    };
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.env_clear().env("HOME", home.path()).env("ORT_DYLIB_PATH", &library.path).env(CHILD, "1");
    let output = child.args(["--exact", "nothing_is_kept_of_the_users_doings"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let kept: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(kept.is_empty(), "{kept:?}");
}
