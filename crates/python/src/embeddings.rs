//! The iterator over results, row by row.

use std::sync::Mutex;

use embedkit::Error;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyAny;

use crate::output::{Arrays, Classes, Types};
use crate::windows::{Windows, locked};

/// Results of a run, one an input, in the inputs' order. Nothing is read or computed before the first is asked for.
///
/// Inputs are read on the thread that asks for results, a window ahead. Rows are views of their window's array: `copy()`
/// keeps one alone. Closing the iterator, or letting go of it, ends the run.
#[pyclass(frozen, module = "embedkit_rs")]
pub(crate) struct Embeddings {
    state: Mutex<State>,
    classes: Classes,
    types: Types,
}

struct State {
    windows: Windows,
    /// What is wrong with the call: it is raised when the first result is asked for.
    refused: Option<PyErr>,
    arrays: Option<Arrays>,
    /// Rows of the arrays that are given out, and how many there are.
    given: usize,
    rows: usize,
    /// The first input of the window that failed, by its position in the run.
    failure: Option<(usize, Error)>,
}

impl Embeddings {
    pub(crate) fn new(windows: Windows, refused: Option<PyErr>, types: Types) -> Self {
        let state = State { windows, refused, arrays: None, given: 0, rows: 0, failure: None };
        Self { state: Mutex::new(state), classes: Classes::default(), types }
    }
}

#[pymethods]
impl Embeddings {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let state = &mut *locked(&self.state)?;
        if state.given == state.rows && !state.next_window(py, self.types)? {
            return Ok(None);
        }
        let Some(arrays) = &state.arrays else { return Ok(None) };
        let row = arrays.row(py, state.given, &self.classes)?;
        state.given += 1;
        Ok(Some(row))
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
        locked(&self.state)?.end();
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
    /// Takes the next window with a row; whether there is one.
    fn next_window(&mut self, py: Python<'_>, types: Types) -> PyResult<bool> {
        if let Some(refused) = self.refused.take() {
            self.end();
            return Err(refused);
        }
        if let Some((position, failure)) = self.failure.take() {
            let raised = self.windows.raised(py, &failure, position);
            self.end();
            return Err(raised);
        }
        crate::log::flush(py);
        let Some((position, mut window)) = self.windows.next(py)? else {
            self.end();
            return Ok(false);
        };
        (self.given, self.rows) = (0, window.before_failure());
        if !window.failures.is_empty() {
            let (at, failure) = window.failures.swap_remove(0);
            self.failure = Some((position + at, failure));
        }
        if self.rows == 0 {
            return self.next_window(py, types);
        }
        let types = Types { half: window.is_half, ..types };
        self.arrays = window.columns.map(|columns| Arrays::new(py, columns, types)).transpose()?;
        Ok(true)
    }

    fn end(&mut self) {
        self.windows.end();
        (self.arrays, self.given, self.rows, self.failure) = (None, 0, 0, None);
    }
}
