//! Windows of results, over inputs that Python gives.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, TryLockError};

use embedkit::Error;
use pyo3::exceptions::PyValueError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::column::Window;
use crate::error;
use crate::pull::{Input, Inputs};
use crate::run::{Event, Job, Run, fault};

/// A run that begins when its first window is asked for.
pub(crate) struct Windows {
    state: State,
    inputs: Inputs,
    /// What the caller's iterable raised: it is raised after the results of what came before.
    exception: Option<PyErr>,
    /// Inputs of the windows that were given.
    position: usize,
}

enum State {
    Waiting(Job),
    Running(Run),
    Ended,
}

impl Windows {
    pub(crate) fn new(job: Job, inputs: Inputs) -> Self {
        Self { state: State::Waiting(job), inputs, exception: None, position: 0 }
    }

    /// The next window, and the position of its first input; none at the end.
    pub(crate) fn next(&mut self, py: Python<'_>) -> PyResult<Option<(usize, Window)>> {
        let next = self.advance(py);
        if !matches!(next, Ok(Some(_))) {
            self.end();
        }
        match (next, self.exception.take()) {
            (Ok(None), Some(exception)) => Err(exception),
            (next, exception) => {
                self.exception = exception;
                next
            }
        }
    }

    fn advance(&mut self, py: Python<'_>) -> PyResult<Option<(usize, Window)>> {
        if let State::Waiting(_) = &self.state
            && let State::Waiting(job) = std::mem::replace(&mut self.state, State::Ended)
        {
            let (first, exception) = self.inputs.next_chunk(py);
            self.exception = exception;
            match <[Input; 1]>::try_from(first) {
                Ok([input]) if self.inputs.are_read() => return self.alone(py, &job, input).map(Some),
                Ok([input]) => self.state = State::Running(Run::asking(py, job, vec![input])?),
                Err(first) => self.state = State::Running(Run::asking(py, job, first)?),
            }
        }
        let State::Running(run) = &mut self.state else { return Ok(None) };
        loop {
            match run.next(py)? {
                Event::Done => return Ok(None),
                Event::Results(window) => {
                    let position = self.position;
                    self.position += window.inputs;
                    return Ok(Some((position, window)));
                }
                Event::Wanting => {
                    let (chunk, exception) = self.inputs.next_chunk(py);
                    self.exception = exception.or(self.exception.take());
                    run.supply(chunk);
                }
            }
        }
    }

    /// The window of a single input.
    fn alone(&mut self, py: Python<'_>, job: &Job, input: Input) -> PyResult<(usize, Window)> {
        let embedded = py.detach(|| catch_unwind(AssertUnwindSafe(|| job.alone(input))));
        py.check_signals()?;
        embedded.map(|window| (0, window)).map_err(|panic| fault(py, panic.as_ref()))
    }

    /// The exception for an input that failed.
    pub(crate) fn raised(&self, py: Python<'_>, failure: &Error, position: usize) -> PyErr {
        if self.inputs.are_images() {
            error::of_image(py, failure, position)
        } else {
            error::raised(py, failure, Some(position))
        }
    }

    /// Shows what the caller gave to Python's garbage collector.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.inputs.traverse(visit)
    }

    /// Ends the run: what it has begun is not waited for longer than a batch takes.
    pub(crate) fn end(&mut self) {
        self.state = State::Ended;
        self.inputs.end();
    }
}

/// A bound on a batch's rows, as the reference checks it.
pub(crate) fn checked_batch_size(batch_size: Option<i64>) -> PyResult<Option<usize>> {
    let Some(size) = batch_size else { return Ok(None) };
    match usize::try_from(size) {
        Ok(size) if size > 0 => Ok(Some(size)),
        _ => Err(PyValueError::new_err(format!("batch_size must be >= 1, got {size}"))),
    }
}

/// A number of processes, as the reference takes it: here there is one, and it is the number of sessions that a run uses.
/// 0 is all.
pub(crate) fn checked_parallel(parallel: Option<i64>) -> PyResult<Option<usize>> {
    let refused = |count| PyValueError::new_err(format!("parallel must be None, 0 or more, got {count}"));
    let Some(count) = parallel else { return Ok(None) };
    // No model has more sessions than this, so that a larger number bounds nothing.
    let most = usize::try_from(count).map_err(|_| refused(count))?.min(1024);
    Ok((most > 0).then_some(most))
}

/// An iterator's state; an error for a second caller, as a generator has it.
pub(crate) fn locked<T>(state: &Mutex<T>) -> PyResult<MutexGuard<'_, T>> {
    match state.try_lock() {
        Ok(state) => Ok(state),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {
            Err(PyValueError::new_err("the iterator is already executing: it serves one thread at a time"))
        }
    }
}
