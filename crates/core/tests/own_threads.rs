//! Where the first model has threads of its own, none are started for models to share. It needs a process of its own, whose
//! threads are counted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use common::{options, pool};
use embedkit_core::session::runtime::{RuntimeOptions, status};
use embedkit_core::session::{SessionOptions, usable_cores};

#[test]
fn no_threads_wait_busily_that_nobody_uses() {
    let candidates = status(&RuntimeOptions::new()).candidates;
    if !candidates.iter().any(|candidate| candidate.version().is_some()) {
        return embedkit_fixtures::without_runtime(&format!("{candidates:#?}"));
    }
    let (_first, added) = pool(&options(|options| options.spinning = Some(false)));
    assert_eq!(added, added.map(|_| usable_cores() - 1));
    let (_second, added) = pool(&SessionOptions::default());
    assert_eq!(added, added.map(|_| usable_cores() - 1));
}
