//! Bad input for every family, through the library and through the program: each case gives an error
//! that names what is wrong, or a result that is documented. Nothing panics, on any thread.
//!
//! A table is a module; a row says which model, what is done to its files, which options and inputs it
//! gets, and what must come of it. Every row runs in the library and as a process.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

#[path = "../common/mod.rs"]
mod common;

mod case;
mod damage;
mod files;
mod graphs;
mod images;
mod lines;
mod options;
mod program;
mod texts;

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use case::Case;

/// How many cases there are at least.
const CASES: usize = 590;

#[test]
fn nothing_breaks_it() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        report(panic);
    }));
    let tables = [texts::cases(), files::cases(), graphs::cases(), options::cases(), images::cases(), lines::cases()];
    let cases: Vec<Case> = tables.into_iter().flatten().collect();
    let failures = run(&cases);
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "panics");
    assert!(cases.len() >= CASES, "{} cases", cases.len());
}

/// Runs every case, on all cores; the failures, each with its case's name.
fn run(cases: &[Case]) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| case.run()));
            if let Err(failure) = outcome.unwrap_or_else(|_| Err("panicked".to_owned())) {
                failures.lock().unwrap().push(format!("{}: {failure}", case.name));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    failures
}
