//! The iterator over results, whole arrays at a time.

use std::sync::Mutex;

use embedkit::Error;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::column::{Columns, Shape, Window};
use crate::error::interrupt;
use crate::output::{Arrays, Classes, Types, failure};
use crate::windows::{Windows, locked};

/// Results of a run, so many inputs at a time, as whole arrays. The last may have fewer.
#[pyclass(frozen, module = "embedkit_rs")]
pub(crate) struct Batches {
    state: Mutex<State>,
    classes: Classes,
    types: Types,
    /// What stands where an input failed: nothing, and the run ends; or nulls.
    nulls: Option<Shape>,
}

struct State {
    windows: Windows,
    failure: Option<(usize, Error)>,
    /// Inputs that failed, by position, with what was said of them.
    errors: Vec<(usize, String)>,
}

impl Batches {
    pub(crate) fn new(windows: Windows, types: Types, nulls: Option<Shape>) -> Self {
        let state = State { windows, failure: None, errors: Vec::new() };
        Self { state: Mutex::new(state), classes: Classes::default(), types, nulls }
    }
}

#[pymethods]
impl Batches {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let state = &mut *locked(&self.state)?;
        crate::log::flush(py);
        loop {
            if let Some((position, failure)) = state.failure.take() {
                let raised = state.windows.raised(py, &failure, position);
                state.windows.end();
                return Err(raised);
            }
            let Some((position, window)) = state.windows.next(py)? else { return Ok(None) };
            let types = Types { half: window.is_half, ..self.types };
            let columns = match &self.nulls {
                Some(shape) => Some(state.with_nulls(py, window, position, shape)?),
                None => state.before_failure(window, position),
            };
            if let Some(columns) = columns {
                return Arrays::new(py, columns, types)?.whole(py, &self.classes).map(Some);
            }
        }
    }

    /// Inputs that failed so far, as `(position, message)`, where these do not end the run.
    #[getter]
    fn errors<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, pyo3::types::PyTuple>>> {
        locked(&self.state)?.errors.iter().map(|(position, message)| failure(py, *position, message)).collect()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Whoever has it locked works with it, so that it is no garbage.
        self.state.try_lock().map_or(Ok(()), |state| state.windows.traverse(&visit))
    }

    fn __clear__(&self) {
        // What is garbage is nobody's, and is not locked.
        let _ = self.close();
    }

    /// Ends the run.
    fn close(&self) -> PyResult<()> {
        let mut state = locked(&self.state)?;
        state.windows.end();
        state.failure = None;
        Ok(())
    }

    fn __enter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, pyo3::types::PyTuple>) -> PyResult<()> {
        self.close()
    }
}

impl State {
    /// The rows before the first failure, which is raised after them.
    fn before_failure(&mut self, mut window: Window, position: usize) -> Option<Columns> {
        let rows = window.before_failure();
        if !window.failures.is_empty() {
            let (at, failure) = window.failures.swap_remove(0);
            self.failure = Some((position + at, failure));
        }
        let mut columns = window.columns.filter(|_| rows > 0)?;
        columns.truncate(rows);
        Some(columns)
    }

    /// All rows, with nulls for those that failed.
    fn with_nulls(&mut self, py: Python<'_>, window: Window, position: usize, shape: &Shape) -> PyResult<Columns> {
        if let Some(interrupt) = interrupt(py, &window.failures) {
            self.windows.end();
            return Err(interrupt);
        }
        let errors = window.failures.iter().map(|(at, error)| (position + at, error.report()));
        self.errors.extend(errors);
        Ok(window.spread(shape))
    }
}
