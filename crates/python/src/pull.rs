//! Inputs out of a Python iterable, on the thread of whoever asks for results.

use embedkit::{Content, Result};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList, PyTuple};

use crate::input::{Kind, Refused, weight};

/// Inputs of the first chunk: first results come soon.
const FIRST: usize = 1;
/// How much larger each chunk is than the one before, and the largest: as the engine's windows.
const GROWTH: usize = 16;
const LARGEST: usize = 1024;
/// Bytes of a chunk, about: as many tokens as fill a window of the engine.
const BYTES: usize = 1 << 18;

/// An input, or why it cannot be embedded.
pub(crate) type Input = Result<Content>;

/// Inputs that were not read yet.
pub(crate) struct Inputs {
    kind: Kind,
    source: Source,
    /// Inputs to read next.
    chunk: usize,
    /// Inputs that were read.
    read: usize,
    /// Whether reading goes on after one that fails.
    goes_on: bool,
}

enum Source {
    /// What the caller gave; nothing was asked of it.
    Untouched(Py<PyAny>),
    Reading(Py<PyIterator>),
    Ended,
}

impl Inputs {
    pub(crate) fn new(kind: Kind, inputs: Py<PyAny>) -> Self {
        Self { kind, source: Source::Untouched(inputs), chunk: FIRST, read: 0, goes_on: false }
    }

    /// Goes on after inputs that fail, for whoever has use for the others' results.
    pub(crate) fn past_failures(mut self, goes_on: bool) -> Self {
        self.goes_on = goes_on;
        self
    }

    /// The next chunk; empty at the end. What was read before an exception comes with it.
    pub(crate) fn next_chunk(&mut self, py: Python<'_>) -> (Vec<Input>, Option<PyErr>) {
        let mut chunk = Vec::new();
        let failure = self.fill(py, &mut chunk).err();
        if failure.is_some() || chunk.is_empty() {
            self.source = Source::Ended;
        }
        self.chunk = (self.chunk * GROWTH).min(LARGEST);
        (chunk, failure)
    }

    /// Whether it is known that there is nothing left to read.
    pub(crate) fn are_read(&self) -> bool {
        matches!(self.source, Source::Ended)
    }

    /// Whether they are images.
    pub(crate) fn are_images(&self) -> bool {
        matches!(self.kind, Kind::Image)
    }

    fn fill(&mut self, py: Python<'_>, chunk: &mut Vec<Input>) -> PyResult<()> {
        let mut is_last = false;
        let inputs = match &self.source {
            Source::Ended => return Ok(()),
            Source::Reading(inputs) => inputs.clone_ref(py),
            Source::Untouched(inputs) => {
                let inputs = inputs.bind(py);
                if self.kind.is_one(inputs) {
                    chunk.push(self.input(inputs)?);
                    self.source = Source::Ended;
                    return Ok(());
                }
                is_last = length(inputs) == Some(1);
                let inputs = inputs.try_iter()?.unbind();
                self.source = Source::Reading(inputs.clone_ref(py));
                inputs
            }
        };
        let mut bytes = 0;
        for input in inputs.into_bound(py).take(self.chunk) {
            let input = self.input(&input?)?;
            self.read += 1;
            bytes += input.as_ref().map_or(0, weight);
            is_last |= input.is_err() && !self.goes_on;
            chunk.push(input);
            if is_last || bytes >= BYTES {
                break;
            }
        }
        if is_last {
            self.source = Source::Ended;
        }
        Ok(())
    }

    fn input(&self, input: &Bound<'_, PyAny>) -> PyResult<Input> {
        match self.kind.content(input, self.read) {
            Ok(content) => Ok(Ok(content)),
            Err(Refused::Input(failure)) => Ok(Err(failure)),
            Err(Refused::Run(exception)) => Err(exception),
        }
    }

    /// Shows what the caller gave to Python's garbage collector.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        match &self.source {
            Source::Untouched(inputs) => visit.call(inputs),
            Source::Reading(inputs) => visit.call(inputs),
            Source::Ended => Ok(()),
        }
    }

    /// Lets go of the caller's iterable.
    pub(crate) fn end(&mut self) {
        self.source = Source::Ended;
    }
}

/// How many inputs a list or a tuple has; what else there is, is not asked.
fn length(inputs: &Bound<'_, PyAny>) -> Option<usize> {
    inputs.cast::<PyList>().map(|list| list.len()).or_else(|_| inputs.cast::<PyTuple>().map(|tuple| tuple.len())).ok()
}
