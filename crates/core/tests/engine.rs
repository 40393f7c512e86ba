//! The engine over a pipeline that computes nothing: order, bounds, errors, cancellation, laziness.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use embedkit_core::{
    AnyPipeline, CancelToken, Engine, EngineOptions, Error, ModelDescription, Pipeline, Prepared, Purpose, Result,
    Role, Stage, Usage,
};
use proptest::prelude::*;

/// Gives each text back in upper case. Texts that begin with `!` cannot be prepared, with `?` fail
/// their batch, with `*` fail alone in it, with `.` need no run.
#[derive(Clone, Default)]
struct Echo {
    workers: usize,
    batches: Arc<Mutex<Vec<Vec<String>>>>,
    running: Arc<AtomicUsize>,
    most_running: Arc<AtomicUsize>,
}

impl Echo {
    fn engine(&self, options: &EngineOptions) -> Engine<str, String> {
        let model = Arc::new(ModelDescription::new("echo", "test", "echo"));
        Engine::new(model, AnyPipeline::new(self.clone()), options).unwrap()
    }
}

impl Pipeline for Echo {
    type Input = str;
    type Prepared = String;
    type Output = String;

    fn prepare(&self, text: &str, _: &Purpose) -> Result<Prepared<String, String>> {
        let usage = Usage { tokens: text.len(), truncated: false };
        let stage = match text.chars().next() {
            Some('!') => return Err(Error::input("refused")),
            Some('.') => Stage::Done(text.to_uppercase()),
            _ => Stage::Run { item: text.to_owned(), length: text.len(), bytes: text.len() },
        };
        Ok(Prepared { stage, usage })
    }

    fn run(&self, batch: &[&String], _: &Purpose) -> Result<Vec<Result<String>>> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_running.fetch_max(running, Ordering::SeqCst);
        std::thread::sleep(std::time::Duration::from_micros(50));
        self.running.fetch_sub(1, Ordering::SeqCst);
        if batch.iter().any(|text| text.starts_with('?')) {
            return Err(Error::model("echo", "the batch failed"));
        }
        self.batches.lock().unwrap().push(batch.iter().map(ToString::to_string).collect());
        let result = |text: &&String| match text.strip_prefix('*') {
            Some(_) => Err(Error::model("echo", "the row failed")),
            None => Ok(text.to_uppercase()),
        };
        Ok(batch.iter().map(result).collect())
    }

    fn workers(&self) -> usize {
        self.workers.max(1)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_input_gets_its_own_result_in_its_place(
        texts in prop::collection::vec("[.!?*a-z]{0,12}", 0..200),
        workers in 1usize..4,
        rows in prop::option::of(1usize..9),
        threads in prop::option::of(1usize..3),
    ) {
        let ended = Arc::new(AtomicUsize::new(0));
        let counter = ended.clone();
        let echo = Echo { workers, ..Echo::default() };
        let mut options = EngineOptions::default();
        options.batching.rows = rows;
        options.batching.tokens = Some(24);
        options.threads = threads;
        let engine = echo.engine(&options);
        let run = engine.run(&texts, Role::Plain).on_progress(move |progress| {
            counter.fetch_add(progress.inputs, Ordering::SeqCst);
        });
        let results: Vec<Result<(String, Usage)>> = run.with_usage().collect();
        prop_assert_eq!((results.len(), ended.load(Ordering::SeqCst)), (texts.len(), texts.len()));
        for (text, result) in texts.iter().zip(results) {
            match text.chars().next() {
                Some('!' | '?' | '*') => prop_assert!(result.is_err(), "{}", text),
                _ => prop_assert_eq!(result.unwrap(), (text.to_uppercase(), Usage { tokens: text.len(), truncated: false })),
            }
        }
        for batch in echo.batches.lock().unwrap().iter() {
            let longest = batch.iter().map(String::len).max().unwrap();
            prop_assert!(batch.len() == 1 || batch.len() * longest <= 24, "{:?}", batch);
            prop_assert!(batch.len() <= rows.unwrap_or(usize::MAX));
        }
        prop_assert!(echo.most_running.load(Ordering::SeqCst) <= workers);
    }
}

