//! A process that leaves while threads of it open sessions and run them ends as it says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use std::process::Command;
use std::time::Duration;

use common::{options, pool};
use embedkit_core::session::runtime;

const CHILD: &str = "EMBEDKIT_TEST_EXIT";

#[test]
fn a_process_ends_as_it_says_whoever_still_calls_the_runtime() {
    if std::env::var_os(CHILD).is_some() {
        leave_in_the_middle();
    }
    if let Err(error) = runtime() {
        return embedkit_fixtures::without_runtime(&error.to_string());
    }
    for _ in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let status =
            child.args(["--exact", "a_process_ends_as_it_says_whoever_still_calls_the_runtime"]).env(CHILD, "1");
        assert_eq!(status.output().unwrap().status.code(), Some(7));
    }
}

#[allow(clippy::exit, reason = "it is what is tested")]
fn leave_in_the_middle() -> ! {
    let _ = pool(&options(|options| options.threads = Some(2)));
    for _ in 0..2 {
        std::thread::spawn(|| {
            loop {
                let _ = pool(&options(|options| options.threads = Some(1)));
            }
        });
    }
    std::thread::sleep(Duration::from_millis(20));
    std::process::exit(7)
}
