//! The lazy iterator over results.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::control::Control;
use super::window::{Finished, Window};
use super::{Batching, CancelToken, Engine, Progress};
use crate::{Error, Purpose, Result, Usage};

/// Inputs in the first window: first results come soon, and it shows how much an input holds.
const FIRST_WINDOW: usize = 1;
/// How much larger each window is than the one before: sorting saves more in larger ones.
const GROWTH: usize = 16;
/// Most inputs in a window; results of two windows are held at a time.
const LARGEST_WINDOW: usize = 1024;
/// Tokens that a window holds about.
const WINDOW_TOKENS: usize = 1 << 16;
/// Bytes of prepared inputs that a window holds about.
const WINDOW_BYTES: usize = 16 << 20;

/// Results of a run, one an input, in input order.
///
/// Nothing is computed before the first item is asked for. Inputs are read a window or two ahead,
/// so memory does not grow with their number. An input that fails gives its error; the others go on.
#[must_use = "nothing is computed before the first item is asked for"]
pub struct Embeddings<'e, S: Iterator, I: ?Sized, O> {
    engine: &'e Engine<I, O>,
    inputs: std::iter::Fuse<S>,
    purpose: Arc<Purpose>,
    batching: Batching,
    control: Control,
    /// Results not yet given out.
    ready: VecDeque<Finished<O>>,
    /// The window that runs next; it was prepared while the one before ran.
    prepared: Option<Box<dyn Window<O> + 'e>>,
    /// Inputs to take into the next window.
    window: usize,
    exhausted: bool,
}

impl<'e, S, I, O> Embeddings<'e, S, I, O>
where
    S: Iterator,
    S::Item: AsRef<I>,
    I: ?Sized + Sync + 'static,
    O: Send + 'static,
{
    pub(super) fn new(engine: &'e Engine<I, O>, inputs: S, purpose: Purpose) -> Self {
        Self {
            engine,
            inputs: inputs.fuse(),
            purpose: Arc::new(purpose),
            batching: engine.batching.clone(),
            control: Control::default(),
            ready: VecDeque::new(),
            prepared: None,
            window: FIRST_WINDOW,
            exhausted: false,
        }
    }

    /// Bounds the rows of a batch, in this run.
    ///
    /// # Errors
    /// [`Error::InvalidOption`] for 0.
    pub fn batch_size(mut self, rows: usize) -> Result<Self> {
        self.batching.rows = Some(rows);
        self.batching.check()?;
        Ok(self)
    }

    /// Ends this run when the token is cancelled: the iterator then gives [`Error::Cancelled`] and ends.
    pub fn cancel_with(mut self, token: &CancelToken) -> Self {
        self.control.cancel = Some(token.clone());
        self
    }

    /// Calls back after every batch, from the thread that ran it.
    pub fn on_progress(mut self, progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.control.progress = Some(Arc::new(progress));
        self
    }

    /// Gives with each result what the input used of the model's window.
    pub fn with_usage(self) -> WithUsage<'e, S, I, O> {
        WithUsage(self)
    }

    /// Reads and prepares the next window; none when there are no more inputs.
    fn prepare_window(&mut self) -> Option<Box<dyn Window<O> + 'e>> {
        let inputs: Vec<S::Item> = self.inputs.by_ref().take(self.window).collect();
        self.exhausted = inputs.len() < self.window;
        if inputs.is_empty() {
            return None;
        }
        let references: Vec<&I> = inputs.iter().map(AsRef::as_ref).collect();
        let engine = self.engine;
        let window = engine.pipeline.prepare(&references, &self.purpose, engine.threads.ready());
        let weight = window.weight();
        let fitting = |sum: usize, bound: usize| match sum / inputs.len() {
            0 => LARGEST_WINDOW,
            average => bound / average,
        };
        let largest = fitting(weight.tokens, WINDOW_TOKENS).min(fitting(weight.bytes, WINDOW_BYTES));
        self.window = (self.window * GROWTH).min(largest).clamp(1, LARGEST_WINDOW);
        Some(window)
    }

    /// Runs a window; while it runs, the next one is prepared.
    fn run_window(&mut self, window: Box<dyn Window<O> + 'e>) -> Vec<Finished<O>> {
        let (batching, control) = (self.batching.clone(), self.control.clone());
        if self.exhausted {
            return window.run(&batching, &control);
        }
        let waiting = Mutex::new(Some(window));
        let run = || {
            let window = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
            window.map_or_else(Vec::new, |window| window.run(&batching, &control))
        };
        std::thread::scope(|scope| match std::thread::Builder::new().spawn_scoped(scope, run) {
            Ok(running) => {
                self.prepared = self.prepare_window();
                running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
            // The system has no thread to give: the next window is prepared after this one.
            Err(_) => run(),
        })
    }

    fn next_with_usage(&mut self) -> Option<Finished<O>> {
        while self.ready.is_empty() {
            if self.control.is_cancelled() {
                return self.end().then_some(Err(Error::Cancelled));
            }
            let window = self.prepared.take().or_else(|| self.prepare_window())?;
            self.ready = self.run_window(window).into();
        }
        let result = self.ready.pop_front();
        if matches!(result, Some(Err(Error::Cancelled))) {
            self.end();
        }
        result
    }

    /// Ends the iteration; whether it had not ended before.
    fn end(&mut self) -> bool {
        self.ready.clear();
        self.prepared = None;
        self.window = 0;
        !std::mem::replace(&mut self.exhausted, true)
    }
}

impl<S, I, O> Iterator for Embeddings<'_, S, I, O>
where
    S: Iterator,
    S::Item: AsRef<I>,
    I: ?Sized + Sync + 'static,
    O: Send + 'static,
{
    type Item = Result<O>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_with_usage()?.map(|(output, _)| output))
    }
}

/// [`Embeddings`] with each input's [`Usage`].
#[must_use = "nothing is computed before the first item is asked for"]
pub struct WithUsage<'e, S: Iterator, I: ?Sized, O>(Embeddings<'e, S, I, O>);

impl<S, I, O> Iterator for WithUsage<'_, S, I, O>
where
    S: Iterator,
    S::Item: AsRef<I>,
    I: ?Sized + Sync + 'static,
    O: Send + 'static,
{
    type Item = Result<(O, Usage)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_with_usage()
    }
}