#[test]
fn nothing_is_read_before_it_is_needed() {
    let read = Cell::new(0);
    let echo = Echo::default();
    let engine = echo.engine(&EngineOptions::default());
    let inputs = std::iter::repeat_with(|| {
        read.set(read.get() + 1);
        "text"
    });
    let mut results = engine.run(inputs, Role::Plain);
    assert_eq!(read.get(), 0);
    assert_eq!(results.next().unwrap().unwrap(), "TEXT");
    assert!(read.get() <= 100, "{} inputs were read for the first result", read.get());
}

#[test]
fn it_is_known_how_many_results_come_without_work() {
    let engine = Echo::default().engine(&EngineOptions::default());
    // Those that need no run are there when their window is read.
    let mut results = engine.run((0..40).map(|i| format!(".{i}")), Role::Plain);
    let mut windows = Vec::new();
    while results.next().is_some() {
        let ready = results.ready();
        assert_eq!(results.by_ref().take(ready).count(), ready);
        windows.push(1 + ready);
    }
    assert_eq!(windows, [1, 16, 23]);
}

/// Inputs that take `wait` to come, with what tells how many were read.
fn slow(texts: &[String], wait: Duration) -> (impl Iterator<Item = &String>, Rc<Cell<usize>>) {
    let read = Rc::new(Cell::new(0));
    let counter = read.clone();
    let inputs = texts.iter().inspect(move |_| {
        std::thread::sleep(wait);
        counter.set(counter.get() + 1);
    });
    (inputs, read)
}

#[test]
fn a_slow_inputs_result_comes_before_the_next_input_is_waited_for() {
    let texts: Vec<String> = (0..8).map(|n| format!("text {n}")).collect();
    let engine = Echo { workers: 2, ..Echo::default() }.engine(&EngineOptions::default());
    let (inputs, read) = slow(&texts, Duration::from_millis(40));
    for (given, result) in engine.run(inputs, Role::Plain).enumerate() {
        result.unwrap();
        assert_eq!(read.get(), given + 1, "inputs were read before this result was given out");
    }
}

#[test]
fn inputs_that_come_in_bursts_are_run_when_none_is_there() {
    let texts: Vec<String> = (0..60).map(|n| format!("text {n}")).collect();
    let engine = Echo { workers: 2, ..Echo::default() }.engine(&EngineOptions::default());
    let read = Arc::new(AtomicUsize::new(0));
    let counter = read.clone();
    let inputs = texts.iter().inspect(|_| {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    // Seven come, then nothing for a while.
    let seen = read.clone();
    let is_there = move || !seen.load(Ordering::SeqCst).is_multiple_of(7);
    let mut results = engine.run(inputs, Role::Plain).read_while(is_there);
    for burst in 1..=8 {
        assert_eq!(results.by_ref().take(7).map(Result::unwrap).count(), 7);
        assert_eq!(read.load(Ordering::SeqCst), 7 * burst, "a further input was waited for");
    }
    assert_eq!(results.map(Result::unwrap).collect::<Vec<_>>(), ["TEXT 56", "TEXT 57", "TEXT 58", "TEXT 59"]);
}

/// Runs each text by itself; the one that is called `first` ends once the one called `last` has run.
struct Meeting {
    last_ran: Arc<(Mutex<bool>, Condvar)>,
}

impl Pipeline for Meeting {
    type Input = str;
    type Prepared = String;
    type Output = bool;

    fn prepare(&self, text: &str, _: &Purpose) -> Result<Prepared<String, bool>> {
        let usage = Usage { tokens: 1, truncated: false };
        Ok(Prepared { stage: Stage::Run { item: text.to_owned(), length: 1, bytes: 1 }, usage })
    }

    fn run(&self, batch: &[&String], _: &Purpose) -> Result<Vec<Result<bool>>> {
        let (last_ran, changed) = &*self.last_ran;
        let met = |text: &&String| match text.as_str() {
            "first" => {
                let wait = changed.wait_timeout_while(last_ran.lock().unwrap(), Duration::from_secs(20), |ran| !*ran);
                *wait.unwrap().0
            }
            "last" => {
                *last_ran.lock().unwrap() = true;
                changed.notify_all();
                true
            }
            _ => true,
        };
        Ok(batch.iter().map(|text| Ok(met(text))).collect())
    }

    fn workers(&self) -> usize {
        2
    }
}

#[test]
fn threads_that_are_free_run_the_next_window() {
    let mut options = EngineOptions::default();
    options.batching.rows = Some(1);
    let model = Arc::new(ModelDescription::new("meeting", "test", "meeting"));
    let pipeline = Meeting { last_ran: Arc::default() };
    let engine: Engine<str, bool> = Engine::new(model, AnyPipeline::new(pipeline), &options).unwrap();
    // One window is the first text, the next one sixteen.
    let mut texts = vec!["text"; 40];
    (texts[1], texts[39]) = ("first", "last");
    let results: Vec<bool> = engine.run(&texts, Role::Plain).map(Result::unwrap).collect();
    assert_eq!(results, [true; 40], "a window waited for the one before it to end");
}

#[test]
fn a_run_uses_no_more_sessions_than_it_is_given() {
    let echo = Echo { workers: 4, ..Echo::default() };
    let mut options = EngineOptions::default();
    options.batching.rows = Some(1);
    let engine = echo.engine(&options);
    let most = |sessions: Option<usize>| {
        echo.most_running.store(0, Ordering::SeqCst);
        let run = engine.run(vec!["text"; 400], Role::Plain);
        let run = match sessions {
            Some(sessions) => run.sessions(sessions).unwrap(),
            None => run,
        };
        assert_eq!(run.map(Result::unwrap).count(), 400);
        echo.most_running.load(Ordering::SeqCst)
    };
    assert_eq!(most(Some(1)), 1);
    assert_eq!(most(Some(2)), 2);
    assert!((3..=4).contains(&most(None)) && most(Some(9)) <= 4);
    assert!(engine.run(["text"], Role::Plain).sessions(0).is_err());
}

/// An input of one token, of which nothing is known.
fn one_token() -> Prepared<(), ()> {
    Prepared { stage: Stage::Run { item: (), length: 1, bytes: 1 }, usage: Usage::default() }
}

#[test]
fn a_panic_reaches_the_caller() {
    struct Panics;

    impl Pipeline for Panics {
        type Input = str;
        type Prepared = ();
        type Output = ();

        fn prepare(&self, _: &str, _: &Purpose) -> Result<Prepared<(), ()>> {
            Ok(one_token())
        }

        fn run(&self, batch: &[&()], _: &Purpose) -> Result<Vec<Result<()>>> {
            assert!(batch.len() == 1, "more than one");
            Ok(vec![Ok(())])
        }
    }

    let model = Arc::new(ModelDescription::new("panics", "test", "panics"));
    let engine: Engine<str, ()> = Engine::new(model, AnyPipeline::new(Panics), &EngineOptions::default()).unwrap();
    for inputs in [3, 60] {
        let run = || engine.run(vec!["text"; inputs], Role::Plain).count();
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"more than one"));
    }
}

