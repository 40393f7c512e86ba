//! A host program that already uses `ort` shares its environment. It needs a process of its own, since a process has
//! one environment, and a runtime on the machine.

use embedkit_core::session::runtime::{RuntimeOptions, RuntimeOrigin, runtime, status};
use embedkit_core::session::{Runtime, RuntimeError};

#[test]
fn the_hosts_environment_is_taken_and_kept() {
    let candidates = status(&RuntimeOptions::new()).candidates;
    let Some(library) = candidates.iter().find(|candidate| candidate.version().is_some()) else {
        return embedkit_fixtures::without_runtime(&format!("{candidates:#?}"));
    };
    let environment = ort::init_from(&library.path).unwrap().with_name("host").build().unwrap();

    let refused = runtime().unwrap_err();
    assert!(matches!(refused, RuntimeError::Start { .. }), "{refused}");
    assert!(refused.to_string().contains("Runtime::adopt"), "{refused}");

    let adopted = Runtime::adopt(environment.clone()).unwrap();
    assert_eq!(adopted.origin(), RuntimeOrigin::Host);
    assert!(std::ptr::eq(adopted, runtime().unwrap()));
    assert!(std::ptr::eq(adopted, Runtime::adopt(environment).unwrap()));
    let other = Runtime::load(&RuntimeOptions::new().library(&library.path)).unwrap_err();
    assert!(matches!(other, RuntimeError::AlreadyLoaded { .. }), "{other}");
}
