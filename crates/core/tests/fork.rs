//! A run that was begun before a fork, in the child.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::sync::Arc;
use std::time::Duration;

use embedkit_core::{
    AnyPipeline, Direct, Engine, EngineOptions, ModelDescription, Pipeline, Prepared, Purpose, Result, Role, Stage,
    Usage,
};
use embedkit_fixtures::in_forked_child;

const LIMIT: Duration = Duration::from_secs(20);

/// Gives each text's length: when it sees it, or in batches.
struct Length;

impl Direct for Length {
    type Input = str;
    type Output = usize;

    fn embed(&self, text: &str, _: &Purpose) -> Result<(usize, Usage)> {
        Ok((text.len(), Usage::default()))
    }
}

struct InBatches;

impl Pipeline for InBatches {
    type Input = str;
    type Prepared = usize;
    type Output = usize;

    fn prepare(&self, text: &str, _: &Purpose) -> Result<Prepared<usize, usize>> {
        let stage = Stage::Run { item: text.len(), length: 1, bytes: 1 };
        Ok(Prepared { stage, usage: Usage::default() })
    }

    fn run(&self, batch: &[&usize], _: &Purpose) -> Result<Vec<Result<usize>>> {
        std::thread::sleep(Duration::from_millis(1));
        Ok(batch.iter().map(|length| Ok(**length)).collect())
    }

    fn workers(&self) -> usize {
        2
    }
}

fn engines() -> [Engine<str, usize>; 2] {
    let mut options = EngineOptions::default();
    options.batching.rows = Some(1);
    [AnyPipeline::direct(Length), AnyPipeline::new(InBatches)].map(|pipeline| {
        let model = Arc::new(ModelDescription::new("length", "test", "length"));
        Engine::new(model, pipeline, &options).unwrap()
    })
}

#[test]
fn a_child_neither_goes_on_with_a_run_of_its_parent_nor_waits_for_it() {
    for engine in engines() {
        for given in [1, 2, 17, 40] {
            let mut run = Some(engine.run(vec!["text"; 600], Role::Plain));
            let results = run.as_mut().unwrap();
            assert!(results.take(given).all(|result| result.is_ok()));
            let said = in_forked_child(LIMIT, || {
                let mut run = run.take().unwrap();
                let refused = run.find_map(Result::err).unwrap().to_string();
                assert!(run.next().is_none(), "it goes on");
                drop(run);
                refused.into_bytes()
            });
            let said = String::from_utf8(said).unwrap();
            assert!(said.contains("before this process was forked"), "{said}");
            in_forked_child(LIMIT, || {
                drop(run.take());
                Vec::new()
            });
            // The parent's own goes on.
            assert_eq!(run.unwrap().map(Result::unwrap).count(), 600 - given);
        }
    }
}

#[test]
fn a_run_with_inputs_says_so_too() {
    for engine in engines() {
        // No list: whether a further input will come shows when it is read.
        let texts = ["text"; 60].into_iter().filter(|text| !text.is_empty());
        let mut run = Some(engine.run(texts, Role::Plain).with_inputs());
        assert!(run.as_mut().unwrap().next().unwrap().1.is_ok());
        let said = in_forked_child(LIMIT, || {
            let (_, result) = run.take().unwrap().find(|(_, result)| result.is_err()).unwrap();
            result.unwrap_err().to_string().into_bytes()
        });
        assert!(String::from_utf8(said).unwrap().contains("before this process was forked"));
    }
}

#[test]
fn a_run_that_was_not_begun_begins_in_the_child() {
    for engine in engines() {
        let mut run = Some(engine.run(["a", "bc"], Role::Plain));
        let lengths = in_forked_child(LIMIT, || run.take().unwrap().map(|length| length.unwrap() as u8).collect());
        assert_eq!(lengths, [1, 2]);
    }
}