#[test]
fn a_cancelled_run_says_so_once_and_ends() {
    let echo = Echo::default();
    let engine = echo.engine(&EngineOptions::default());
    let token = CancelToken::new();
    let mut results = engine.run(std::iter::repeat("text"), Role::Plain).cancel_with(&token);
    assert!(results.next().unwrap().is_ok());
    token.cancel();
    let rest: Vec<_> = results.collect();
    let (last, before) = rest.split_last().unwrap();
    assert!(matches!(last, Err(Error::Cancelled)));
    assert!(before.iter().all(Result::is_ok), "what was computed is given out");
}

fn panics(work: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err()
}

#[test]
fn a_run_that_is_cancelled_waits_for_no_input() {
    // An open channel without inputs: whoever reads from it waits for ever.
    let engine = Echo { workers: 2, ..Echo::default() }.engine(&EngineOptions::default());
    for given in [0, 1] {
        let (sender, inputs) = std::sync::mpsc::channel();
        (0..given).for_each(|_| sender.send("text").unwrap());
        let (token, read) = (CancelToken::new(), Cell::new(0));
        let inputs = inputs.iter().inspect(|_| read.set(read.get() + 1));
        let mut results = engine.run(inputs, Role::Plain).cancel_with(&token);
        assert!(results.by_ref().take(given).all(|result| result.is_ok()));
        token.cancel();
        sender.send("a further one").unwrap();
        assert!(matches!(results.next(), Some(Err(Error::Cancelled))), "after {given}");
        assert!(results.next().is_none());
        drop(results);
        assert_eq!(read.get(), given, "an input was read to no purpose");
    }
}

