//! A run over inputs: which windows are read, prepared and run, and when.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::control::Control;
use super::window::{Finished, Window};
use super::{Batching, Engine};
use crate::{Error, Purpose};

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

/// A run: results come out one an input, in input order, each with its input where these are kept.
pub(super) struct Run<'e, S: Iterator, I: ?Sized, O> {
    engine: &'e Engine<I, O>,
    inputs: std::iter::Fuse<S>,
    purpose: Arc<Purpose>,
    pub(super) batching: Batching,
    pub(super) control: Control,
    /// Whether inputs are kept until their results are given out.
    pub(super) keeps_inputs: bool,
    /// Inputs whose results were not given out yet, in their order; empty unless they are kept.
    kept: VecDeque<S::Item>,
    /// Results not yet given out.
    ready: VecDeque<Finished<O>>,
    /// The window that runs next; it was prepared while the one before ran.
    prepared: Option<Box<dyn Window<O> + 'e>>,
    /// Inputs to take into the next window.
    window: usize,
    /// Whether no further input will come.
    exhausted: bool,
    ended: bool,
}

impl<'e, S, I, O> Run<'e, S, I, O>
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
            keeps_inputs: false,
            kept: VecDeque::new(),
            ready: VecDeque::new(),
            prepared: None,
            window: FIRST_WINDOW,
            exhausted: false,
            ended: false,
        }
    }

    /// The next result. A cancelled run gives [`Error::Cancelled`] once, in the place of the first result that is
    /// missing, and ends; one that had all its results before it was cancelled is complete.
    pub(super) fn next(&mut self) -> Option<Finished<O>> {
        while self.ready.is_empty() && !self.ended {
            if self.control.is_cancelled() {
                return self.cancelled();
            }
            let Some(window) = self.prepared.take().or_else(|| self.prepare_window()) else {
                self.ended = true;
                break;
            };
            self.ready = self.run_window(window).into();
        }
        let result = self.ready.pop_front();
        if matches!(result, Some(Err(Error::Cancelled))) {
            self.end();
        }
        result
    }

    /// Results that are there and were not given out.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// The next result with its input, of a run that keeps inputs.
    pub(super) fn next_with_input(&mut self) -> Option<(S::Item, Finished<O>)> {
        let result = self.next()?;
        // A run that was cancelled between two windows has read no input for what is missing.
        let input = self.kept.pop_front().or_else(|| self.inputs.next())?;
        Some((input, result))
    }

    fn cancelled(&mut self) -> Option<Finished<O>> {
        let is_complete = self.prepared.is_none() && self.exhausted;
        self.end();
        (!is_complete).then_some(Err(Error::Cancelled))
    }

    fn end(&mut self) {
        self.ready.clear();
        self.prepared = None;
        self.ended = true;
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
        let window = engine.pipeline.prepare(&references, &self.purpose, &engine.threads);
        let cost = window.cost();
        let fitting = |sum: usize, bound: usize| match sum / inputs.len() {
            0 => LARGEST_WINDOW,
            average => bound / average,
        };
        let largest = fitting(cost.tokens, WINDOW_TOKENS).min(fitting(cost.bytes, WINDOW_BYTES));
        self.window = (self.window * GROWTH).min(largest).clamp(1, LARGEST_WINDOW);
        if self.keeps_inputs {
            self.kept.extend(inputs);
        }
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
}
