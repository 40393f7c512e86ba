//! A host program that already uses `ort` shares its environment, and not the threads that are the environment's. It needs
//! a process of its own, since a process has one environment, and a runtime on the machine.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod common;

use common::{options, pool};
use embedkit_core::session::runtime::{RuntimeOptions, RuntimeOrigin, runtime, status};
use embedkit_core::session::{Runtime, RuntimeError};
use ort::environment::GlobalThreadPoolOptions;

#[test]
fn the_hosts_environment_is_taken_and_kept() {
    let candidates = status(&RuntimeOptions::new()).candidates;
    let Some(library) = candidates.iter().find(|candidate| candidate.version().is_some()) else {
        return embedkit_fixtures::without_runtime(&format!("{candidates:#?}"));
    };
    let builder = ort::init_from(&library.path).unwrap();
    let threads = GlobalThreadPoolOptions::default().with_intra_threads(2).unwrap().with_inter_threads(1).unwrap();
    let environment = builder.with_name("host").with_global_thread_pool(threads).build().unwrap();

    let refused = runtime().unwrap_err();
    assert!(matches!(refused, RuntimeError::Start { .. }), "{refused}");
    assert!(refused.to_string().contains("Runtime::adopt"), "{refused}");

    let adopted = Runtime::adopt(environment.clone()).unwrap();
    assert_eq!(adopted.origin(), RuntimeOrigin::Host);
    assert!(std::ptr::eq(adopted, runtime().unwrap()));
    assert!(std::ptr::eq(adopted, Runtime::adopt(environment).unwrap()));
    let other = Runtime::load(&RuntimeOptions::new().library(&library.path)).unwrap_err();
    assert!(matches!(other, RuntimeError::AlreadyLoaded { .. }), "{other}");

    // Sessions have the threads that were asked for, as many as they are.
    for threads in [1, 2, 4] {
        let (_pool, added) = pool(&options(|options| options.threads = Some(threads)));
        assert_eq!(added, added.map(|_| threads - 1));
    }
}