#[test]
fn a_cancelled_run_with_inputs_waits_for_none() {
    let engine = Echo::default().engine(&EngineOptions::default());
    let (sender, inputs) = std::sync::mpsc::channel::<&str>();
    let token = CancelToken::new();
    token.cancel();
    assert!(engine.run(inputs.iter(), Role::Plain).cancel_with(&token).with_inputs().next().is_none());
    drop(sender);
    let (input, result) = engine.run(["text"], Role::Plain).cancel_with(&token).with_inputs().next().unwrap();
    assert!(input == "text" && matches!(result, Err(Error::Cancelled)));
}

#[test]
fn a_run_that_panicked_says_so_once_and_ends() {
    let engine = Echo { workers: 2, ..Echo::default() }.engine(&EngineOptions::default());
    for at in [0, 1, 9, 30] {
        let inputs = || (0..60).map(move |n| if n == at { panic!("no input {n}") } else { format!("text {n}") });
        let mut of_inputs = engine.run(inputs(), Role::Plain);
        let left = AtomicUsize::new(at);
        let mut of_progress = engine.run((0..60).map(|n| format!("text {n}")), Role::Plain).batch_size(1).unwrap();
        of_progress = of_progress.on_progress(move |_| {
            assert!(left.fetch_sub(1, Ordering::SeqCst) != 0, "the callback fails");
        });
        let runs: [&mut dyn Iterator<Item = Result<String>>; 2] = [&mut of_inputs, &mut of_progress];
        for run in runs {
            while !panics(|| assert!(run.next().unwrap().is_ok())) {}
            let said = run.next().unwrap().unwrap_err().to_string();
            assert!(said.contains("panic"), "{said}");
            assert!(run.next().is_none(), "it goes on");
        }
    }
}

#[test]
fn progress_adds_up() {
    let echo = Echo { workers: 2, ..Echo::default() };
    let engine = echo.engine(&EngineOptions::default());
    // Rows that need no run, that cannot be prepared, that fail their batch and alone, each among others and all of them.
    for (other, every) in [(".", 7), ("!", 7), ("?", 7), ("*", 7), ("?", 1), ("*", 1)] {
        let done = Arc::new(AtomicUsize::new(0));
        let counter = done.clone();
        let text = |n: usize| if n.is_multiple_of(every) { other.to_owned() } else { "x".repeat(n % 50) };
        let texts: Vec<String> = (0..300).map(text).collect();
        let results = engine.run(&texts, Role::Plain).on_progress(move |progress| {
            counter.fetch_add(progress.inputs, Ordering::SeqCst);
        });
        assert_eq!(results.count(), 300);
        assert_eq!(done.load(Ordering::SeqCst), 300, "{other:?}, every {every}");
    }
}

#[test]
fn a_pipeline_that_gives_too_few_results_is_at_fault() {
    struct Forgets;

    impl Pipeline for Forgets {
        type Input = str;
        type Prepared = ();
        type Output = ();

        fn prepare(&self, _: &str, _: &Purpose) -> Result<Prepared<(), ()>> {
            Ok(one_token())
        }

        fn run(&self, batch: &[&()], _: &Purpose) -> Result<Vec<Result<()>>> {
            Ok(batch.iter().skip(1).map(|()| Ok(())).collect())
        }

        fn workers(&self) -> usize {
            2
        }
    }

    let model = Arc::new(ModelDescription::new("my/model", "test", "forgets"));
    let engine: Engine<str, ()> = Engine::new(model, AnyPipeline::new(Forgets), &EngineOptions::default()).unwrap();
    let one = engine.run_one("text", &Purpose::default());
    let ran = engine.run(vec!["text"; 40], Role::Plain).chain([one]);
    let together = engine.prepare(&["text"; 40], &Purpose::default()).run();
    let refused: Vec<Error> =
        ran.chain(together.into_iter().map(|result| result.map(|_| ()))).filter_map(Result::err).collect();
    assert!(refused.len() >= 3, "{refused:?}");
    assert!(refused.iter().all(|error| error.model_id() == Some("my/model")), "{refused:?}");
}

#[test]
fn an_engine_for_another_family_is_refused() {
    let model = Arc::new(ModelDescription::new("echo", "test", "echo"));
    let engine = Engine::<str, Vec<f32>>::new(model, AnyPipeline::new(Echo::default()), &EngineOptions::default());
    assert!(engine.unwrap_err().to_string().contains("inputs or outputs"));
}

