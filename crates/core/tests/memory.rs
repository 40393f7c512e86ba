//! A run that has too little memory fails alone: its session gives back all that it holds, and is opened again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::path::Path;

use embedkit_core::session::{SessionOptions, SessionPool, Tensor};
use embedkit_core::{ModelDescription, ModelFiles, Result};

const GRAPH: &str = "memory.onnx";
/// More values than any machine has memory for, and than fit into a number.
const TOO_MANY: i64 = 1 << 44;

/// The pool of a graph that makes as many values as the largest of its ids; none without a runtime.
fn pool(folder: &Path, options: &SessionOptions) -> Option<SessionPool> {
    let mut model = ModelDescription::new("tiny/memory", "test", "test");
    model.model_file = GRAPH.to_owned();
    match SessionPool::load(&model, &ModelFiles::folder(folder).unwrap(), options) {
        Ok(pool) => Some(pool),
        Err(error) => {
            embedkit_fixtures::without_runtime(&error.report().to_string());
            None
        }
    }
}

fn run(pool: &SessionPool, values: i64) -> Result<f32> {
    pool.run(&[("ids", Tensor::integers([1, 1], vec![values]))], 1, |outputs| Ok(outputs.any(0)?.data[0]))
}

fn copied() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/memory").join(GRAPH);
    std::fs::copy(fixture, folder.path().join(GRAPH)).unwrap();
    folder
}

#[test]
fn a_run_without_memory_fails_and_the_next_one_runs() {
    let folder = copied();
    let mut several = SessionOptions::default();
    (several.sessions, several.threads) = (Some(2), Some(1));
    for options in [SessionOptions::default(), several] {
        let Some(pool) = pool(folder.path(), &options) else { return };
        for _ in 0..3 {
            assert_eq!(run(&pool, 1000).unwrap(), 1.0);
            let error = run(&pool, TOO_MANY).unwrap_err().report().to_string();
            assert!(error.to_lowercase().contains("memory"), "{error}");
        }
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert!(run(&pool, TOO_MANY).is_err() && run(&pool, 10).is_ok()));
            }
        });
    }
}

#[test]
fn a_session_that_had_too_little_memory_is_opened_again() {
    let folder = copied();
    let Some(pool) = pool(folder.path(), &SessionOptions::default()) else { return };
    std::fs::remove_file(folder.path().join(GRAPH)).unwrap();
    assert_eq!(run(&pool, 10).unwrap(), 1.0, "the session is open");
    assert!(run(&pool, -1).is_err());
    assert_eq!(run(&pool, 10).unwrap(), 1.0, "another failure leaves it open");
    assert!(run(&pool, TOO_MANY).is_err());
    let error = run(&pool, 10).unwrap_err().report().to_string();
    assert!(error.contains("load the model again"), "it would be opened from a file that is gone: {error}");
    std::fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/memory").join(GRAPH),
        folder.path().join(GRAPH),
    )
    .unwrap();
    let error = run(&pool, 10).unwrap_err().report().to_string();
    assert!(error.contains("load the model again"), "nor from another file: {error}");
}
