//! A process that was forked from one that has embedded goes on embedding.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use embedkit_core::Embedder;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use embedkit_core::{Role, TextEmbedder};
use embedkit_dense::TextEmbedding;
use embedkit_fixtures::{Case, TextGolden, cases, in_forked_child};

const LIMIT: Duration = Duration::from_secs(120);

fn case() -> Case<TextGolden> {
    cases(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"), |case| case == "transformer-mean").remove(0)
}

/// How a model is run: sessions and threads, each as it comes where it is not said.
const SETTINGS: [(Option<usize>, Option<usize>); 5] =
    [(None, None), (Some(1), Some(1)), (Some(1), Some(2)), (Some(2), Some(1)), (Some(2), Some(2))];

fn model(case: &Case<TextGolden>, (sessions, threads): (Option<usize>, Option<usize>)) -> TextEmbedding {
    let mut builder = TextEmbedding::builder(case.golden.model.clone()).model_dir(&case.folder);
    if let Some(sessions) = sessions {
        builder = builder.sessions(sessions);
    }
    if let Some(threads) = threads {
        builder = builder.threads(threads);
    }
    builder.build().unwrap()
}

/// The bytes of one text's vector, alone, and of those of many.
fn embedded(model: &TextEmbedding, texts: &[String]) -> Vec<u8> {
    let one = model.embed_one("a text alone", Role::Plain).unwrap();
    let many = model.embed(texts).flat_map(Result::unwrap);
    one.into_iter().chain(many).flat_map(f32::to_le_bytes).collect()
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|n| "hello world ".repeat(n % 5 + 1)).collect()
}

#[test]
fn a_child_embeds_as_its_parent_whose_sessions_are_idle() {
    let case = case();
    for setting in SETTINGS {
        let model = model(&case, setting);
        let texts = texts(60);
        let expected = embedded(&model, &texts);
        let child = in_forked_child(LIMIT, || {
            let result = embedded(&model, &texts);
            let grandchild = in_forked_child(LIMIT, || embedded(&model, &texts));
            assert_eq!(grandchild, result);
            // The parent's sessions have threads that this process does not have: they must not be waited for.
            drop(model);
            result
        });
        assert!(child == expected, "{setting:?}: the child gives other bits");
    }
}

#[test]
fn a_child_embeds_while_other_threads_of_its_parent_do() {
    let case = case();
    for setting in SETTINGS {
        let model = model(&case, setting);
        let texts = texts(60);
        let expected = embedded(&model, &texts);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        embedded(&model, &texts);
                    }
                });
            }
            let _end = End(&done);
            for _ in 0..5 {
                let child = in_forked_child(LIMIT, || embedded(&model, &texts));
                assert!(child == expected, "{setting:?}: the child gives other bits");
            }
        });
    }
}

/// Ends the other threads, after a failure too.
struct End<'d>(&'d AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_child_loads_a_model_of_its_own() {
    let case = case();
    let parents = model(&case, (None, None));
    let expected = embedded(&parents, &texts(20));
    let child = in_forked_child(LIMIT, || embedded(&model(&case, (None, None)), &texts(20)));
    assert!(child == expected);
}