#[test]
fn one_engine_serves_many_threads() {
    let echo = Echo { workers: 2, ..Echo::default() };
    let engine = echo.engine(&EngineOptions::default());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let engine = &engine;
            scope.spawn(move || {
                let texts: Vec<String> = (0..100).map(|n| format!("{thread}-{n}")).collect();
                let results: Vec<String> = engine.run(&texts, Role::Plain).map(Result::unwrap).collect();
                assert_eq!(results, texts);
            });
        }
    });
}

/// Places where windows end, and their neighbours.
const BOUNDS: [usize; 14] = [0, 1, 2, 3, 15, 16, 17, 18, 255, 256, 272, 273, 274, 300];

/// How a job ends that is cancelled after so many results: its results, and whether it said that it was cancelled.
fn cancelled_after(engine: &Engine<str, String>, texts: &[String], after: usize) -> (Vec<String>, bool) {
    let token = CancelToken::new();
    let (mut results, mut says_so) = (Vec::new(), false);
    let mut run = engine.run(texts, Role::Plain).cancel_with(&token);
    loop {
        if results.len() == after {
            token.cancel();
        }
        match run.next() {
            None => break,
            Some(result) if says_so => panic!("{result:?} came after the run said that it was cancelled"),
            Some(Err(Error::Cancelled)) => says_so = true,
            Some(result) => results.push(result.unwrap()),
        }
    }
    assert!(run.next().is_none(), "a run that ended goes on");
    (results, says_so)
}

/// A job of so many texts; those that need no run among them, as `done` says.
fn job(inputs: usize, done: usize) -> (Vec<String>, Vec<String>) {
    let text = |n: usize| format!("{}{n}", if done > 0 && n.is_multiple_of(done) { "." } else { "t" });
    let texts: Vec<String> = (0..inputs).map(text).collect();
    let results = texts.iter().map(|text| text.to_uppercase()).collect();
    (texts, results)
}

fn assert_complete_or_cancelled(inputs: usize, after: usize, done: usize, options: &EngineOptions) {
    let (texts, expected) = job(inputs, done);
    let echo = Echo { workers: 2, ..Echo::default() };
    let (results, says_so) = cancelled_after(&echo.engine(options), &texts, after);
    assert!(
        says_so || results.len() == inputs,
        "{inputs} inputs, cancelled after {after}: {} said nothing",
        results.len()
    );
    assert_eq!(results, expected[..results.len()], "{inputs} inputs, cancelled after {after}");
    assert!(results.len() >= after.min(inputs), "what was given before stays given");
}

#[test]
fn a_job_cancelled_at_a_windows_bound_is_complete_or_says_so() {
    for inputs in BOUNDS {
        for after in BOUNDS.into_iter().filter(|after| *after <= inputs) {
            assert_complete_or_cancelled(inputs, after, 0, &EngineOptions::default());
        }
    }
}

#[test]
fn a_complete_job_does_not_say_that_it_was_cancelled() {
    for inputs in BOUNDS.into_iter().filter(|inputs| *inputs > 0) {
        let (texts, expected) = job(inputs, 0);
        let (results, says_so) = cancelled_after(&Echo::default().engine(&EngineOptions::default()), &texts, inputs);
        assert_eq!((results, says_so), (expected, false), "{inputs} inputs, cancelled after the last result");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_job_cancelled_anywhere_is_complete_or_says_so(
        inputs in 0usize..320,
        share in 0.0..=1.0,
        done in 0usize..4,
        rows in prop::option::of(1usize..20),
    ) {
        let mut options = EngineOptions::default();
        options.batching.rows = rows;
        assert_complete_or_cancelled(inputs, (inputs as f64 * share) as usize, done, &options);
    }

    /// From within a batch, by what watches the progress.
    #[test]
    fn a_job_cancelled_in_a_batch_is_complete_or_says_so(inputs in 1usize..320, batches in 1usize..80, rows in 1usize..20) {
        let (texts, expected) = job(inputs, 0);
        let (token, left) = (CancelToken::new(), AtomicUsize::new(batches));
        let canceller = token.clone();
        let echo = Echo { workers: 2, ..Echo::default() };
        let engine = echo.engine(&EngineOptions::default());
        let run = engine.run(&texts, Role::Plain).batch_size(rows).unwrap().cancel_with(&token).on_progress(move |_| {
            if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                canceller.cancel();
            }
        });
        let collected: Result<Vec<String>> = run.collect();
        match collected {
            Ok(results) => prop_assert_eq!(results, expected),
            Err(error) => prop_assert!(matches!(error, Error::Cancelled), "{}", error),
        }
    }
}
