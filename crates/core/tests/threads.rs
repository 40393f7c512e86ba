//! Sessions that use every core have their threads in common, and no others do. It needs a process of its own, whose threads
//! are counted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use common::{options, pool};
use embedkit_core::session::{SessionOptions, runtime, usable_cores};

#[test]
fn sessions_on_every_core_share_their_threads() {
    if let Err(error) = runtime() {
        return embedkit_fixtures::without_runtime(&error.to_string());
    }
    let cores = usable_cores();
    let mut kept = Vec::new();
    for (options, expected) in [
        (SessionOptions::default(), 0),
        (SessionOptions::default(), 0),
        (options(|options| options.threads = Some(cores)), 0),
        (options(|options| options.threads = Some(1)), 0),
        (options(|options| options.threads = Some(cores + 2)), cores + 1),
        (options(|options| options.spinning = Some(false)), cores - 1),
        (options(|options| (options.sessions, options.threads) = (Some(2), Some(cores + 1))), 2 * cores),
    ] {
        let (pool, added) = pool(&options);
        assert_eq!(added, added.map(|_| expected), "{options:?}");
        kept.push(pool);
    }
}
