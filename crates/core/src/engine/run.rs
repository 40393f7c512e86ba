//! A run over inputs: which windows are read, prepared and run, and when.

use std::collections::VecDeque;
use std::sync::Arc;

use super::control::Control;
use super::in_flight::InFlight;
use super::reader::Reader;
use super::window::Finished;
use super::{Batching, Engine};
use crate::{Error, Purpose};

/// Windows that are in flight at a time: while the one ends, threads that are free run the other.
const WINDOWS: usize = 2;

/// A run: results come out one an input, in input order, each with its input where these are kept.
pub(super) struct Run<'e, S: Iterator, I: ?Sized, O> {
    engine: &'e Engine<I, O>,
    pub(super) reader: Reader<'e, S>,
    purpose: Arc<Purpose>,
    pub(super) batching: Batching,
    /// How many batches may run at once; as many as the model has workers unless the caller says fewer.
    pub(super) workers: usize,
    pub(super) control: Control,
    /// Whether inputs are kept until their results are given out.
    pub(super) keeps_inputs: bool,
    /// Inputs whose results were not given out yet, in their order; empty unless they are kept.
    kept: VecDeque<S::Item>,
    /// Results not yet given out.
    ready: VecDeque<Finished<O>>,
    /// None before the first window.
    in_flight: Option<InFlight<O>>,
    /// The process that began it; none before the first window.
    process: Option<u32>,
    /// Whether inputs are being read, prepared or run. A call that finds it so follows one that panicked.
    is_at_work: bool,
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
            reader: Reader::new(inputs),
            purpose: Arc::new(purpose),
            batching: engine.batching.clone(),
            workers: engine.pipeline.workers(),
            control: Control::of(&engine.model),
            keeps_inputs: false,
            kept: VecDeque::new(),
            ready: VecDeque::new(),
            in_flight: None,
            process: None,
            is_at_work: false,
            ended: false,
        }
    }

    /// The next result. A cancelled run gives [`Error::Cancelled`] once, in the place of the first result that is
    /// missing, and ends; one that had all its results before it was cancelled is complete. So does a run that cannot go
    /// on give its error.
    pub(super) fn next(&mut self) -> Option<Finished<O>> {
        while self.ready.is_empty() && !self.ended {
            // First: a lock of what is in flight may be held by a thread that is not in this process.
            if self.is_of_another_process() {
                let reason = "the run was begun before this process was forked, and its threads are not here";
                return self.broken(reason);
            }
            if self.is_at_work {
                // What was read when it panicked is lost: further results would stand in the places of others.
                return self.broken("the run ended with a panic, and gives no further results");
            }
            if let Some(in_flight) = &self.in_flight {
                in_flight.take_ready(&mut self.ready);
                if !self.ready.is_empty() {
                    break;
                }
            }
            if self.control.is_cancelled() {
                return self.cancelled();
            }
            self.is_at_work = true;
            self.go_on();
            self.is_at_work = false;
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
        // A run that ends between two windows has read no input for what is missing. One that is cancelled waits for none.
        let input = self.kept.pop_front().or_else(|| match result {
            Err(Error::Cancelled) => self.reader.next_of_list(),
            _ => self.reader.next(),
        })?;
        Some((input, result))
    }

    fn is_of_another_process(&mut self) -> bool {
        let process = std::process::id();
        *self.process.get_or_insert(process) != process
    }

    /// The end of a run that cannot go on.
    fn broken(&mut self, reason: &str) -> Option<Finished<O>> {
        self.end();
        Some(Err(Error::model(&self.engine.model.id, format!("{reason}; begin another"))))
    }

    /// Begins a window if one may be, and waits for the next result else.
    fn go_on(&mut self) {
        let windows = self.in_flight.as_ref().map_or(0, InFlight::len);
        if windows < WINDOWS && self.reader.may_read(windows > 0) {
            self.begin_window(windows == 0);
        } else if let Some(in_flight) = self.in_flight.as_ref().filter(|_| windows > 0) {
            in_flight.wait();
        } else {
            self.end();
        }
    }

    /// Reads, prepares and begins the next window, if there are inputs for one.
    fn begin_window(&mut self, is_first_in_flight: bool) {
        let inputs = self.reader.read();
        if inputs.is_empty() {
            return;
        }
        let references: Vec<&I> = inputs.iter().map(AsRef::as_ref).collect();
        let engine = self.engine;
        let window = engine.pipeline.prepare(&references, &self.purpose, &engine.threads);
        self.reader.note(inputs.len(), window.cost());
        // The first input's result is not kept waiting by those that follow, nor the last one's by threads that start.
        let is_alone = is_first_in_flight && (inputs.len() == 1 || self.reader.is_exhausted());
        if self.keeps_inputs {
            self.kept.extend(inputs);
        }
        let bounds = self.batching.on(engine.runs_accelerated(&*window));
        let window = window.cut(&bounds, &self.control);
        if is_first_in_flight && window.batches.count() == 0 {
            // Models that answer when they prepare leave nothing to run, and nothing to wait for.
            let control = &self.control;
            return self
                .ready
                .extend(window.results.into_iter().map(|result| result.unwrap_or_else(|| Err(control.missing()))));
        }
        let new = || InFlight::new(self.workers, self.control.clone());
        self.in_flight.get_or_insert_with(new).begin(window, is_alone);
    }

    fn cancelled(&mut self) -> Option<Finished<O>> {
        let is_complete =
            self.in_flight.as_ref().is_none_or(|in_flight| in_flight.len() == 0) && self.reader.is_known_to_be_empty();
        self.end();
        (!is_complete).then_some(Err(Error::Cancelled))
    }

    fn end(&mut self) {
        self.ready.clear();
        self.in_flight = None;
        self.ended = true;
    }
}
