//! Reading inputs into windows.

use std::iter::Fuse;
use std::time::{Duration, Instant};

use super::window::WindowCost;

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
/// An input that takes so long to come is one that somebody waits for: a pipe, a person who types. What has been read
/// runs then, and its results are given out before the next input is asked for. No input that is there takes so long, so
/// that the windows of a list, and with them the last bits of its results, do not depend on the clock.
const SLOW: Duration = Duration::from_millis(20);

/// Inputs, read a window at a time.
pub(super) struct Reader<'e, S: Iterator> {
    inputs: Fuse<S>,
    /// Tells whether the next input is there.
    pub(super) available: Option<Box<dyn FnMut() -> bool + Send + 'e>>,
    /// Inputs to take into the next window.
    window: usize,
    /// Whether the last input was slow to come.
    is_slow: bool,
    /// Whether no further input will come.
    is_exhausted: bool,
}

impl<S: Iterator> Reader<'_, S> {
    pub(super) fn new(inputs: S) -> Self {
        Self { inputs: inputs.fuse(), available: None, window: FIRST_WINDOW, is_slow: false, is_exhausted: false }
    }

    /// Whether there may be inputs that can be read now: while results are owed, only those that do not keep them
    /// waiting.
    pub(super) fn may_read(&mut self, are_results_owed: bool) -> bool {
        !self.is_exhausted && !(are_results_owed && (self.is_slow || !self.is_available()))
    }

    /// Whether it is known that no further input will come.
    pub(super) fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// Whether it is known, without reading any, that no further input will come: the end was read, or a list is at its
    /// end.
    pub(super) fn is_known_to_be_empty(&self) -> bool {
        self.is_exhausted || self.inputs.size_hint().1 == Some(0)
    }

    /// Reads a window's inputs: at least one, unless no further one will come.
    pub(super) fn read(&mut self) -> Vec<S::Item> {
        let mut inputs = Vec::new();
        let mut before = Instant::now();
        while inputs.len() < self.window && (inputs.is_empty() || self.is_available()) {
            let Some(input) = self.next() else { break };
            inputs.push(input);
            let now = Instant::now();
            self.is_slow = now - before > SLOW;
            if self.is_slow {
                break;
            }
            before = now;
        }
        inputs
    }

    /// The next input of a list, which is there; none of what might have to be waited for.
    pub(super) fn next_of_list(&mut self) -> Option<S::Item> {
        match self.inputs.size_hint() {
            (1.., Some(_)) => self.next(),
            _ => None,
        }
    }

    /// The next input.
    pub(super) fn next(&mut self) -> Option<S::Item> {
        let input = self.inputs.next();
        self.is_exhausted = input.is_none();
        input
    }

    /// Notes what a window of so many inputs cost, for the size of the next one.
    pub(super) fn note(&mut self, inputs: usize, cost: WindowCost) {
        let fitting = |sum: usize, bound: usize| match sum / inputs.max(1) {
            0 => LARGEST_WINDOW,
            average => bound / average,
        };
        let largest = fitting(cost.tokens, WINDOW_TOKENS).min(fitting(cost.bytes, WINDOW_BYTES));
        self.window = (self.window * GROWTH).min(largest).clamp(1, LARGEST_WINDOW);
    }

    fn is_available(&mut self) -> bool {
        self.available.as_mut().is_none_or(|available| available())
    }
}
