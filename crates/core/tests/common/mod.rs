//! A pool of a tiny graph, and what threads it took.

use std::path::Path;

use embedkit_core::session::{SessionOptions, SessionPool, Tensor};
use embedkit_core::{ModelDescription, ModelFiles};

/// A pool that has run, and how many threads the process has more than before, where the system tells.
pub(crate) fn pool(options: &SessionOptions) -> (SessionPool, Option<usize>) {
    let mut model = ModelDescription::new("tiny/memory", "test", "test");
    model.model_file = "memory.onnx".to_owned();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/memory");
    let before = threads();
    let pool = SessionPool::load(&model, &ModelFiles::folder(folder).unwrap(), options).unwrap();
    let value = pool.run(&[("ids", Tensor::integers([1, 1], vec![9]))], 1, |outputs| Ok(outputs.any(0)?.data[0]));
    assert_eq!(value.unwrap(), 1.0);
    (pool, threads().zip(before).map(|(now, before)| now - before))
}

fn threads() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}

pub(crate) fn options(set: impl FnOnce(&mut SessionOptions)) -> SessionOptions {
    let mut options = SessionOptions::default();
    set(&mut options);
    options
}
