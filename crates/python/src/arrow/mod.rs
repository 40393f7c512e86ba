//! Columns of Arrow's, in and out by its C interface: no object of Python's for a row.

mod capsule;
mod inputs;
mod outputs;

use pyo3::prelude::*;

pub(crate) use capsule::Column;
pub(crate) use inputs::inputs;

use crate::column::Shape;
use crate::error::raised;
use crate::run::{Event, Job, Run};
use inputs::ColumnInputs;
use outputs::Output;

/// Inputs that failed, by position, with what was said of them.
pub(crate) type Failures = Vec<(usize, String)>;

/// Embeds a column. With `nulls`, an input that fails is a null, as is an input that is one.
pub(crate) fn embed(
    py: Python<'_>,
    job: Job,
    inputs: ColumnInputs,
    shape: &Shape,
    nulls: bool,
) -> PyResult<(Column, Failures)> {
    let positions = inputs.positions();
    let mut output = Output::new(inputs.len());
    let mut run = Run::over(py, job, inputs)?;
    let (mut given, mut failures) = (0, Failures::new());
    loop {
        let window = match run.next(py)? {
            Event::Results(window) => window,
            Event::Wanting => continue,
            Event::Done => break,
        };
        crate::log::flush(py);
        for (at, error) in &window.failures {
            let position = positions[given + at];
            if !nulls {
                return Err(raised(py, error, Some(position)));
            }
            failures.push((position, error.report()));
        }
        let places = &positions[given..given + window.inputs];
        given += window.inputs;
        py.detach(|| output.push(window, places));
    }
    let column = py.detach(|| output.finish(shape));
    Ok((Column::new(column.map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?), failures))
}
